"""Write colored photographs: the format and metadata of a result."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import simplejpeg
from PIL import Image

from colorgan.config import ColorizeConfig
from colorgan.errors import ImageError
from colorgan.photo.avif import encode_avif
from colorgan.photo.bmp import encode_bmp
from colorgan.photo.coded import fewer_bits
from colorgan.photo.color import DeepPlanes, Planes, fit_chroma, merge, pad_to_even
from colorgan.photo.damage import unwritten
from colorgan.photo.describe import (
    for_jpeg,
    for_png,
    for_tiff,
    for_webp,
    pixels_per_meter,
    profile_for,
    whole_xmp,
)
from colorgan.photo.formats import OPTIONS, WRITABLE
from colorgan.photo.heic import encode_heic
from colorgan.photo.image import Photo
from colorgan.photo.jpeg import DESCRIBING, SIGNATURE, JpegError, parse
from colorgan.photo.jpeg2000 import encode_jpeg2000
from colorgan.photo.jpeg_xl import encode_jpeg_xl, transcode
from colorgan.photo.keep_luma import keep_luma
from colorgan.photo.left_out import left_out
from colorgan.photo.orientation import SIDEWAYS
from colorgan.photo.pillow import DECODE_ERRORS
from colorgan.photo.pixels import as_deep
from colorgan.photo.png import encode_png
from colorgan.photo.tiff import encode_tiff
from colorgan.photo.verify import check_lossless
from colorgan.photo.xmp import Credit

QUALITY = 95
"""Of JPEG, WebP, AVIF and HEIC results; luma is kept within a few steps."""

CODED = ("JPEG2000", "AVIF", "HEIF", "JXL")


def output_format(photo: Photo, wanted: str = "keep") -> str:
    """The format of the result: the one that is wanted or, to keep it, the photograph's own."""
    if wanted != "keep":
        return OPTIONS[wanted]
    return photo.file_format if photo.file_format in WRITABLE else "PNG"


def quality_of(photo: Photo, format: str, asked: int) -> int:
    """The quality, 1 to 100, to encode a result in: what was asked for or, for 0, what suits it.

    From JPEG to JPEG that is the quality of the photograph's own quantization table for luma, so that
    coefficients hardly change. It is 0 if the table is none of libjpeg's. For other formats it is 95.
    """
    table = _luma_table(photo.open()) if format == photo.format == "JPEG" else ()
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
    """The luma as seen, (H, W), for a result of this format: uint16 if both have more than 8 bits."""
    deep = photo.deep_luma() if WRITABLE[format].bits > 8 else None
    return np.asarray(photo.luma()) if deep is None else deep


@dataclass(frozen=True)
class Result:
    """An encoded photograph in color."""

    data: bytes
    format: str
    """Pillow's name of it."""
    kept_luma: bool
    """Whether the luma is as it was stored; else it is encoded anew."""
    reason: str = ""
    """Why the luma was not kept, where it could have been."""
    notes: tuple[str, ...] = ()
    """What else is to be known, such as that the photograph was cut short."""
    left_out: tuple[str, ...] = ()
    """What the photograph's file says or holds that has no place in it."""

    @property
    def note(self) -> str:
        """What is to be known of it besides, in words; often nothing."""
        return "; ".join(filter(None, (self.reason, *self.notes)))


def encode_result(
    photo: Photo, chroma: Planes, settings: ColorizeConfig, credit: Credit, guide: Planes | None = None
) -> Result:
    """Lay chroma uint8 (2, h, w) over the photograph, as the settings want it; raises ImageError.

    The luma of a grayscale JPEG is kept as it is stored wherever that is possible. `guide` is the luma of the
    chroma's size, for `fit_chroma`.
    """
    format, reason, notes = output_format(photo, settings.format), "", notes_on(photo)
    if format == "JXL" and photo.format == "JPEG" and photo.coded is None:
        whole = encode_result(photo, chroma, replace(settings, format="jpg"), credit, guide)
        try:
            return replace(whole, data=transcode(whole.data), format=format)
        except ValueError as error:
            notes = (*notes, str(error))
    notes += _notes_on_depth(photo, format)
    if format == "JPEG" and photo.is_gray_jpeg and settings.jpeg_luma == "keep":
        try:
            data = keep_luma(photo, chroma, settings.quality, credit, guide)
            return Result(data, format, kept_luma=True, notes=notes, left_out=photo.metadata.besides)
        except JpegError as error:
            reason = "" if photo.missing is not None else str(error)
    quality = quality_of(photo, format, settings.quality)
    data = encode(photo, full_luma(photo, format), chroma, format, quality, credit, guide)
    lost = left_out(photo, format)
    return Result(data, format, kept_luma=False, reason=reason, notes=notes, left_out=lost)


def note_on_copy(photo: Photo) -> str:
    """What is to be known of a photograph that is copied; often nothing."""
    return "; ".join(_notes_on_end(photo))


