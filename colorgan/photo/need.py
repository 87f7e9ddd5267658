"""How much memory a photograph takes, told by its header before any of its pixels is read."""

from __future__ import annotations

from typing import IO, NamedTuple

from PIL import Image

from colorgan.config import MAX_PIXELS
from colorgan.photo import png
from colorgan.photo.color import STRIP
from colorgan.photo.families import pixels_of_head
from colorgan.photo.formats import OPTIONS, WRITABLE
from colorgan.photo.ifd import Block, Directory
from colorgan.photo.jpeg_xl import is_jpeg_xl
from colorgan.photo.pillow import DECODE_ERRORS, NO_LIMIT, READ
from colorgan.photo.pnm import HEAD as PNM_HEAD
from colorgan.photo.pnm import is_deep as is_deep_pnm
from colorgan.photo.tiff_bands import Bands
from colorgan.photo.tiff_open import TIFF_MARKS
from colorgan.photo.tiff_pages import pictures_of
from colorgan.photo.tiff_pixels import HEIGHT, OLD_JPEG, WIDTH, TiffLayout
from colorgan.storage.file_bytes import FileBytes

ENOUGH = 1 << 17
"""Bytes in which the size of a picture stands."""


class Weight(NamedTuple):
    """Bytes per pixel at most, from the decoded gray picture to the file in color, the file included."""

    light: int
    """Of 8 bits a sample."""
    deep: int
    """Of more."""


WEIGHTS = {
    "JPEG": Weight(8, 10),
    "PNG": Weight(14, 35),
    "TIFF": Weight(12, 23),
    "BMP": Weight(13, 15),
    "WEBP": Weight(33, 33),
    "JPEG2000": Weight(46, 46),
    "JXL": Weight(27, 35),
    "AVIF": Weight(35, 38),
    "HEIF": Weight(31, 47),
}
"""By formats of results: peaks of one run each, of pictures with much grain, rounded up."""
EACH_BY_BANDS = 64
"""Bytes for each pixel of a band: as it is decoded, waits, is merged and written; half of it is measured."""
GRAY_JPEG = 5
"""To a JPEG: most of the luma is never decoded, and chroma is half as wide and as high."""
COLOR = Weight(4, 9)
"""More, if the photograph's file holds color."""
ALPHA = Weight(3, 6)
"""More, if it holds transparency, or four channels of ink."""
LIGHT_MODES = {"1": 1, "L": 1, "LA": 2, "P": 4, "PA": 4, "RGB": 3, "YCbCr": 3, "RGBA": 4, "CMYK": 4}
"""How many channels a mode of Pillow's decodes to."""


class Need(NamedTuple):
    """Memory that coloring a file takes at most, in bytes, besides that of the process."""

    whole: int
    """With all of its pixels in memory."""
    streamed: int = 0
    """With some of its rows at a time; 0: it cannot be colored so."""

    @property
    def least(self) -> int:
        """With what is possible; a `--memory` of so much lets it through."""
        return self.streamed or self.whole


def need_of(file: IO[bytes], size: int, wanted: str = "keep", max_pixels: int = MAX_PIXELS) -> Need:
    """What a file of `size` bytes needs, which is open; of one that is no image, that is its bytes.

    So it is of one with more pixels than allowed, which will be refused. All pages of a TIFF count. `wanted`
    is the format of results, as in the settings.
    """
    head = file.read(4)
    file.seek(0)
    if head in TIFF_MARKS:
        return _need_of_tiff(FileBytes(file), wanted, max_pixels)
    try:
        with NO_LIMIT, Image.open(file, formats=READ) as image:
            pixels, each = image.width * image.height, _of_image(file, image, wanted)
    except DECODE_ERRORS:  # to be said when it is read, unless another library knows it
        file.seek(0)
        head = file.read(ENOUGH)
        pixels, each = pixels_of_head(head), _weight("JXL" if is_jpeg_xl(head) else "HEIF", wanted, 4, True)
    return Need(2 * size + (each * pixels if pixels <= max_pixels else 0))


def _weight(format: str, wanted: str, channels: int, is_deep: bool) -> int:
    """Bytes per pixel of a photograph in this format; channels are 1 to 4, transparency or ink included."""
    result = OPTIONS[wanted] if wanted != "keep" else format if format in WRITABLE else "PNG"
    parts = [WEIGHTS[result], *[COLOR] * (channels > 2), *[ALPHA] * (channels in (2, 4))]
    return sum(part.deep if is_deep else part.light for part in parts)


def _of_image(file: IO[bytes], image: Image.Image, wanted: str) -> int:
    """Bytes per pixel of one that Pillow has opened, whose mode does not tell all depths."""
    format = "JPEG" if image.format == "MPO" else image.format or ""
    if format == "JPEG" and image.mode == "L" and wanted in ("keep", "jpg"):
        return GRAY_JPEG
    channels = LIGHT_MODES.get(image.mode, 1)
    is_deep = image.mode not in LIGHT_MODES or format in ("JPEG2000", "AVIF")
    if format in ("PNG", "PPM"):
        file.seek(0)
        head = file.read(PNM_HEAD)
        is_deep |= png.depth(head) == 16 if format == "PNG" else is_deep_pnm(head)
    return _weight(format, wanted, channels, is_deep)


def _need_of_tiff(data: FileBytes, wanted: str, max_pixels: int) -> Need:
    try:
        pages = list(Block.parse(data).directories())
    except ValueError:
        return Need(2 * len(data))
    pictures = [pages[number] for number in pictures_of(pages)] if pages else []
    largest = max((_bytes_to_color(page, wanted) for page in pictures), default=0)
    if any(page.number(WIDTH) * page.number(HEIGHT) > max_pixels for page in pictures):
        return Need(2 * len(data))
    results = sum(map(_bytes_of_result, pictures)) if len(pictures) > 1 else 0
    whole = 2 * len(data) + largest + 2 * results  # those of pages are joined when all are there
    if wanted not in ("keep", "tiff"):
        return Need(whole)
    by_bands = [_bytes_by_bands(data, page, wanted, len(pictures)) for page in pictures]
    return Need(whole, min(whole, max(by_bands)) if by_bands and all(by_bands) else 0)


def _bytes_to_color(page: Directory, wanted: str) -> int:
    layout = TiffLayout.of(page)
    each = _weight("TIFF", wanted, min(max(layout.samples, 1), 4), layout.is_deep)
    return each * page.number(WIDTH) * page.number(HEIGHT)


def _bytes_of_result(page: Directory) -> int:
    return (6 if TiffLayout.of(page).is_deep else 3) * page.number(WIDTH) * page.number(HEIGHT)


def _bytes_by_bands(data: FileBytes, page: Directory, wanted: str, pages: int) -> int:
    """Of a page that is colored by bands, or whole among others that are; 0 of one that cannot be."""
    tags = 3 * sum(len(entry.value) for entry in page.entries.values())
    if bands := Bands.of(data, TiffLayout.of(page)):
        return tags + EACH_BY_BANDS * page.number(WIDTH) * max(bands.rows, 2 * STRIP)
    return 2 * len(data) + _bytes_to_color(page, wanted) if pages > 1 and OLD_JPEG not in page.entries else 0
