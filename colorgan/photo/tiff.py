"""Write TIFFs in color, of 8 or 16 bits, compressed, with tags of any kind: Pillow cannot do all this."""

from __future__ import annotations

import io
from collections.abc import Iterator

import deflate
import numpy as np
import tifffile

from colorgan.photo.color import DeepPlanes, Planes
from colorgan.photo.ifd import Block, Folder, Order, with_directory
from colorgan.photo.png import DEFLATE_LEVEL

STRIP = 1 << 18
"""Bytes of a strip before it is compressed, about."""


def encode_tiff(pixels: Planes | DeepPlanes, order: Order, tags: Folder) -> bytes:
    """Encode RGB or RGBA, uint8 or uint16 (H, W, 3 or 4), with these tags in this byte order."""
    height, width, channels = pixels.shape
    rows = max(1, STRIP // (width * channels * pixels.itemsize))
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        _packed(pixels, rows, order),
        shape=pixels.shape,
        dtype=pixels.dtype,
        byteorder=order,
        photometric="rgb",
        extrasamples=["unassalpha"] if channels == 4 else None,
        compression="zlib",
        predictor=True,
        rowsperstrip=min(rows, height),
        metadata=None,
        software=False,
    )
    data = buffer.getvalue()
    block = Block.parse(data)
    whole: Folder = {**next(block.directories()).entries, **tags}
    return with_directory(data, whole, order, block.is_big)


def _packed(pixels: Planes | DeepPlanes, rows: int, order: Order) -> Iterator[bytes]:
    """The strips of so many rows, compressed: as differences of neighbors (TIFF 6.0, section 14).

    On photographs these take a third less. libdeflate takes a fraction of the time of zlib, which tifffile
    would use.
    """
    for top in range(0, len(pixels), rows):
        strip = pixels[top : top + rows]
        differences = strip.copy()
        np.subtract(strip[:, 1:], strip[:, :-1], out=differences[:, 1:])
        stored = differences.astype(differences.dtype.newbyteorder(order), copy=False)
        yield bytes(deflate.zlib_compress(stored.reshape(-1).view(np.uint8).data, DEFLATE_LEVEL))
