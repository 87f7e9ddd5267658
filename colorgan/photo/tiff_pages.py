"""Pages of a TIFF: which directories are pictures and which show one smaller, and files joined of pages."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from colorgan.photo.ifd import (
    LONG,
    LONG8,
    POINTERS,
    Block,
    Directory,
    Entry,
    Folder,
    Order,
    with_directory,
    write_folder,
)
from colorgan.photo.tiff_pixels import (
    COUNTS,
    HEIGHT,
    OFFSETS,
    TILE_COUNTS,
    TILE_OFFSETS,
    WIDTH,
    is_preview,
    is_reduced,
)

SUB_DIRECTORIES = 330
OLD_JPEG = 513
"""A tag of pictures whose parts lie anywhere in the file (TIFF 6.0, section 22)."""
CLASSIC_LIMIT = (1 << 32) - (1 << 24)
"""Bytes of a file whose places fit into 32 bits, with room for directories."""


def pictures_of(pages: Sequence[Directory]) -> list[int]:
    """Numbers of the directories that are pages of their own; the first one if none says so."""
    return [number for number, page in enumerate(pages) if not is_preview(page)] or [0]


def reductions_of(block: Block, pages: Sequence[Directory], picture: int) -> tuple[tuple[int, int], ...]:
    """Widths and heights in which the file shows a picture smaller: in a pyramid or as a thumbnail.

    Those are in directories below its own, or follow it until the next picture; in a file with one picture,
    any other directory.
    """
    pictures = pictures_of(pages)
    following = [number for number in pictures if number > picture] or [len(pages)]
    chain = list(pages) if len(pictures) == 1 else pages[picture + 1 : following[0]]
    below = [block.directory(at) for at in pages[picture].numbers(SUB_DIRECTORIES)[:64]]
    sizes = [(each.number(WIDTH), each.number(HEIGHT)) for each in (*chain, *below) if is_reduced(each)]
    width, height = pages[picture].number(WIDTH), pages[picture].number(HEIGHT)
    fitting = {size for size in sizes if 0 < size[0] <= width and 0 < size[1] <= height}
    return tuple(sorted(fitting, reverse=True))


def copy_page(data: bytes, block: Block, page: Directory) -> bytes:
    """A file of one page, its samples as they are in this file; ValueError if they cannot be copied."""
    if OLD_JPEG in page.entries:
        raise ValueError("its JPEG is of the old kind, which cannot be copied alone")
    folder = _folder(block, page)
    folder.pop(SUB_DIRECTORIES, None)
    samples = bytearray(8)
    for offsets, counts in ((OFFSETS, COUNTS), (TILE_OFFSETS, TILE_COUNTS)):
        places = []
        for at, count in zip(page.numbers(offsets), page.numbers(counts), strict=True):
            places.append(len(samples))
            samples += data[at : at + count] + bytes(count % 2)
        if places:
            folder[offsets] = _places(places, block.order, block.is_big)
    return with_directory(bytes(samples), folder, block.order, block.is_big)


def join_pages(files: Sequence[bytes]) -> bytes:
    """One file of many of one page each, all in one byte order; a BigTIFF if it has to be."""
    order = Block.parse(files[0]).order
    is_big = sum(map(len, files)) > CLASSIC_LIMIT
    out = bytearray(_head(order, is_big, 0))
    link = len(out) - (8 if is_big else 4)  # where the place of the next directory is written
    for file in files:
        folder = append(out, file, is_big)
        out += bytes(len(out) % 2)
        struct.pack_into(order + ("Q" if is_big else "I"), out, link, len(out))
        table = (8 + 20 * len(folder)) if is_big else (2 + 12 * len(folder))
        link = len(out) + table
        out += write_folder(folder, order, len(out), is_big)
    return bytes(out)


def append(out: bytearray, file: bytes, is_big: bool) -> Folder:
    """Put a file of one page at the end of another; its directory, as it is to be written there."""
    out += bytes(len(out) % 2)
    start, block = len(out), Block.parse(file)
    out += file
    page = next(block.directories())
    folder = _moved(block, page, start, is_big)
    places = []
    for at in page.numbers(SUB_DIRECTORIES):
        below = _moved(block, block.directory(at), start, is_big)
        out += bytes(len(out) % 2)
        places.append(len(out))
        out += write_folder(below, block.order, len(out), is_big)
    if places:
        folder[SUB_DIRECTORIES] = _places(places, block.order, is_big)
    return folder


def with_reductions(data: bytes, folder: Folder, smaller: Sequence[bytes], order: Order) -> bytes:
    """A file with this as its one directory, and files of one page as directories below it."""
    is_big = Block.parse(data).is_big
    out, places = bytearray(data), []
    for file in smaller:
        below = append(out, file, is_big) | {254: Entry(LONG, 1, struct.pack(order + "I", 1))}
        out += bytes(len(out) % 2)
        places.append(len(out))
        out += write_folder(below, order, len(out), is_big)
    return with_directory(
        bytes(out), folder | {SUB_DIRECTORIES: _places(places, order, is_big)}, order, is_big
    )


def _folder(block: Block, page: Directory) -> Folder:
    """All of a directory, with those of EXIF below it."""
    below = {tag: value for tag, value in block.folder(page).items() if isinstance(value, dict)}
    return {tag: entry for tag, entry in page.entries.items() if tag not in POINTERS} | below


def _moved(block: Block, page: Directory, start: int, is_big: bool) -> Folder:
    folder = _folder(block, page)
    for tag in (OFFSETS, TILE_OFFSETS):
        if places := page.numbers(tag):
            folder[tag] = _places([start + place for place in places], block.order, is_big)
    return folder


def _places(places: Sequence[int], order: Order, is_big: bool) -> Entry:
    packed = struct.pack(f"{order}{len(places)}{'Q' if is_big else 'I'}", *places)
    return Entry(LONG8 if is_big else LONG, len(places), packed)


def _head(order: Order, is_big: bool, first: int) -> bytes:
    mark = b"II" if order == "<" else b"MM"
    return mark + (
        struct.pack(order + "HHHQ", 43, 8, 0, first) if is_big else struct.pack(order + "HI", 42, first)
    )
