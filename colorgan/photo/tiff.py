"""Write TIFFs in color, of 8 or 16 bits, compressed, with tags of any kind: Pillow cannot do all this."""

from __future__ import annotations

import io

import tifffile

from colorgan.photo.color import DeepPlanes, Planes
from colorgan.photo.ifd import Block, Folder, Order, with_directory
from colorgan.photo.png import ZLIB_LEVEL


def encode_tiff(pixels: Planes | DeepPlanes, order: Order, tags: Folder) -> bytes:
    """Encode RGB or RGBA, uint8 or uint16 (H, W, 3 or 4), with these tags in this byte order."""
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        pixels,
        byteorder=order,
        photometric="rgb",
        extrasamples=["unassalpha"] if pixels.shape[-1] == 4 else None,
        compression="zlib",
        compressionargs={"level": ZLIB_LEVEL},
        predictor=True,  # differences of neighbors, which on photographs take a third less
        metadata=None,
        software=False,
    )
    data = buffer.getvalue()
    block = Block.parse(data)
    whole: Folder = {**next(block.directories()).entries, **tags}
    return with_directory(data, whole, order, block.is_big)
