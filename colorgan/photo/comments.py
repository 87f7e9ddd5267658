"""What files that Pillow opens say of their picture, comments of old formats among it."""

from __future__ import annotations

import struct
from dataclasses import replace

from PIL import Image

from colorgan.photo import avif, metadata
from colorgan.photo.bmp import profile_of
from colorgan.photo.jpeg import CLAIM
from colorgan.photo.jpeg2000 import metadata_of
from colorgan.photo.metadata import Metadata
from colorgan.photo.pnm import comment_of_pnm

FOOTER = b"TRUEVISION-XFILE.\0"
"""How a TGA of version 2 ends; the place of its extension is 26 bytes before that end."""
AUTHOR, COMMENTS = slice(2, 43), slice(43, 367)
"""Where they are in the extension (Truevision TGA 2.0, fields 11 and 12)."""
LINE = 81


def comment_of_tga(data: bytes) -> bytes:
    """The identification, author and comments of a file, one a line; empty if there are none."""
    length = data[0] if data else 0
    parts = [data[18 : 18 + length]]
    if data.endswith(FOOTER) and len(data) > 44:
        (at,) = struct.unpack_from("<I", data, len(data) - 26)
        extension = data[at : at + 495] if at else b""
        comments = extension[COMMENTS]
        parts += [extension[AUTHOR], *(comments[start : start + LINE] for start in range(0, 324, LINE))]
    lines = (part.split(b"\0", 1)[0].strip() for part in parts)
    return b"\n".join(line for line in lines if line)


def described_by(image: Image.Image, format: str, data: bytes) -> Metadata:
    """What a file says, which is neither a PNG nor a TIFF; `format` is named as Pillow names it."""
    if format == "JPEG":
        return metadata.of_jpeg(data)
    if format == "JPEG2000":
        return metadata_of(data)
    found = metadata.of_other(image)
    if format == "AVIF":
        return avif.metadata_of(image, data)
    if format in ("BMP", "DIB"):
        return replace(found, icc=profile_of(data))
    if format == "PPM":
        return replace(found, comment=comment_of_pnm(data))
    if format == "ICO" and len(image.info.get("sizes", ())) > 1:
        return replace(found, besides=("further pictures",))
    if format == "WEBP" and CLAIM in data:
        return replace(found, besides=(metadata.C2PA,))
    if format == "GIF":
        return replace(found, xmp=found.xmp or _xmp_of_gif(data), icc=found.icc or _profile_of_gif(data))
    return replace(found, comment=comment_of_tga(data)) if format == "TGA" else found


def _xmp_of_gif(data: bytes) -> bytes:
    """A packet as it is, which bytes follow that lead readers to its end (XMP, part 3, 1.1.2)."""
    _, begun, rest = data.partition(b"\x21\xff\x0bXMP DataXMP")
    packet, ended, _ = rest.partition(b"\x01\xff\xfe")
    return packet if begun and ended else b""


def _profile_of_gif(data: bytes) -> bytes:
    """A color profile in blocks, each with its length before it (ICC.1:2022, B.6)."""
    _, _, rest = data.partition(b"\x21\xff\x0bICCRGBG1012")
    blocks, at = b"", 0
    while at < len(rest) and rest[at]:
        blocks += rest[at + 1 : at + 1 + rest[at]]
        at += 1 + rest[at]
    return blocks
