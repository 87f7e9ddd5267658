"""Write what a photograph's file says of it into a result, in the form of the result's format."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from fractions import Fraction
from hashlib import md5
from typing import Any

from colorgan.photo import jpeg, png
from colorgan.photo.icc import is_for_gray, is_for_rgb, rgb_from_gray
from colorgan.photo.ifd import BYTE, RATIONAL, SHORT, UNDEFINED, Block, Entry, Folder, Order
from colorgan.photo.image import Photo
from colorgan.photo.jpeg import LONGEST, make_segment
from colorgan.photo.metadata import (
    CENTIMETERS,
    COLOR_CHUNKS,
    EXIF_PREFIX,
    ICC,
    INCHES,
    IPTC,
    NO_UNIT,
    OF_LAYOUT,
    PHOTOSHOP,
    PNG_IPTC,
    PNG_XMP,
    RESOLUTION_UNIT,
    X_RESOLUTION,
    XMP,
    Y_RESOLUTION,
    Metadata,
)
from colorgan.photo.pillow import NAMELESS
from colorgan.photo.xmp import DIGEST, UNKNOWN, Credit, Origin


def profile_for(photo: Photo, deep: bool) -> bytes:
    """The color profile of a result; a gray or CMYK one was applied, but for a gray one over 16 bits."""
    if is_for_rgb(photo.profile):
        return photo.profile
    return (rgb_from_gray(photo.profile) or b"") if deep and is_for_gray(photo.profile) else b""


def origin_of(photo: Photo) -> Origin:
    """What results say that they are derived from."""
    if not photo.is_file:
        return UNKNOWN
    return Origin("" if photo.path == NAMELESS else photo.path.name, photo.sha256)


def xmp_segments(photo: Photo, credit: Credit, *, upright: bool) -> bytes:
    """The segments of a JPEG with its XMP and the credit; a packet that is too long is extended."""
    main, extended = credit.added_to(
        photo.metadata.packet, origin_of(photo), upright=upright, longest=LONGEST - len(jpeg.XMP)
    )
    digest = md5(extended, usedforsecurity=False).hexdigest().upper().encode()
    segments = [make_segment(jpeg.APP1, jpeg.XMP + main.replace(DIGEST.encode(), digest))]
    room = LONGEST - len(jpeg.XMP_EXTENSION) - len(digest) - 8
    for at in range(0, len(extended), room):
        head = jpeg.XMP_EXTENSION + digest + struct.pack(">II", len(extended), at)
        segments.append(make_segment(jpeg.APP1, head + extended[at : at + room]))
    return b"".join(segments)


def whole_xmp(photo: Photo, credit: Credit) -> bytes:
    """The packet for a result that is upright and has room for all of it."""
    return credit.added_to(photo.metadata.packet, origin_of(photo), upright=True)[0]


def for_jpeg(photo: Photo, credit: Credit) -> bytes:
    """The segments that describe a result, from JFIF's on."""
    metadata = photo.metadata
    density = metadata.density
    unit = (density.unit - 1) if density else 0
    x, y = (min(max(round(side), 1), 65535) for side in (density[:2] if density else (1, 1)))
    segments = [make_segment(jpeg.APP0, b"JFIF\0\1\1" + struct.pack(">BHHBB", unit, x, y, 0, 0))]
    exif = EXIF_PREFIX + metadata.upright_exif
    if len(EXIF_PREFIX) < len(exif) <= LONGEST:
        segments.append(make_segment(jpeg.APP1, exif))
    segments.append(xmp_segments(photo, credit, upright=True))
    segments += _pieces(jpeg.APP2, jpeg.ICC, profile_for(photo, deep=False), numbered=True)
    segments += _pieces(jpeg.APP13, jpeg.PHOTOSHOP, metadata.resources)
    if photo.format == "JPEG":
        segments += metadata.own
    elif metadata.comment:
        segments.append(make_segment(jpeg.COM, metadata.comment[:LONGEST]))
    return b"".join(segments)


