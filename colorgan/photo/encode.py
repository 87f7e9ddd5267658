"""Write colored photographs: the format and metadata of a result."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import simplejpeg
from PIL import Image

from colorgan.errors import ImageError
from colorgan.photo.color import DeepPlanes, Planes, fit_chroma, merge, pad_to_even
from colorgan.photo.icc import is_for_gray, rgb_from_gray
from colorgan.photo.image import DECODE_ERRORS, Photo
from colorgan.photo.jpeg import DESCRIBING, parse
from colorgan.photo.metadata import save_options
from colorgan.photo.png import ZLIB_LEVEL, encode_png
from colorgan.photo.tiff import encode_tiff
from colorgan.photo.xmp import Credit

FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "tiff": "TIFF"}
"""Pillow's names of the formats that one can ask for."""

WRITABLE = (*FORMATS.values(), "BMP")
"""Results have the format of their photograph if it is one of these; else they become PNG."""

QUALITY = 95
"""Of JPEG and WebP results; luma is kept within a few steps."""

WITH_ALPHA = ("PNG", "TIFF", "WEBP")
SIXTEEN_BITS = ("PNG", "TIFF")


def output_format(photo: Photo, wanted: str = "keep") -> str:
    """The format of the result: the one that is wanted or, to keep it, the photograph's own."""
    if wanted != "keep":
        return FORMATS[wanted]
    return photo.format if photo.format in WRITABLE else "PNG"


def quality_of(photo: Photo, format: str, asked: int) -> int:
    """The quality, 1 to 100, to encode a result in: what was asked for or, for 0, what suits it.

    From JPEG to JPEG that is the quality that stands for the photograph's own quantization table for luma, so
    that coefficients hardly change when they are quantized again, or 0 if it is none of libjpeg's; else 95.
    """
    table = _luma_table(photo.image) if format == "JPEG" else ()
    return asked or (_standard_tables().get(table, 0) if table else QUALITY)


@cache
def _standard_tables() -> dict[tuple[int, ...], int]:
    """The quality that stands for each of libjpeg's tables."""
    tables = {}
    for quality in range(1, 101):
        data = _save(Image.new("L", (8, 8)), "JPEG", {"quality": quality})
        tables[_luma_table(Image.open(io.BytesIO(data)))] = quality
    return tables


def _tables(image: Image.Image) -> dict[int, list[int]]:
    """The quantization tables of a JPEG; of another image, none."""
    tables: dict[int, list[int]] = getattr(image, "quantization", {})
    return tables


def _luma_table(image: Image.Image) -> tuple[int, ...]:
    return tuple(_tables(image).get(0, ()))


def full_luma(photo: Photo, format: str) -> Planes | DeepPlanes:
    """The luma as seen, (H, W), for a result of this format: uint16 if both have 16 bits, else uint8."""
    deep = photo.deep_luma() if format in SIXTEEN_BITS else None
    return np.asarray(photo.luma()) if deep is None else deep


def encode(
    photo: Photo,
    luma: Planes | DeepPlanes,
    chroma: Planes,
    format: str,
    quality: int,
    credit: Credit,
    guide: Planes | None = None,
) -> bytes:
    """Encode chroma uint8 (2, h, w) laid over luma (H, W), as `full_luma` gives it.

    `quality`, 1 to 100, is that of JPEG and WebP, and 0 means the quantization tables of the photograph, a
    JPEG; `guide` is the luma of the chroma's size, for `fit_chroma`. The photograph's metadata and
    transparency come along, and its XMP says what the colors are from.
    """
    metadata = save_options(photo, format, credit)
    try:
        if format == "JPEG":
            light = np.asarray(luma, np.uint8)
            if not quality:
                return _encode_by_tables(photo, light, fit_chroma(light, chroma, 1, guide), metadata)
            description = _save(Image.new("L", (8, 8)), format, metadata)
            return _encode_jpeg(light, fit_chroma(light, chroma, 2, guide), quality, description)
        merged = merge(luma, chroma, guide)
        profile = photo.image.info.get("icc_profile")
        if merged.dtype == np.uint16 and profile and is_for_gray(profile):
            metadata["icc_profile"] = rgb_from_gray(profile)  # it was not applied, which would cost bits
        if format in WITH_ALPHA and (alpha := photo.alpha()) is not None:
            merged = np.dstack([merged, np.asarray(alpha)])
        if format == "TIFF":
            return _encode_tiff(merged, metadata)
        if merged.dtype == np.uint16:
            description = _save(Image.new("RGB", (1, 1)), format, metadata)
            return encode_png(np.asarray(merged, np.uint16), description)
        if format == "PNG":
            metadata["compress_level"] = ZLIB_LEVEL
        elif format == "WEBP":
            metadata["quality"] = quality or QUALITY
        return _save(Image.fromarray(merged), format, metadata)
    except DECODE_ERRORS as error:
        raise ImageError(photo.path, f"cannot be written as {format} ({error})") from error


def _encode_by_tables(photo: Photo, luma: Planes, planes: Planes, metadata: dict[str, Any]) -> bytes:
    """Encode luma and chroma of its size as a JPEG (4:2:0) with the photograph's quantization tables."""
    image = Image.merge("YCbCr", [Image.fromarray(plane) for plane in (luma, *planes)])
    return _save(image, "JPEG", metadata | {"qtables": _tables(photo.image), "subsampling": "4:2:0"})


def _encode_tiff(pixels: Planes | DeepPlanes, metadata: dict[str, Any]) -> bytes:
    exif = metadata.get("exif", Image.Exif())
    return encode_tiff(pixels, exif, metadata["xmp"], metadata.get("icc_profile"), metadata.get("dpi"))


def _encode_jpeg(luma: Planes, planes: Planes, quality: int, described_by: bytes) -> bytes:
    """Encode luma and half-size chroma uint8 (2, h, w) as they are, without a detour through RGB (4:2:0).

    `described_by` is another JPEG, whose metadata the result takes over. Raises ValueError for more than
    65,500 pixels on a side.
    """
    height, width = luma.shape
    # The encoder reads an even number of rows and columns, whatever the size: the memory must be there.
    seen = pad_to_even(luma)[:height, :width]
    data = simplejpeg.encode_jpeg_yuv_planes(seen, *planes, quality=quality)
    return b"".join((data[:2], *_segments(described_by, describing=True), *_segments(data, describing=False)))


def _segments(data: bytes, *, describing: bool) -> Iterator[bytes]:
    for segment in parse(data):
        if (segment.marker in DESCRIBING) == describing:
            yield data[segment.start : segment.scan_end]


def _save(image: Image.Image, format: str, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()
