"""BMP files of 32 bits: Pillow reads their fourth byte where a mask names it, and never writes the mask."""

from __future__ import annotations

import struct

import numpy as np

from colorgan.photo.color import Planes

FILE_HEADER, V4_HEADER, V5_HEADER = 14, 108, 124
BITFIELDS, SRGB, EMBEDDED = 3, 0x73524742, 0x4D424544
MASKS = (0x00FF0000, 0x0000FF00, 0x000000FF, 0xFF000000)  # red, green, blue and transparency
PER_METER = 3780  # 96 pixels an inch, for files that say nothing


def unused_bytes(data: bytes) -> Planes | None:
    """The fourth bytes of pixels for which no mask is given, uint8 (H, W), if programs have used them.

    By its documentation they mean nothing, and are all alike in most files; some programs put transparency
    there.
    """
    (start,) = struct.unpack_from("<I", data, 10)
    size, width, height, _, bits, compression = struct.unpack_from("<IiiHHI", data, FILE_HEADER)
    if size < 40 or bits != 32 or compression != 0:
        return None
    fourth = np.frombuffer(data, np.uint8, 4 * width * abs(height), start)[3::4].reshape(abs(height), width)
    if fourth.min() == fourth.max():
        return None
    return fourth if height < 0 else fourth[::-1]


def profile_of(data: bytes) -> bytes:
    """The color profile that a header of version 5 has a place for; empty if there is none."""
    if len(data) < FILE_HEADER + V5_HEADER or int.from_bytes(data[14:18], "little") < V5_HEADER:
        return b""
    kind, at, size = struct.unpack_from("<I48x4xII", data, FILE_HEADER + 56)
    return data[FILE_HEADER + at : FILE_HEADER + at + size] if kind == EMBEDDED else b""


def encode_bmp(rgba: Planes, per_meter: tuple[int, int]) -> bytes:
    """Encode uint8 (H, W, 4) with a header of version 4, which says where transparency is."""
    height, width, _ = rgba.shape
    pixels = np.ascontiguousarray(rgba[::-1, :, [2, 1, 0, 3]]).tobytes()
    start = FILE_HEADER + V4_HEADER
    x, y = (value or PER_METER for value in per_meter)
    header = struct.pack("<IiiHHIIiiII", V4_HEADER, width, height, 1, 32, BITFIELDS, len(pixels), x, y, 0, 0)
    header += struct.pack("<5I", *MASKS, SRGB) + bytes(48)
    return struct.pack("<2sIII", b"BM", start + len(pixels), 0, start) + header + pixels
