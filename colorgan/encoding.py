"""Write coloured photographs: the format and metadata of a result."""

from __future__ import annotations

import errno
import io
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.ExifTags import Base as Tag
from PIL.PngImagePlugin import PngInfo

from colorgan.errors import ImageError, RunError
from colorgan.files import atomic_file
from colorgan.images import DECODE_ERRORS, Photo

OPTIONS: dict[str, dict[str, Any]] = {
    # 4:2:0, as chroma is predicted at a small size anyway; quality 95 keeps the luma within a few steps.
    "JPEG": {"quality": 95, "subsampling": "4:2:0"},
    "PNG": {},
    "TIFF": {},  # not compressed: Pillow's compressing writer cannot carry EXIF's sub-folders
    "WEBP": {"quality": 95},
    "BMP": {},
}
"""The formats that results are written in, and how; others become PNG."""

WITH_ALPHA = ("PNG", "TIFF", "WEBP")

# A TIFF's EXIF holds the layout of its pixels too, not the result's: take what describes the picture.
TIFF_TAGS = (Tag.ImageDescription, Tag.Make, Tag.Model, Tag.Software, Tag.DateTime, Tag.Artist, Tag.Copyright)
SUB_FOLDERS = (Tag.ExifOffset, Tag.GPSInfo)

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def output_format(photo: Photo) -> str:
    """The format of the result: the photograph's own if it can hold full colour, else PNG."""
    return photo.format if photo.format in OPTIONS else "PNG"


def encode(photo: Photo, colored: Image.Image) -> bytes:
    """Encode the coloured image, mode YCbCr, with the photograph's metadata and transparency."""
    format = output_format(photo)
    alpha = photo.alpha() if format in WITH_ALPHA else None
    # JPEG stores YCbCr: no detour through RGB.
    image = colored if format == "JPEG" else colored.convert("RGB")
    if alpha is not None:
        image.putalpha(alpha)
    buffer = io.BytesIO()
    try:
        image.save(buffer, format, **OPTIONS[format], **_metadata(photo, format))
    except DECODE_ERRORS as error:
        raise ImageError(photo.path, f"cannot be written as {format} ({error})") from error
    return buffer.getvalue()


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


def _metadata(photo: Photo, format: str) -> dict[str, Any]:
    """Save options for the EXIF, colour profile, XMP, texts and resolution of the photograph."""
    info = photo.image.info
    options: dict[str, Any] = {key: info[key] for key in ("dpi", "comment", "xmp") if info.get(key)}
    profile = info.get("icc_profile")
    if profile and profile[16:20] == b"RGB ":  # a gray or CMYK profile was applied when it was decoded
        options["icc_profile"] = profile
    try:
        exif = _exif(photo.image)
    except DECODE_ERRORS:  # damaged EXIF cannot be carried over, and is no reason to lose the photograph
        exif = Image.Exif()
    if format == "PNG":
        options["pnginfo"] = _png_texts(photo.image)
    if format == "TIFF" and "xmp" in options:
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


def _png_texts(image: Image.Image) -> PngInfo:
    """The texts of a PNG, XMP among them; of another format, its XMP."""
    texts = dict(getattr(image, "text", {}))
    if not texts and (xmp := image.info.get("xmp")):
        texts["XML:com.adobe.xmp"] = xmp.decode("utf-8", "replace")
    chunks = PngInfo()
    for key, text in texts.items():
        chunks.add_itxt(key, text)
    return chunks
