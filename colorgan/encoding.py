"""Write coloured photographs: the format and metadata of a result."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
from PIL import Image
from PIL.ExifTags import Base as Tag
from PIL.PngImagePlugin import PngInfo

from colorgan.color import Planes, fit_chroma, merge
from colorgan.errors import ImageError, RunError
from colorgan.files import atomic_file
from colorgan.images import DECODE_ERRORS, Photo
from colorgan.jpeg import DESCRIBING, GrayJpeg, JpegError, join, parse
from colorgan.provenance import Credit

FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "tiff": "TIFF"}
"""Pillow's names of the formats that one can ask for."""

WRITABLE = (*FORMATS.values(), "BMP")
"""Results have the format of their photograph if it is one of these; else they become PNG."""

PNG_XMP = "XML:com.adobe.xmp"  # the keyword of XMP (XMP specification, part 3, 1.1.5)
WITH_ALPHA = ("PNG", "TIFF", "WEBP")

# A TIFF's EXIF holds the layout of its pixels too, not the result's: take what describes the picture.
TIFF_TAGS = (Tag.ImageDescription, Tag.Make, Tag.Model, Tag.Software, Tag.DateTime, Tag.Artist, Tag.Copyright)
SUB_FOLDERS = (Tag.ExifOffset, Tag.GPSInfo)

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def output_format(photo: Photo, wanted: str = "keep") -> str:
    """The format of the result: the one that is wanted or, to keep it, the photograph's own."""
    if wanted != "keep":
        return FORMATS[wanted]
    return photo.format if photo.format in WRITABLE else "PNG"


def encode(
    photo: Photo, luma: Image.Image, chroma: Planes, format: str, quality: int, credit: Credit
) -> bytes:
    """Encode chroma uint8 (2, h, w) laid over luma of mode L; `quality`, 1 to 100, is that of JPEG and WebP.

    The photograph's metadata and transparency come along, and its XMP says what the colours are from.
    """
    metadata = _metadata(photo, format, credit)
    try:
        if format == "JPEG":
            description = _save(Image.new("L", (8, 8)), format, metadata)
            return _encode_jpeg(luma, chroma, quality, described_by=description)
        image = merge(luma, chroma).convert("RGB")
        alpha = photo.alpha() if format in WITH_ALPHA else None
        if alpha is not None:
            image.putalpha(alpha)
        # TIFF is not compressed: Pillow's compressing writer cannot carry EXIF's sub-folders.
        return _save(image, format, metadata | ({"quality": quality} if format == "WEBP" else {}))
    except DECODE_ERRORS as error:
        raise ImageError(photo.path, f"cannot be written as {format} ({error})") from error


def write_result(path: Path, data: bytes) -> None:
    """Write a result; a full disk ends the run, another failure is the image's own."""
    try:
        with atomic_file(path) as temporary:
            temporary.write_bytes(data)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise RunError(
                f"{path.parent}: the disk is full; make room and run the same command again"
            ) from error
        raise ImageError(path, f"cannot be written ({error.strerror})") from error


@dataclass(frozen=True)
class KeptLuma:
    """A grayscale JPEG that stays as it is while chroma is joined to it."""

    photo: Photo
    gray: GrayJpeg
    half: Image.Image
    """Its luma as it is stored, at half the size."""

    @classmethod
    def of(cls, photo: Photo) -> KeptLuma:
        """Decode as much as is needed; raises JpegError with the reason if chroma cannot be joined to it."""
        if photo.image.info.get("icc_profile"):
            raise JpegError("its colour profile is for gray alone")
        if b"MPF\0" in photo.data[:65536]:
            raise JpegError("other pictures follow it, at places that would change")
        gray = GrayJpeg.parse(photo.data)
        return cls(photo, gray, photo.stored_luma_halved())

    def join(self, chroma: Planes, quality: int, credit: Credit) -> bytes:
        """Add chroma uint8 (2, h, w) of the photograph as seen, in this JPEG quality; raises JpegError."""
        stored = np.stack([np.asarray(self.photo.as_stored(Image.fromarray(plane))) for plane in chroma])
        # The mean of 2 x 2 pixels stands for them: to decode all of them would cost more than all the rest.
        options = {"quality": quality, "progressive": self.gray.is_progressive}
        cb, cr = (
            GrayJpeg.parse(_save(Image.fromarray(plane), "JPEG", options))
            for plane in fit_chroma(np.asarray(self.half), stored, step=1)
        )
        return join(self.gray, cb, cr, credit.added_to(self.gray.xmp))


def _encode_jpeg(luma: Image.Image, chroma: Planes, quality: int, described_by: bytes) -> bytes:
    """Encode the planes as they are, without a detour through RGB, chroma at half the size (4:2:0).

    `described_by` is another JPEG, whose metadata the result takes over. Raises ValueError for more than
    65,500 pixels on a side.
    """
    light = np.asarray(luma)
    data = simplejpeg.encode_jpeg_yuv_planes(light, *fit_chroma(light, chroma, step=2), quality=quality)
    return b"".join((data[:2], *_segments(described_by, describing=True), *_segments(data, describing=False)))


def _segments(data: bytes, *, describing: bool) -> Iterator[bytes]:
    for segment in parse(data):
        if (segment.marker in DESCRIBING) == describing:
            yield data[segment.start : segment.scan_end]


def _save(image: Image.Image, format: str, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def _metadata(photo: Photo, format: str, credit: Credit) -> dict[str, Any]:
    """Save options for the EXIF, colour profile, XMP, texts and resolution of the photograph."""
    info = photo.image.info
    options: dict[str, Any] = {key: info[key] for key in ("dpi", "comment") if info.get(key)}
    options["xmp"] = credit.added_to(info.get("xmp"))
    profile = info.get("icc_profile")
    if profile and profile[16:20] == b"RGB ":  # a gray or CMYK profile was applied when it was decoded
        options["icc_profile"] = profile
    try:
        exif = _exif(photo.image)
    except DECODE_ERRORS:  # damaged EXIF cannot be carried over, and is no reason to lose the photograph
        exif = Image.Exif()
    if format == "PNG":
        options["pnginfo"] = _png_texts(photo.image, options.pop("xmp"))
    if format == "TIFF":
        exif[Tag.XMLPacket] = options["xmp"]
    if len(exif):
        options["exif"] = exif.tobytes()  # as an object, Pillow's TIFF writer would lose its sub-folders
    return options


def _exif(image: Image.Image) -> Image.Exif:
    """The image's EXIF but for the orientation, as the result is upright."""
    exif, kept = image.getexif(), Image.Exif()
    tags = [tag for tag in TIFF_TAGS if tag in exif] if image.format == "TIFF" else list(exif)
    for tag in tags:
        if tag not in (Tag.Orientation, *SUB_FOLDERS):
            kept[tag] = exif[tag]
    for tag in SUB_FOLDERS:
        if folder := exif.get_ifd(tag):
            kept[tag] = folder
    return kept


def _png_texts(image: Image.Image, xmp: bytes) -> PngInfo:
    """The texts of a PNG, and XMP."""
    chunks = PngInfo()
    for key, text in getattr(image, "text", {}).items():
        if key != PNG_XMP:
            chunks.add_itxt(key, text)
    chunks.add_itxt(PNG_XMP, xmp.decode())
    return chunks
