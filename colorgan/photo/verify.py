"""Decode a lossless result again, and compare it with its pixels, before it gets its name."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import numpy as np

from colorgan.errors import ImageError
from colorgan.photo import png
from colorgan.photo.color import STRIP, DeepPlanes, Planes
from colorgan.photo.ifd import Block
from colorgan.photo.pillow import DECODE_ERRORS, load, open_picture
from colorgan.photo.scan import in_strips
from colorgan.photo.tiff import check_of
from colorgan.photo.tiff_bands import Bands
from colorgan.photo.tiff_pixels import STRIP_ROWS, TiffLayout
from colorgan.storage.file_bytes import Bytes
from colorgan.storage.paths import AnyPath

END_OF_HEADER = len(png.SIGNATURE) + 4 + 4 + 13 + 4


def check_lossless(path: AnyPath, data: bytes, format: str, pixels: Planes | DeepPlanes) -> None:
    """Raise ImageError unless a file of these bytes decodes to `pixels`, uint8 or uint16 (H, W, 3 or 4).

    What decodes a TIFF is libtiff, which did not write it.
    """
    try:
        rows = 0
        for top, band in _bands(data, format):
            if not np.array_equal(band, pixels[top : top + len(band)]):
                break
            rows = top + len(band)
        is_same = rows == len(pixels)
    except DECODE_ERRORS:
        is_same = False
    if not is_same:
        raise _wrong(path, format)


def check_strips(path: AnyPath, data: Bytes, checks: Sequence[int]) -> None:
    """Raise ImageError unless a TIFF decodes to strips whose `check_of` these are."""
    try:
        rows = next(Block.parse(data).directories()).number(STRIP_ROWS)
        found = [check_of(strip) for strip in in_strips((band for _, band in _tiff_bands(data)), rows)]
        is_same = found == list(checks)
    except DECODE_ERRORS:
        is_same = False
    if not is_same:
        raise _wrong(path, "TIFF")


def _wrong(path: AnyPath, format: str) -> ImageError:
    reason = f"its result, a {format}, does not decode to the pixels it was made of"
    return ImageError(path, f"{reason}; test this machine's memory, and run the same command again")


def _bands(data: bytes, format: str) -> Iterator[tuple[int, Planes | DeepPlanes]]:
    """The pixels of a result, some rows at a time: a second whole copy would double what a run needs."""
    if format == "PNG" and (header := png.Header.of(data)).is_deep_color:
        channels = {png.RGB: 3, png.RGB_ALPHA: 4}[header.color_type]
        for top, rows in _rows(_png_as_bytes(png.only_pixels(data), header, channels)):
            yield top, rows.view(">u2").reshape(len(rows), header.width, channels)
    elif format == "TIFF":
        yield from _tiff_bands(data)
    else:
        yield from _rows(png.only_pixels(data) if format == "PNG" else data)


def _tiff_bands(data: Bytes) -> Iterator[tuple[int, Planes | DeepPlanes]]:
    """The pixels of a TIFF's first picture as libtiff decodes them."""
    bands = Bands.of(data, TiffLayout.of(next(Block.parse(data).directories())))
    if bands is None:
        raise ValueError("its strips are not all there")
    for top in range(0, bands.layout.height, bands.rows):
        file = bands.file(top)
        if bands.layout.is_deep:
            yield top, TiffLayout.of(next(Block.parse(file).directories())).read(file)
        else:
            with open_picture(file) as image:
                yield top, np.asarray(load(image))


def _rows(picture: bytes) -> Iterator[tuple[int, Planes]]:
    """Rows of a file that Pillow decodes, some at a time, and the number of the first."""
    with open_picture(picture) as image:
        load(image)
        for top in range(0, image.height, STRIP):
            yield top, np.asarray(image.crop((0, top, image.width, min(top + STRIP, image.height))))


def _png_as_bytes(picture: bytes, header: png.Header, channels: int) -> bytes:
    """A PNG by `encode_png`, of 16 bits: as its filter knows no pixels, it can be read as gray bytes."""
    as_bytes = struct.pack(">IIBBBBB", 2 * channels * header.width, header.height, 8, png.GRAY, 0, 0, 0)
    return png.SIGNATURE + png.chunk(b"IHDR", as_bytes) + picture[END_OF_HEADER:]
