"""What AVIF and HEIC files say in boxes that their libraries do not tell (ISO/IEC 23008-12)."""

from __future__ import annotations

from collections.abc import Iterator

from colorgan.photo.boxes import Box, boxes, find
from colorgan.photo.jpeg import CLAIM
from colorgan.photo.metadata import C2PA
from colorgan.photo.tones import check_tones

ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
"""Names of an auxiliary picture that is the transparency."""


def properties(data: bytes) -> list[Box]:
    """Those of all pictures of a file."""
    whole = find(data, b"meta", b"iprp", b"ipco")
    return list(boxes(data, whole.body, whole.end)) if whole else []


def check_colors(data: bytes) -> None:
    """Raise ValueError for a transfer function that is far from that of sRGB, if the file says so.

    What it says of the picture counts and, if that is put together of others, of those; not of a gain map.
    """
    there, shown = properties(data), {_primary(data)}
    for kind, item, others in _references(data):
        if kind == b"dimg" and item in shown:
            shown |= others
    for number in {number for item, number in _associations(data) if item in shown}:
        box = there[number - 1] if 0 < number <= len(there) else None
        if box and box.type == b"colr" and data.startswith(b"nclx", box.body) and box.end - box.body >= 11:
            check_tones(int.from_bytes(data[box.body + 6 : box.body + 8]))


def besides(data: bytes) -> tuple[str, ...]:
    """What a file holds besides the picture and its transparency, in words."""
    auxiliary = any(
        box.type == b"auxC" and not data.startswith(ALPHA, box.body + 4) for box in properties(data)
    )
    items = find(data, b"meta", b"iinf")
    found = {
        "auxiliary pictures": auxiliary,
        "thumbnail": any(kind == b"thmb" for kind, _, _ in _references(data)),
        C2PA: CLAIM in data,
        "gain map": items is not None and b"tmap" in data[items.body : items.end],
    }
    return tuple(name for name, is_there in found.items() if is_there)


def exif_of(data: bytes) -> bytes:
    """The block of EXIF as it is; empty if there is none, or it is not where it is usual."""
    items = find(data, b"meta", b"iinf")
    for box in boxes(data, items.body + (8 if data[items.body] else 6), items.end) if items else ():
        content = data[box.body : box.end]
        if box.type == b"infe" and content[8:12] == b"Exif" and content[0] == 2:
            block = _content(data, int.from_bytes(content[4:6]))
            return block[4 + int.from_bytes(block[:4]) :]  # the place of its beginning is before it
    return b""


def _content(data: bytes, item: int) -> bytes:
    """That of an item which lies in the file in one piece (8.11.3); else empty."""
    place = find(data, b"meta", b"iloc")
    content = data[place.body : place.end] if place else b""
    if len(content) < 8 or content[0] > 1:
        return b""
    sizes = (content[4] >> 4, content[4] & 15, content[5] >> 4, content[5] & 15)
    offset_size, length_size, base_size, index_size = sizes
    at = 6

    def take(size: int) -> int:
        nonlocal at
        at += size
        return int.from_bytes(content[at - size : at])

    for _ in range(take(2)):
        number, method = take(2), take(2) if content[0] else 0
        take(2)
        base, pieces = take(base_size), take(2)
        for _ in range(pieces):
            take(index_size if content[0] else 0)
            start, length = base + take(offset_size), take(length_size)
            if number == item and not method and pieces == 1:
                return data[start : start + length]
        if at > len(content):
            break
    return b""


def _primary(data: bytes) -> int:
    """The number of the picture that is to be shown; 0 if the file does not say."""
    box = find(data, b"meta", b"pitm")
    width = 4 if box and data[box.body : box.body + 1] != b"\0" else 2
    return int.from_bytes(data[box.body + 4 : box.body + 4 + width]) if box else 0


def _references(data: bytes) -> Iterator[tuple[bytes, int, set[int]]]:
    """The kind of each, the item that refers, and the items it refers to (14496-12, 8.11.12)."""
    whole = find(data, b"meta", b"iref")
    for box in boxes(data, whole.body + 4, whole.end) if whole else ():
        assert whole is not None
        width = 4 if data[whole.body] else 2
        item = int.from_bytes(data[box.body : box.body + width])
        at = box.body + width + 2
        numbers = range(at, box.end, width)
        yield box.type, item, {int.from_bytes(data[start : start + width]) for start in numbers}


def _associations(data: bytes) -> Iterator[tuple[int, int]]:
    """Items, and the numbers of the properties they have, from 1 on (8.11.14)."""
    whole = find(data, b"meta", b"iprp")
    for box in boxes(data, whole.body, whole.end) if whole else ():
        if box.type != b"ipma":
            continue
        content = data[box.body : box.end]
        if len(content) < 8:
            continue
        width, each = 4 if content[0] else 2, 2 if content[3] & 1 else 1
        at = 8
        while at + width < len(content):  # as far as it is whole
            item, several = int.from_bytes(content[at : at + width]), content[at + width]
            at += width + 1
            for start in range(at, at + each * several, each):
                yield item, int.from_bytes(content[start : start + each]) & ((1 << (8 * each - 1)) - 1)
            at += each * several
