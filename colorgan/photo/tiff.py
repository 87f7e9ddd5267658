"""Write TIFFs in color, of 8 or 16 bits, compressed and with EXIF's folders: Pillow cannot do all this."""

from __future__ import annotations

import io
import struct
from typing import Any

import tifffile
from PIL import Image
from PIL.ExifTags import Base as Tag
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from colorgan.photo.color import DeepPlanes, Planes
from colorgan.photo.png import ZLIB_LEVEL

TEXTS = (Tag.ImageDescription, Tag.Make, Tag.Model, Tag.Software, Tag.DateTime, Tag.Artist, Tag.Copyright)
FOLDERS = (Tag.ExifOffset, Tag.GPSInfo)

BYTE, ASCII, LONG = 1, 2, 4  # types of fields (TIFF 6.0, section 2)
INCHES = 2  # section 8: the unit of the resolution
HEADER = b"II*\0"
ENTRY = 12
"""Bytes of an entry: tag, type, count and value or offset."""
STAND_IN = -2
"""From the tag of a folder to one with the same place in their order, which tifffile agrees to write."""


def encode_tiff(
    pixels: Planes | DeepPlanes,
    exif: Image.Exif,
    xmp: bytes,
    icc: bytes | None,
    dpi: tuple[float, float] | None,
) -> bytes:
    """Encode RGB or RGBA, uint8 or uint16 (H, W, 3 or 4), with the texts and folders of the EXIF."""
    texts = [(int(tag), ASCII, 0, str(exif[tag]), True) for tag in TEXTS if tag in exif]
    folders = {int(tag): folder for tag in FOLDERS if (folder := exif.get(tag))}
    tags: list[Any] = [*texts, (int(Tag.XMLPacket), BYTE, len(xmp), xmp, True)]
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        pixels,
        byteorder="<",
        photometric="rgb",
        extrasamples=["unassalpha"] if pixels.shape[-1] == 4 else None,
        compression="zlib",
        compressionargs={"level": ZLIB_LEVEL},
        predictor=True,  # differences of neighbors, which on photographs take a third less
        metadata=None,
        software=False,
        iccprofile=icc,
        resolution=dpi,
        resolutionunit=INCHES,
        extratags=[*tags, *((tag + STAND_IN, LONG, 1, 0, True) for tag in folders)],
    )
    data = buffer.getbuffer()
    return _with_folders(data, folders) if folders and data[:4] == HEADER else bytes(data)


def _with_folders(data: memoryview, folders: dict[int, Any]) -> bytes:
    """Append EXIF's folders, and point to them from the directory."""
    start = len(data) + len(data) % 2  # a directory begins on a word boundary (section 2)
    directory = ImageFileDirectory_v2(HEADER + struct.pack("<I", 8))
    for tag, folder in folders.items():
        directory[tag] = folder
    appended = directory.tobytes(start)
    places = _entries(appended, 0)
    whole = bytearray(data) + bytes(start - len(data)) + appended
    (first,) = struct.unpack_from("<I", data, 4)
    stand_ins = _entries(whole, first)
    for tag in folders:
        at = stand_ins[tag + STAND_IN]
        whole[at : at + ENTRY] = appended[places[tag] : places[tag] + ENTRY]
    return bytes(whole)


def _entries(data: bytes | bytearray, start: int) -> dict[int, int]:
    """Where the entries of a directory are, by their tags."""
    (count,) = struct.unpack_from("<H", data, start)
    places = (start + 2 + ENTRY * number for number in range(count))
    return {struct.unpack_from("<H", data, at)[0]: at for at in places}
