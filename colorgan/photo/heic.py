"""HEIC, pictures in HEVC (ISO/IEC 23008-12), by the library pillow-heif: 8, 10 and 12 bits."""

from __future__ import annotations

import io
import struct
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from colorgan.photo.coded import Coded, divided
from colorgan.photo.color import DeepPlanes, Planes
from colorgan.photo.damage import PictureError
from colorgan.photo.extra import library
from colorgan.photo.heif_boxes import besides, check_colors, properties
from colorgan.photo.metadata import EXIF_PREFIX, Metadata

BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
CHANNELS = {"L": (1, False), "LA": (1, True), "RGB": (3, False), "RGBA": (3, True)}
_encoding = Lock()
"""Held while the depth of results is set, which is an option of the whole library."""


def is_heic(data: bytes) -> bool:
    """Whether a file begins as one."""
    return data[4:8] == b"ftyp" and data[8:12] in BRANDS


def open_heic(data: bytes) -> Coded:
    """The picture as seen, its orientation applied; raises MissingError and what the library raises."""
    codec = library("pillow_heif", "HEIC is read")
    check_colors(data)
    file = codec.open_heif(data, convert_hdr_to_8bit=False)
    if not len(file):
        raise PictureError("it holds no picture in HEVC, the only kind that is read; save it as TIFF or PNG")
    if len(file) > 1:
        raise PictureError(f"it holds {len(file)} pictures; save one of them as an image")
    image = file[0]
    depth = int(image.info.get("bit_depth", 8))
    bits = 8 if depth <= 8 else 16  # the library scales
    mode = {"I;16": "L", "I;16L": "L"}.get(image.mode, image.mode.split(";")[0])
    is_multiplied, mode = mode.endswith("a"), mode.replace("a", "A")
    if mode not in CHANNELS:
        raise PictureError(f"has pixels of mode {image.mode}; save it as TIFF or PNG")
    channels, has_alpha = CHANNELS[mode]
    info = image.info
    described = Metadata(
        exif=(info.get("exif") or b"").removeprefix(EXIF_PREFIX),
        xmp=info.get("xmp") or b"",
        icc=(info.get("icc_profile") or b"") if info.get("icc_profile_type") != "nclx" else b"",
        besides=besides(data),
    )

    def read() -> npt.NDArray[Any]:
        samples = np.asarray(codec.open_heif(data, convert_hdr_to_8bit=False)[0])
        return divided(samples) if is_multiplied else samples

    width, height = image.size
    return Coded("HEIF", width, height, channels, has_alpha, bits, described, read, depth, is_upright=True)


def pixels_of_head(head: bytes) -> int:
    """Width times height of the largest picture, from the beginning of a file."""
    most = 0
    for box in properties(head):
        if box.type == b"ispe" and box.end - box.body >= 12:
            width, height = struct.unpack_from(">II", head, box.body + 4)
            most = max(most, width * height)
    return most


def encode_heic(
    pixels: Planes | DeepPlanes, bits: int, quality: int, metadata: Metadata, xmp: bytes, icc: bytes
) -> bytes:
    """Encode RGB or RGBA (H, W, 3 or 4): uint8, or uint16 scaled to 16 bits, to be stored in 10 or 12.

    `quality` is 1 to 100.
    """
    codec = library("pillow_heif", "HEIC is written")
    height, width, samples = pixels.shape
    mode = ("RGB" if samples == 3 else "RGBA") + (";16" if pixels.dtype == np.uint16 else "")
    file = codec.from_bytes(mode, (width, height), np.ascontiguousarray(pixels).tobytes())
    options: dict[str, Any] = {"quality": quality, "chroma": 420, "xmp": xmp}
    options |= {"exif": metadata.upright_exif} if metadata.exif else {}
    if icc:
        file[0].info |= {"icc_profile": icc, "icc_profile_type": "prof"}
    buffer = io.BytesIO()
    with _encoding:
        before, codec.options.SAVE_HDR_TO_12_BIT = codec.options.SAVE_HDR_TO_12_BIT, bits > 10
        try:
            file.save(buffer, **options)
        finally:
            codec.options.SAVE_HDR_TO_12_BIT = before
    return buffer.getvalue()
