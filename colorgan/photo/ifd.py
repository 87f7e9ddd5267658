"""Directories of TIFF and EXIF with their values as raw bytes (TIFF 6.0, section 2; BigTIFF)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from colorgan.photo.damage import PictureError
from colorgan.storage.file_bytes import Bytes, FileBytes

Order = Literal["<", ">"]

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
SIZES |= {16: 8, 17: 8, 18: 8}  # of BigTIFF
"""Bytes of a value, by its type."""
NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}
BYTE, SHORT, LONG, RATIONAL, UNDEFINED, LONG8 = 1, 3, 4, 5, 7, 16
CLASSIC_TYPES = range(1, 13)

EXIF, GPS, INTEROP = 34665, 34853, 40965
POINTERS = (EXIF, GPS, INTEROP)
"""Tags whose value is the place of another directory."""

SUB_DIRECTORIES = 330
LAYERS = 37724
"""The tag with which Photoshop puts layers into a TIFF; where the file is not in memory, they stay unread."""

MOST_ENTRIES = 4096
MOST_DIRECTORIES = 1000


class Entry(NamedTuple):
    """What stands under a tag: its type, the number of values, and their bytes as they are in the file."""

    type: int
    length: int
    value: bytes
    at: int = 0
    """Where its bytes are in the block."""


Folder = dict[int, "Entry | Folder"]
"""What stands under each tag; a folder under the tags in POINTERS."""


@dataclass(frozen=True)
class Directory:
    """One directory of a block."""

    order: Order
    entries: dict[int, Entry]
    following: int
    """Place of the next one; 0: there is none."""

    def numbers(self, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """The whole numbers under a tag."""
        entry = self.entries.get(tag)
        if entry is None or entry.type not in NUMBERS or not entry.length:
            return default
        return struct.unpack(f"{self.order}{entry.length}{NUMBERS[entry.type]}", entry.value)

    def number(self, tag: int, default: int = 0) -> int:
        """The first of them."""
        return self.numbers(tag, (default,))[0]


@dataclass(frozen=True)
class Block:
    """A TIFF file, or the block of EXIF in another, which has the same form."""

    data: Bytes
    order: Order
    is_big: bool
    first: int

    @classmethod
    def parse(cls, data: Bytes) -> Block:
        """Read the header; raises ValueError if there is none."""
        head = data[:16]
        order: Order = "<" if head[:2] == b"II" else ">"
        if head[:2] not in (b"II", b"MM") or len(head) < 8:
            raise PictureError("it does not begin as a TIFF")
        version, first = struct.unpack_from(order + "HI", head, 2)
        if version not in (42, 43):
            raise PictureError("it does not begin as a TIFF")
        if version == 43:
            (first,) = struct.unpack_from(order + "Q", head.ljust(16, b"\0"), 8)
        return cls(data, order, version == 43, first)

    def directories(self) -> Iterator[Directory]:
        """Those of the chain, until its end or what cannot be read."""
        at, seen = self.first, set[int]()
        while at and at not in seen and len(seen) < MOST_DIRECTORIES:
            seen.add(at)
            directory = self.directory(at)
            yield directory
            at = directory.following

    def directory(self, at: int) -> Directory:
        """The directory at this place; what reaches past the end of the block is left out."""
        counting, offset, entry_size = ("Q", "Q", 20) if self.is_big else ("H", "I", 12)
        entries: dict[int, Entry] = {}
        following, inside = 0, struct.calcsize(offset)
        start = at + struct.calcsize(counting)
        try:
            (count,) = struct.unpack(self.order + counting, self.data[at:start])
            table = self.data[start : start + entry_size * min(count, MOST_ENTRIES)]
            for place in range(0, entry_size * min(count, MOST_ENTRIES), entry_size):
                tag, type, values = struct.unpack_from(f"{self.order}HH{offset}", table, place)
                size, where = SIZES.get(type, 0) * values, place + entry_size - inside
                if size > inside:
                    (where,) = struct.unpack_from(self.order + offset, table, where)
                else:
                    where += start
                if size and where + size <= len(self.data):
                    is_read = tag != LAYERS or not isinstance(self.data, FileBytes)
                    value = self.data[where : where + size] if is_read else b""
                    entries.setdefault(tag, Entry(type, values, value, where))
            end = start + entry_size * count
            (following,) = struct.unpack(self.order + offset, self.data[end : end + inside])
        except (struct.error, OverflowError):
            pass
        return Directory(self.order, entries, following)

    def folder(self, directory: Directory, depth: int = 3) -> Folder:
        """A directory with those that it points to, as `write_block` takes it."""
        folder: Folder = {}
        for tag, entry in directory.entries.items():
            if tag in POINTERS:
                if depth and (below := self.folder(self.directory(directory.number(tag)), depth - 1)):
                    folder[tag] = below
            elif entry.type in CLASSIC_TYPES:
                folder[tag] = entry
        return folder


def whole_numbers(values: Sequence[int], order: Order, is_big: bool = False) -> Entry:
    """An entry of numbers of 32 bits or, as places in a BigTIFF are, of 64."""
    packed = struct.pack(f"{order}{len(values)}{'Q' if is_big else 'I'}", *values)
    return Entry(LONG8 if is_big else LONG, len(values), packed)


def head_of(order: Order, is_big: bool, first: int) -> bytes:
    """The header of a file whose first directory is at this place."""
    mark = b"II" if order == "<" else b"MM"
    return mark + (
        struct.pack(order + "HHHQ", 43, 8, 0, first) if is_big else struct.pack(order + "HI", 42, first)
    )


def write_block(folder: Folder, order: Order) -> bytes:
    """A block with this one directory, and those below it."""
    return head_of(order, False, 8) + write_folder(folder, order, 8)


def with_directory(data: bytes, folder: Folder, order: Order, is_big: bool = False) -> bytes:
    """A TIFF file that has this as its one directory, and whose samples are where they were."""
    start = len(data) + len(data) % 2  # on a word boundary
    head = head_of(order, is_big, start)
    directory = write_folder(folder, order, start, is_big)
    return b"".join((head, data[len(head) :], bytes(start - len(data)), directory))


def write_folder(folder: Folder, order: Order, start: int, is_big: bool = False) -> bytes:
    """A directory at `start`, an even place, followed by its values and the directories below it."""
    counting, offset, inside = ("Q", "Q", 8) if is_big else ("H", "I", 4)
    table = struct.pack(order + counting, len(folder))
    at, rest = start + len(table) + (4 + 2 * inside) * len(folder) + inside, b""
    for tag, entry in sorted(folder.items(), key=lambda item: item[0]):
        if isinstance(entry, dict):
            place = struct.pack(order + offset, at + len(rest))
            table += struct.pack(f"{order}HH{offset}", tag, LONG8 if is_big else LONG, 1) + place
            rest += write_folder(entry, order, at + len(rest), is_big)
            continue
        table += struct.pack(f"{order}HH{offset}", tag, entry.type, entry.length)
        if len(entry.value) <= inside:
            table += entry.value.ljust(inside, b"\0")
        else:
            table += struct.pack(order + offset, at + len(rest))
            rest += entry.value + bytes(len(entry.value) % 2)
    return table + bytes(inside) + rest
