"""Boxes, of which JPEG 2000, JPEG XL, AVIF and HEIC files are made (ISO/IEC 14496-12, 4.2; 15444-1, I.4)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

MOST_BOXES = 10_000


class Box(NamedTuple):
    """A box: its type, and where its content is."""

    type: bytes
    start: int
    """Of the box itself."""
    body: int
    end: int


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes between two places, as far as they are whole."""
    end = len(data) if end is None else min(end, len(data))
    for _ in range(MOST_BOXES):
        if start + 8 > end:
            return
        size, type = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1 and start + 16 <= end:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        after = start + size if size else end
        if after < body or after > end:
            return
        yield Box(type, start, body, after)
        start = after


def find(data: bytes, *path: bytes, start: int = 0, end: int | None = None) -> Box | None:
    """The first box at this path of types; None if there is none."""
    for found in boxes(data, start, end):
        if found.type == path[0]:
            body = found.body + (4 if found.type == b"meta" else 0)  # it has a version
            return found if len(path) == 1 else find(data, *path[1:], start=body, end=found.end)
    return None


def make_box(type: bytes, *bodies: bytes) -> bytes:
    """A whole box."""
    size = 8 + sum(map(len, bodies))
    if size < 1 << 32:
        return b"".join((struct.pack(">I4s", size, type), *bodies))
    return b"".join((struct.pack(">I4sQ", 1, type, size + 8), *bodies))