def _pieces(marker: int, prefix: bytes, body: bytes, numbered: bool = False) -> Iterator[bytes]:
    room = LONGEST - len(prefix) - 2
    pieces = [body[at : at + room] for at in range(0, len(body), room)]
    for number, piece in enumerate(pieces, start=1):
        which = bytes((number, len(pieces))) if numbered else b""
        yield make_segment(marker, prefix + which + piece)


def for_png(photo: Photo, credit: Credit, deep: bool) -> bytes:
    """The chunks that describe a result; they belong before those of its pixels."""
    metadata, profile, chunks = photo.metadata, profile_for(photo, deep), list[bytes]()
    if density := metadata.resolution:
        meters = density.unit != NO_UNIT
        x, y = (round(100 * side) for side in density.per_centimeter) if meters else map(round, density[:2])
        chunks.append(png.chunk(b"pHYs", struct.pack(">IIB", max(x, 1), max(y, 1), meters)))
    if profile:
        chunks.append(png.chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile)))
    if metadata.exif:
        chunks.append(png.chunk(b"eXIf", metadata.upright_exif))
    chunks.append(png.chunk(b"iTXt", PNG_XMP + b"\0\0\0\0\0" + whole_xmp(photo, credit)))
    if photo.format == "PNG":
        applied = bool(photo.profile) and not profile
        chunks += [each for each in metadata.own if not (applied and each[4:8] in COLOR_CHUNKS)]
    elif resources := metadata.resources:  # a file that is no PNG: that has them in a text of its own
        digits = f"\niptc\n{len(resources):8}\n{resources.hex()}\n"
        chunks.append(png.chunk(b"zTXt", PNG_IPTC[0] + b"\0\0" + zlib.compress(digits.encode())))
    if metadata.comment and photo.format != "PNG":
        text = metadata.comment.decode("utf-8", "replace").replace("\0", "")
        chunks.append(png.chunk(b"iTXt", b"Comment\0\0\0\0\0" + text.encode()))
    return b"".join(chunks)


def for_tiff(photo: Photo, credit: Credit, deep: bool) -> tuple[Order, Folder]:
    """The byte order of a result, that of the tags, and the tags that describe it."""
    metadata = photo.metadata
    order: Order = ">" if photo.format == "TIFF" and photo.contents[:2] == b"MM" else "<"
    folder: Folder = {}
    if directory := metadata.directory:
        order = directory.order
        below = Block.parse(metadata.exif).folder(directory)
        folder = {tag: value for tag, value in below.items() if tag not in OF_LAYOUT}
    raw = {
        XMP: (BYTE, whole_xmp(photo, credit)),
        IPTC: (UNDEFINED, metadata.iptc),
        PHOTOSHOP: (BYTE, metadata.photoshop),
        ICC: (UNDEFINED, profile_for(photo, deep)),
    }
    folder |= {tag: Entry(type, len(value), value) for tag, (type, value) in raw.items() if value}
    if density := metadata.density:
        for tag, side in ((X_RESOLUTION, density.x), (Y_RESOLUTION, density.y)):
            exact = Fraction(side).limit_denominator(10_000)
            value = struct.pack(order + "II", exact.numerator, exact.denominator)
            folder[tag] = Entry(RATIONAL, 1, value)
        folder[RESOLUTION_UNIT] = Entry(SHORT, 1, struct.pack(order + "H", density.unit))
    return order, folder


def for_webp(photo: Photo, credit: Credit) -> dict[str, Any]:
    """Pillow's options."""
    options: dict[str, Any] = {"xmp": whole_xmp(photo, credit)}
    if photo.metadata.exif:
        options["exif"] = photo.metadata.upright_exif
    if profile := profile_for(photo, deep=False):
        options["icc_profile"] = profile
    return options


def pixels_per_meter(metadata: Metadata) -> tuple[int, int]:
    """For a BMP; 0: not known."""
    density = metadata.resolution
    if density is None or density.unit not in (INCHES, CENTIMETERS):
        return 0, 0
    x, y = density.per_centimeter
    return round(100 * x), round(100 * y)
