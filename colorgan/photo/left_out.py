"""Name what a photograph's file holds and its result has no place for."""

from __future__ import annotations

from collections.abc import Iterator

from colorgan.photo import jpeg, png
from colorgan.photo.icc import is_for_rgb
from colorgan.photo.image import Photo
from colorgan.photo.metadata import EXIF_PREFIX, PNG_IPTC

LONGEST_EXIF = jpeg.LONGEST - len(EXIF_PREFIX)
WITH_BLOCKS = {"EXIF", "XMP", "profile", "thumbnail", "transparency"}
PLACES = {
    "JPEG": {"EXIF", "XMP", "IPTC", "profile", "thumbnail", "comment"},
    "PNG": {"EXIF", "XMP", "IPTC", "profile", "thumbnail", "comment", "transparency"},
    "TIFF": {"EXIF", "XMP", "IPTC", "profile", "transparency"},
    "WEBP": WITH_BLOCKS,
    "JPEG2000": WITH_BLOCKS | {"IPTC"},
    "AVIF": WITH_BLOCKS,
    "HEIF": WITH_BLOCKS,
    "JXL": WITH_BLOCKS,
    "BMP": {"transparency"},
}
"""What results of a format can hold, by the names that the manifest gives it."""


def left_out(photo: Photo, format: str) -> tuple[str, ...]:
    """What a result that is encoded anew does not hold; formats are named as Pillow names them."""
    return tuple(dict.fromkeys(_left_out(photo, format)))


def _left_out(photo: Photo, format: str) -> Iterator[str]:
    metadata, places = photo.metadata, PLACES.get(format, set())
    directory = metadata.directory if photo.format != "TIFF" else None
    may_lose_alpha = photo.format != "JPEG" and "transparency" not in places
    there = {
        "EXIF": bool(metadata.exif),
        "XMP": bool(metadata.xmp),
        "IPTC": bool(metadata.iptc or metadata.photoshop),
        "thumbnail": bool(
            (directory := metadata.directory) and directory.following and photo.format != "TIFF"
        ),
        "comment": bool(metadata.comment),
        "profile": is_for_rgb(photo.profile),
        "transparency": may_lose_alpha and photo.alpha() is not None,
    }
    yield from (kind for kind, is_there in there.items() if is_there and kind not in places)
    if there["EXIF"] and format == "JPEG" and len(metadata.exif) > LONGEST_EXIF:
        yield "EXIF"
    if there["XMP"] and "XMP" in places and metadata.packet is None:
        yield "XMP that cannot be read"
    if photo.format == "PNG" and format != "PNG":
        carried = PNG_IPTC if "IPTC" in places else ()
        yield from (_name_of_chunk(each) for each in metadata.own if not each[8:].startswith(carried))
    elif photo.format == "JPEG" and format != "JPEG":
        yield from (f"segment APP{each[1] & 15}" for each in metadata.own if each[1] != jpeg.COM)
    elif photo.format == "JPEG2000" and format != "JPEG2000" and metadata.own:
        yield "XML"
    if photo.format == "JPEG" and photo.missing is None and not photo.picture.endswith(jpeg.END):
        yield "bytes after the picture"
    yield from metadata.besides


def _name_of_chunk(chunk: bytes) -> str:
    name, body = chunk[4:8], chunk[8:-4]
    if name in png.TEXTS:
        keyword, _, _ = body.partition(b"\0")
        return f"text {keyword.decode('latin-1')}"
    return f"chunk {name.decode('latin-1')}"