def notes_on(photo: Photo) -> tuple[str, ...]:
    """What is odd about a photograph that can be colored all the same."""
    profile = ("its color profile does not fit and was left out",) if photo.ignores_profile else ()
    return (*_notes_on_end(photo), *profile)


def _notes_on_depth(photo: Photo, format: str) -> tuple[str, ...]:
    """That a result, in a format that was asked for, has fewer bits than the photograph."""
    has, takes = photo.bits, WRITABLE[format].bits
    return (f"{has} bits a sample became {takes}, the most that {format} has",) if has > takes else ()


def _notes_on_end(photo: Photo) -> tuple[str, ...]:
    if photo.missing is None:
        return ()
    share = f", {photo.missing:.0%} of the picture" if photo.missing else ""
    return (f"its end is missing{share}",)


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
    try:
        if format == "JPEG":
            light = np.asarray(luma, np.uint8)
            data = _jpeg_of(photo, light, fit_chroma(light, chroma, 2 if quality else 1, guide), quality)
            return _describe_jpeg(data, for_jpeg(photo, credit))
        merged: Any = merge(luma, chroma, guide)
        deep = merged.dtype == np.uint16
        if WRITABLE[format].has_alpha and (alpha := photo.alpha()) is not None:
            merged = np.dstack([merged, as_deep(alpha, deep)])
        if format == "WEBP":
            options = for_webp(photo, credit) | {"quality": quality or QUALITY}
            return _save(Image.fromarray(merged), format, options)
        if format in CODED:
            return _coded(photo, merged, format, quality or QUALITY, credit)
        data = _lossless(photo, merged, format, credit)
    except DECODE_ERRORS as error:
        raise ImageError(
            photo.path, f"cannot be written as {format} ({unwritten(error, luma.shape)})"
        ) from error
    check_lossless(photo.path, data, format, merged)
    return data


def _lossless(photo: Photo, merged: Any, format: str, credit: Credit) -> bytes:
    """Encode pixels uint8 or uint16 (H, W, 3 or 4) as PNG, TIFF or BMP."""
    deep = merged.dtype == np.uint16
    if format == "TIFF":
        return encode_tiff(merged, *for_tiff(photo, credit, deep), reductions_of(photo))
    if format == "PNG":
        return encode_png(merged, [for_png(photo, credit, deep)])
    meters = pixels_per_meter(photo.metadata)
    if merged.shape[2] == 4:
        return encode_bmp(np.asarray(merged, np.uint8), meters)
    dpi = {"dpi": tuple(side * 0.0254 for side in meters)} if all(meters) else {}
    return _save(Image.fromarray(merged), format, dpi)


def reductions_of(photo: Photo) -> list[tuple[int, int]]:
    """Widths and heights, as seen, in which a TIFF shows its picture smaller besides."""
    sideways = photo.orientation in SIDEWAYS
    return [size[::-1] if sideways else size for size in photo.reductions]


def _coded(photo: Photo, pixels: Planes | DeepPlanes, format: str, quality: int, credit: Credit) -> bytes:
    """Encode RGB or RGBA in a format that Pillow does not write, or not with all bits."""
    deep = pixels.dtype == np.uint16
    xmp, icc = whole_xmp(photo, credit), profile_for(photo, deep)
    bits = min(WRITABLE[format].bits, 16 if photo.coded is None else photo.coded.stored_bits) if deep else 8
    if format == "JPEG2000":
        samples = fewer_bits(pixels, bits) if deep else pixels
        return encode_jpeg2000(samples, bits, photo.metadata, xmp, icc)
    if format == "JXL":
        return encode_jpeg_xl(pixels, photo.metadata, xmp, icc)
    bits = bits if bits <= 8 else 10 if bits <= 10 else 12
    if format == "HEIF":
        return encode_heic(pixels, bits, quality, photo.metadata, xmp, icc)
    return encode_avif(fewer_bits(pixels, bits) if deep else pixels, bits, quality, photo.metadata, xmp, icc)


def _jpeg_of(photo: Photo, luma: Planes, planes: Planes, quality: int) -> bytes:
    """Encode luma and chroma as they are, without a detour through RGB (4:2:0); raises ValueError.

    Chroma is of half the size, or, if quality is 0 for the photograph's quantization tables, of the same.
    """
    if not quality:
        image = Image.merge("YCbCr", [Image.fromarray(plane) for plane in (luma, *planes)])
        return _save(image, "JPEG", {"qtables": _tables(photo.open()), "subsampling": "4:2:0"})
    height, width = luma.shape
    # The encoder reads an even number of rows and columns, whatever the size: the memory must be there.
    seen = pad_to_even(luma)[:height, :width]
    return bytes(simplejpeg.encode_jpeg_yuv_planes(seen, *planes, quality=quality))


def _describe_jpeg(data: bytes, description: bytes) -> bytes:
    """The JPEG with these segments in place of those that describe it."""
    kept = (each for each in parse(data) if each.marker not in DESCRIBING)
    return b"".join((SIGNATURE, description, *(data[each.start : each.scan_end] for each in kept)))


def _save(image: Image.Image, format: str, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()
