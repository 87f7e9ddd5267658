"""How much memory a photograph takes, told by its header before any of its pixels is read."""

from __future__ import annotations

from typing import IO, NamedTuple

from PIL import Image

from colorgan.photo.families import pixels_of_head
from colorgan.photo.ifd import Block, Directory
from colorgan.photo.pillow import DECODE_ERRORS, NO_LIMIT, READ
from colorgan.photo.tiff_open import TIFF_MARKS
from colorgan.photo.tiff_pages import pictures_of
from colorgan.photo.tiff_pixels import HEIGHT, WIDTH, TiffLayout
from colorgan.storage.file_bytes import FileBytes

BYTES_PER_PIXEL = 16
"""Decoded, luma, chroma, merged and converted, as Pillow keeps them, and the result."""
HEAVY = 30
"""The same of 16 bits a channel, and of formats whose encoders have copies of their own."""
WITH_COPIES = ("WEBP", "AVIF", "JPEG2000")
ENOUGH = 1 << 17
"""Bytes in which the size of a picture stands."""


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


def need_of(file: IO[bytes], size: int) -> Need:
    """What a file of `size` bytes needs, which is open; of one that is no image, that is its bytes.

    All pages of a TIFF count.
    """
    head = file.read(4)
    file.seek(0)
    if head in TIFF_MARKS:
        return _need_of_tiff(FileBytes(file))
    try:
        with NO_LIMIT, Image.open(file, formats=READ) as image:
            pixels = image.width * image.height
            is_heavy = image.mode.startswith(("I", "F")) or image.format in WITH_COPIES
            each = HEAVY if is_heavy else BYTES_PER_PIXEL
    except DECODE_ERRORS:  # to be said when it is read, unless another library knows it
        file.seek(0)
        pixels, each = pixels_of_head(file.read(ENOUGH)), HEAVY
    return Need(2 * size + each * pixels)


def _need_of_tiff(data: FileBytes) -> Need:
    try:
        pages = list(Block.parse(data).directories())
    except ValueError:
        return Need(2 * len(data))
    pictures = [pages[number] for number in pictures_of(pages)] if pages else []
    largest = max(map(_bytes_to_color, pictures), default=0)
    results = sum(map(_bytes_of_result, pictures)) if len(pictures) > 1 else 0
    return Need(2 * len(data) + largest + 2 * results)  # those of pages are joined when all are there


def _bytes_to_color(page: Directory) -> int:
    each = HEAVY if TiffLayout.of(page).is_deep else BYTES_PER_PIXEL
    return each * page.number(WIDTH) * page.number(HEIGHT)


def _bytes_of_result(page: Directory) -> int:
    return (6 if TiffLayout.of(page).is_deep else 3) * page.number(WIDTH) * page.number(HEIGHT)
