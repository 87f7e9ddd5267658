"""Unpack a lossless result again, and compare it with its pixels, before it gets its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import deflate
import numpy as np

from colorgan.errors import ImageError
from colorgan.photo import png
from colorgan.photo.color import STRIP, DeepPlanes, Planes
from colorgan.photo.damage import PictureError
from colorgan.photo.ifd import Block
from colorgan.photo.pillow import DECODE_ERRORS, load, open_picture
from colorgan.photo.scan import in_strips
from colorgan.photo.tiff import DEFLATE, check_of, stored
from colorgan.photo.tiff_bands import Bands
from colorgan.photo.tiff_pixels import (
    COMPRESSION,
    COUNTS,
    OFFSETS,
    PREDICTOR,
    RGB,
    STRIP_ROWS,
    TiffLayout,
)
from colorgan.storage.file_bytes import Bytes
from colorgan.storage.paths import AnyPath


def check_lossless(path: AnyPath, data: bytes, format: str, pixels: Planes | DeepPlanes) -> None:
    """Raise ImageError unless a file of these bytes holds `pixels`, uint8 or uint16 (H, W, 3 or 4).

    PNG and TIFF are unpacked again, and compared with the differences that stand for the pixels, which are
    told anew: to add them up again would cost more, and show no more.
    """
    try:
        is_same = {"PNG": _is_png, "TIFF": _is_tiff}.get(format, _is_picture)(data, pixels)
    except DECODE_ERRORS:
        is_same = False
    if not is_same:
        raise _wrong(path, format)


def _is_png(data: bytes, pixels: Planes | DeepPlanes) -> bool:
    chunks = list(png.chunks(data))
    whole = b"".join((png.SIGNATURE, *(png.chunk(*each) for each in chunks)))
    if whole != data or png.Header.of(data) != png.header_of(pixels):
        return False
    length = len(pixels) * (1 + pixels[0].nbytes)
    packed = b"".join(body for name, body in chunks if name == b"IDAT")
    rows = np.frombuffer(deflate.zlib_decompress(packed, length), np.uint8).reshape(len(pixels), -1)
    return all(
        np.array_equal(rows[top : top + STRIP], png.filtered(pixels, top, top + STRIP))
        for top in range(0, len(pixels), STRIP)
    )


def _is_tiff(data: bytes, pixels: Planes | DeepPlanes) -> bool:
    block, view = Block.parse(data), memoryview(data)
    page = next(block.directories())
    layout, rows = TiffLayout.of(page), page.number(STRIP_ROWS)
    shape, bits = (layout.height, layout.width, layout.samples), 8 * pixels.dtype.itemsize
    written_so = (page.number(COMPRESSION), page.number(PREDICTOR), layout.photometric) == (DEFLATE, 2, RGB)
    if not written_so or (shape, layout.bits) != (pixels.shape, bits):
        return False
    places = zip(page.numbers(OFFSETS), page.numbers(COUNTS), range(0, len(pixels), rows), strict=True)
    for start, size, top in places:
        strip = pixels[top : top + rows]
        unpacked = deflate.zlib_decompress(view[start : start + size], strip.nbytes)
        if not np.array_equal(np.frombuffer(unpacked, np.uint8), stored(strip, block.order)):
            return False
    return True


def _is_picture(data: bytes, pixels: Planes | DeepPlanes) -> bool:
    with open_picture(data) as image:
        return np.array_equal(np.asarray(load(image)), pixels)


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


def _tiff_bands(data: Bytes) -> Iterator[tuple[int, Planes | DeepPlanes]]:
    """The pixels of a TIFF's first picture as libtiff decodes them."""
    bands = Bands.of(data, TiffLayout.of(next(Block.parse(data).directories())))
    if bands is None:
        raise PictureError("its strips are not all there")
    for top in range(0, bands.layout.height, bands.rows):
        file = bands.file(top)
        if bands.layout.is_deep:
            yield top, TiffLayout.of(next(Block.parse(file).directories())).read(file)
        else:
            with open_picture(file) as image:
                yield top, np.asarray(load(image))
