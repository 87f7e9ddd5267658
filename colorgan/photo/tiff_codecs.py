"""TIFFs whose compression Pillow does not undo, or not with all bits: by tifffile and imagecodecs."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from colorgan.photo.coded import Coded
from colorgan.photo.damage import PictureError
from colorgan.photo.extra import library
from colorgan.photo.ifd import POINTERS, SUB_DIRECTORIES, Block, Directory, Folder, with_directory
from colorgan.photo.metadata import Metadata
from colorgan.photo.tiff_pixels import (
    CHANNELS,
    COMPRESSION,
    FLOAT,
    PLANAR,
    PREMULTIPLIED,
    SIGNED,
    WHITE_IS_ZERO,
    TiffLayout,
)

JPEG, YCBCR = 7, 6
CODECS = {
    JPEG: "JPEG",
    **dict.fromkeys((33003, 33004, 33005, 34712), "JPEG 2000"),
    34887: "LERC",
    **dict.fromkeys((22610, 34934), "JPEG XR"),
    34933: "PNG",
    50001: "WebP",
    **dict.fromkeys((50002, 52546), "JPEG XL"),
}
"""Compressions that know of samples."""


def open_coded_tiff(
    data: bytes, block: Block, page: Directory, layout: TiffLayout, metadata: Metadata
) -> Coded | None:
    """The picture of a page with such a compression; None if it has none, or samples that are refused anyway.

    Raises MissingError without the extra, ValueError for samples that cannot be told apart.
    """
    compression = page.number(COMPRESSION, 1)
    if compression not in CODECS or (compression == JPEG and layout.bits <= 8):
        return None
    if layout.bits > 16 or layout.sample_format in (SIGNED, FLOAT):
        return None
    named = f"TIFF of {layout.bits} bits with {CODECS[compression]} compression"
    library("imagecodecs", f"{named} is read")
    channels = (CHANNELS | {YCBCR: 3}).get(layout.photometric, 0)
    if not channels or layout.samples < channels:
        raise PictureError(f"{named} and photometric interpretation {layout.photometric} is not read")
    kind = layout.alpha if layout.photometric != YCBCR else 0
    if kind == PREMULTIPLIED:
        raise PictureError(f"{named} and premultiplied transparency is not read; save it with LZW")
    kept: Folder = {
        tag: entry for tag, entry in page.entries.items() if tag not in (*POINTERS, SUB_DIRECTORIES)
    }
    alone = with_directory(data, kept, block.order, block.is_big)

    def read() -> npt.NDArray[Any]:
        with tifffile.TiffFile(io.BytesIO(alone)) as file:
            samples = np.asarray(file.pages.first.asarray(maxworkers=1))
        if samples.ndim == 3 and page.number(PLANAR, 1) == 2:
            samples = np.moveaxis(samples, 0, -1)
        samples = samples if samples.ndim == 3 else samples[..., None]
        picture = samples[..., :channels]
        if layout.photometric == WHITE_IS_ZERO:
            picture = (1 << layout.bits) - 1 - picture
        return np.dstack([picture, samples[..., channels : channels + bool(kind)]])

    return Coded("TIFF", layout.width, layout.height, channels, bool(kind), layout.bits, metadata, read)
