"""The formats in one table: how names of their files end, and what results in them can hold."""

from __future__ import annotations

from functools import cache
from pathlib import PurePath
from typing import NamedTuple

from PIL import Image


class Format(NamedTuple):
    """A format of results."""

    suffixes: tuple[str, ...]
    """The usual one first."""
    option: str = ""
    """What asks for it; empty: only photographs of this format have such results."""
    bits: int = 8
    """Of a sample, at most."""
    has_alpha: bool = True


WRITABLE = {
    "JPEG": Format((".jpg", ".jpeg", ".jpe", ".jfif"), "jpg", has_alpha=False),
    "PNG": Format((".png",), "png", bits=16),
    "WEBP": Format((".webp",), "webp"),
    "TIFF": Format((".tiff", ".tif"), "tiff", bits=16),
    "BMP": Format((".bmp", ".dib")),
    "JPEG2000": Format((".jp2", ".jpx", ".jpf"), "jp2", bits=16),
    "AVIF": Format((".avif", ".avifs"), "avif", bits=12),
    "HEIF": Format((".heic", ".heif", ".hif"), "heic", bits=12),
    "JXL": Format((".jxl",), "jxl", bits=16),
}
"""By Pillow's names. Results have the format of their photograph if it is here; else they become PNG."""

OPTIONS = {format.option: name for name, format in WRITABLE.items() if format.option}

ONLY_READ = ".apng .gif .j2k .j2c .jpc .ppm .pgm .pbm .pnm .pam .pfm .tga .pcx .sgi"
SUFFIXES = frozenset(
    {suffix for format in WRITABLE.values() for suffix in format.suffixes} | {*ONLY_READ.split()}
)
"""Names that end in one of these, in any case, are taken for images."""


@cache
def _format_of_suffix() -> dict[str, str]:
    known = {suffix: name for name, format in WRITABLE.items() for suffix in format.suffixes}
    others = {name for name in Image.registered_extensions().items() if name[1] not in WRITABLE}
    return dict(others) | known


def format_of_name(path: PurePath) -> str:
    """Pillow's name of the format that a file's name promises; empty for a name of no image."""
    return _format_of_suffix().get(path.suffix.lower(), "")


def suffix_of(format: str) -> str:
    """How names of files of a format end, such as .jpg for JPEG."""
    if format in WRITABLE:
        return WRITABLE[format].suffixes[0]
    known = [suffix for suffix, name in _format_of_suffix().items() if name == format]
    usual = f".{format.lower()}"
    return usual if usual in known else [*known, usual][0]


def mime_of(format: str) -> str:
    """The media type of a format, such as image/jpeg."""
    own = {"JXL": "image/jxl", "HEIF": "image/heic"}
    return own.get(format) or Image.MIME.get(format, "application/octet-stream")
