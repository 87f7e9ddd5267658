"""Decode a lossless result again, and compare it with its pixels, before it gets its name."""

from __future__ import annotations

import struct

import numpy as np

from colorgan.errors import ImageError
from colorgan.photo import png
from colorgan.photo.color import STRIP, DeepPlanes, Planes
from colorgan.photo.ifd import Block
from colorgan.photo.pillow import DECODE_ERRORS, load, open_picture
from colorgan.photo.tiff_pixels import TiffLayout
from colorgan.storage.paths import AnyPath

END_OF_HEADER = len(png.SIGNATURE) + 4 + 4 + 13 + 4


def check_lossless(path: AnyPath, data: bytes, format: str, pixels: Planes | DeepPlanes) -> None:
    """Raise ImageError unless a file of these bytes decodes to `pixels`, uint8 or uint16 (H, W, 3 or 4).

    What decodes a TIFF is libtiff, which did not write it.
    """
    try:
        decoded = _decoded(data, format)
        is_same = decoded.shape == pixels.shape and all(
            np.array_equal(decoded[top : top + STRIP], pixels[top : top + STRIP])  # in the cache
            for top in range(0, len(pixels), STRIP)
        )
    except DECODE_ERRORS:
        is_same = False
    if not is_same:
        reason = f"its result, a {format}, does not decode to the pixels it was made of"
        raise ImageError(path, f"{reason}; test this machine's memory, and run the same command again")


def _decoded(data: bytes, format: str) -> Planes | DeepPlanes:
    if format == "PNG":
        picture, header = png.only_pixels(data), png.Header.of(data)
        return _deep_png(picture, header) if header.is_deep_color else np.asarray(load(open_picture(picture)))
    if format == "TIFF":
        layout = TiffLayout.of(next(Block.parse(data).directories()))
        if layout.is_deep:
            return layout.read(data)
    return np.asarray(load(open_picture(data)))


def _deep_png(picture: bytes, header: png.Header) -> DeepPlanes:
    """The samples of a PNG by `encode_png`: as its filter knows no pixels, they can be read as gray bytes."""
    channels = {png.RGB: 3, png.RGB_ALPHA: 4}[header.color_type]
    as_bytes = struct.pack(">IIBBBBB", 2 * channels * header.width, header.height, 8, png.GRAY, 0, 0, 0)
    rest = picture[END_OF_HEADER:]
    rows = np.asarray(load(open_picture(png.SIGNATURE + png.chunk(b"IHDR", as_bytes) + rest)))
    return rows.view(">u2").reshape(header.height, header.width, channels)
