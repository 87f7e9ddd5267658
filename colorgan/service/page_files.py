"""The files of the page: served by the service, or written for a browser that colors by itself."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, StrictUndefined

from colorgan.service.guard import ALONE, as_header

TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
THEME = "theme.css"
"""Colors and type, which the report has, too."""
COMMON = ("style.css", "page.js", "files.js", "zip.js", "crc32.js")


class Words(NamedTuple):
    """What the page says of itself."""

    where: str
    accept: str
    formats: str
    policy: str = ""


SERVED = Words(
    "Photographs are sent to the service that this page is from, which keeps none of them.",
    "image/*,.tif,.tiff",
    "JPEG, PNG, WebP, TIFF and BMP. Results keep format, size and metadata.",
)
IN_BROWSER = Words(
    "This page works in your browser alone: no photograph leaves this computer.",
    "image/jpeg,image/png,image/webp,image/bmp",
    "JPEG, PNG, WebP and BMP, not TIFF. Results keep size, EXIF and color profile. The luma of a JPEG is "
    "re-encoded here; colorgan-batch and colorgan serve copy it unchanged.",
    as_header(ALONE),
)


@cache
def page_of(folder: str, words: Words) -> dict[str, bytes]:
    """The page's files by their names, with those of `page/<folder>/`; the page itself is index.html."""
    source = files("colorgan.service") / "page"
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    template = environment.from_string((source / "index.html.j2").read_text("utf-8"))
    pages = {"index.html": template.render(words._asdict()).encode()}
    pages[THEME] = (files("colorgan.report") / "page" / THEME).read_bytes()
    pages |= {name: (source / name).read_bytes() for name in COMMON}
    return pages | {each.name: each.read_bytes() for each in (source / folder).iterdir()}
