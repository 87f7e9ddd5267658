"""What a result takes over from its photograph besides the pixels."""

from __future__ import annotations

from typing import Any

from PIL import Image
from PIL.ExifTags import Base as Tag
from PIL.PngImagePlugin import PngInfo

from colorgan.photo.icc import is_for_rgb
from colorgan.photo.image import DECODE_ERRORS, Photo
from colorgan.photo.jpeg import LONGEST, XMP
from colorgan.photo.tiff import FOLDERS, TEXTS
from colorgan.photo.xmp import Credit

LONGEST_XMP = LONGEST - len(XMP)
"""Bytes of a packet that fit into the segment of a JPEG."""

PNG_XMP = "XML:com.adobe.xmp"  # the keyword of XMP (XMP specification, part 3, 1.1.5)


def save_options(photo: Photo, format: str, credit: Credit) -> dict[str, Any]:
    """Pillow's save options for EXIF, color profile, XMP with the credit, texts and resolution."""
    info = photo.image.info
    options: dict[str, Any] = {key: info[key] for key in ("dpi", "comment") if info.get(key)}
    xmp = credit.added_to(info.get("xmp"))
    if format == "JPEG" and len(xmp) > LONGEST_XMP:
        xmp = info["xmp"] if len(info["xmp"]) <= LONGEST_XMP else credit.added_to(None)
    profile = info.get("icc_profile")
    if profile and is_for_rgb(profile):  # a gray or CMYK profile was applied when it was decoded
        options["icc_profile"] = profile
    exif = upright_exif(photo.image)
    if format == "PNG":
        options["pnginfo"] = _png_texts(photo.image, xmp)
    else:
        options["xmp"] = xmp
    if len(exif):
        options["exif"] = exif
    return options


def upright_exif(image: Image.Image) -> Image.Exif:
    """The image's EXIF but for the orientation, as the result is upright; empty if it is damaged."""
    kept = Image.Exif()
    try:
        exif = image.getexif()
        # A TIFF's EXIF holds the layout of its pixels too, not the result's: take what describes the picture.
        tags = [tag for tag in TEXTS if tag in exif] if image.format == "TIFF" else list(exif)
        for tag in tags:
            if tag not in (Tag.Orientation, *FOLDERS):
                kept[tag] = exif[tag]
        for tag in FOLDERS:
            if folder := exif.get_ifd(tag):
                kept[tag] = folder
        kept.tobytes()  # what could be read cannot always be written
    except DECODE_ERRORS:  # which is no reason to lose the photograph
        return Image.Exif()
    return kept


def _png_texts(image: Image.Image, xmp: bytes) -> PngInfo:
    """The texts of a PNG, and XMP."""
    chunks = PngInfo()
    for key, text in getattr(image, "text", {}).items():
        if key != PNG_XMP:
            chunks.add_itxt(key, text)
    chunks.add_itxt(PNG_XMP, xmp.decode())
    return chunks
