"""A color profile for a photograph that was gray: its own tones, and sRGB's colors (ICC.1:2022)."""

from __future__ import annotations

import io
import struct

from PIL import ImageCms

from colorgan.photo.pillow import opening
from colorgan.photo.tones import check_profile
from colorgan.storage.paths import AnyPath

HEADER, TAG = 128, 12
"""Bytes of a profile's header and of an entry in its table of tags (ICC.1:2022, 7.2 and 7.3)."""

PRIMARIES = {
    b"rXYZ": (0x6FA2, 0x38F5, 0x0390),
    b"gXYZ": (0x6299, 0xB785, 0x18DA),
    b"bXYZ": (0x24A0, 0x0F84, 0xB6CF),
}
"""Those of sRGB, adapted to D50, in units of 1/65536, as in the ICC's own profile; they sum up to white."""

CURVES = (b"rTRC", b"gTRC", b"bTRC")
# Both mean a straight line (10.6), but Chromium takes no notice of a profile with the empty one.
EMPTY = b"curv" + struct.pack(">II", 0, 0)
STRAIGHT = b"curv" + struct.pack(">IIH", 0, 1, 0x0100)
KEPT = (b"desc", b"cprt", b"wtpt", b"chad")


GRAY_MODES = ("1", "LA", "La", "I;16", "I;16L", "I;16B", "I;16N", "L")


def is_for_gray(profile: bytes) -> bool:
    """Whether a profile is for gray alone (7.2.8: the field of the color space)."""
    return profile[16:20] == b"GRAY"


def is_for_rgb(profile: bytes) -> bool:
    """Whether a profile is for RGB."""
    return profile[16:20] == b"RGB "


def fits(profile: bytes, mode: str) -> bool:
    """Whether a profile can be read and is for pixels of this mode of Pillow's.

    One for RGB fits gray, too, as a gray that is red, green and blue in equal parts.
    """
    if int.from_bytes(profile[:4]) > len(profile):  # it was cut
        return False
    space = profile[16:20]
    modes = {b"GRAY": GRAY_MODES, b"CMYK": ("CMYK",)}.get(space, ())
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if modes:  # it is to be applied
            ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), modes[-1], "RGB")
    except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return False
    return mode in modes if modes else space == b"RGB " and mode != "CMYK"


def fitting(path: AnyPath, profile: bytes, mode: str) -> bytes:
    """The profile if it fits pixels of this mode; else none. ImageError for one for HDR displays."""
    with opening(path):
        check_profile(profile)
    return profile if profile and fits(profile, mode) else b""


def rgb_from_gray(profile: bytes) -> bytes | None:
    """A profile for RGB in which neutrals look as they do in this gray one, or None if it has no tone curve.

    The curve of gray leads to the light of the white point (8.3.2), as three equal curves of RGB do (F.3).
    """
    try:
        tags = _read_tags(profile)
        if not is_for_gray(profile) or profile[20:24] != b"XYZ " or b"kTRC" not in tags:
            return None
    except (struct.error, IndexError):
        return None
    new = {name: tags[name] for name in KEPT if name in tags}
    new |= {name: b"XYZ \0\0\0\0" + struct.pack(">3i", *values) for name, values in PRIMARIES.items()}
    curve = STRAIGHT if tags[b"kTRC"] == EMPTY else tags[b"kTRC"]
    new |= dict.fromkeys(CURVES, curve)
    return _write(profile[:HEADER], new)


def _read_tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, HEADER)
    if count > 100:
        raise IndexError
    entries = [struct.unpack_from(">4sII", profile, HEADER + 4 + TAG * number) for number in range(count)]
    if any(start + size > len(profile) for _, start, size in entries):
        raise IndexError
    return {name: profile[start : start + size] for name, start, size in entries}


def _write(header: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Lay the tags out after the header; equal ones share their bytes."""
    start = HEADER + 4 + TAG * len(tags)
    places: dict[bytes, int] = {}
    data = b""
    for value in tags.values():
        if value not in places:
            places[value] = start + len(data)
            data += value + bytes(-len(value) % 4)
    entries = b"".join(struct.pack(">4sII", name, places[value], len(value)) for name, value in tags.items())
    size = struct.pack(">I", start + len(data))
    display = b"mntrRGB "  # the class that may have a matrix and curves, and the color space
    unsigned = header[20:84] + bytes(16) + header[100:]  # the profile's ID was that of the old one
    return size + header[4:12] + display + unsigned + struct.pack(">I", len(tags)) + entries + data
