"""Pages of a TIFF: which directories are pictures and which show one smaller, and files joined of pages."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import IO

from colorgan.photo.damage import PictureError
from colorgan.photo.ifd import (
    POINTERS,
    SUB_DIRECTORIES,
    Block,
    Directory,
    Folder,
    Order,
    head_of,
    whole_numbers,
    write_folder,
)
from colorgan.photo.tiff_pixels import (
    COUNTS,
    HEIGHT,
    OFFSETS,
    OLD_JPEG,
    TILE_COUNTS,
    TILE_OFFSETS,
    WIDTH,
    is_preview,
    is_reduced,
)
from colorgan.storage.file_bytes import Bytes, pieces_of


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


def copy_page(data: Bytes, block: Block, page: Directory, file: IO[bytes]) -> None:
    """Write a file of one page, its samples as they are in this one; ValueError if they cannot be copied."""
    if OLD_JPEG in page.entries:
        raise PictureError("its JPEG is of the old kind, which cannot be copied alone")
    folder = _folder(block, page)
    folder.pop(SUB_DIRECTORIES, None)
    at = file.write(head_of(block.order, block.is_big, 0))
    for offsets, counts in ((OFFSETS, COUNTS), (TILE_OFFSETS, TILE_COUNTS)):
        places = []
        for start, count in zip(page.numbers(offsets), page.numbers(counts), strict=True):
            places.append(at)
            at += file.write(data[start : start + count] + bytes(count % 2))
        if places:
            folder[offsets] = whole_numbers(places, block.order, block.is_big)
    file.write(bytes(at % 2) + write_folder(folder, block.order, at + at % 2, block.is_big))
    file.seek(0)
    file.write(head_of(block.order, block.is_big, at + at % 2))


class PagesWriter:
    """Writes one file of many of one page each, all in one byte order; a BigTIFF if it is told to."""

    def __init__(self, file: IO[bytes], is_big: bool) -> None:
        self.file, self.is_big = file, is_big
        self._at, self._link = 0, 0
        """The end, and where the place of the next directory is written."""

    def add(self, data: Bytes) -> None:
        """Put the picture of a file of one page at the end, with its reductions."""
        block = Block.parse(data)
        if not self._at:
            self._write(head_of(block.order, self.is_big, 0))
            self._link = self._at - (8 if self.is_big else 4)
        start = self._at
        for piece in pieces_of(data):
            self._write(piece)
        self._write(bytes(self._at % 2))
        page = next(block.directories())
        folder, places = self._moved(block, page, start), []
        for at in page.numbers(SUB_DIRECTORIES):
            places.append(self._at)
            self._write_folder(self._moved(block, block.directory(at), start), block.order)
        if places:
            folder[SUB_DIRECTORIES] = whole_numbers(places, block.order, self.is_big)
        self.file.seek(self._link)
        self.file.write(struct.pack(block.order + ("Q" if self.is_big else "I"), self._at))
        self.file.seek(self._at)
        self._link = self._at + ((8 + 20 * len(folder)) if self.is_big else (2 + 12 * len(folder)))
        self._write_folder(folder, block.order)

    def _write_folder(self, folder: Folder, order: Order) -> None:
        data = write_folder(folder, order, self._at, self.is_big)
        self._write(data + bytes(len(data) % 2))

    def _write(self, data: bytes) -> None:
        self._at += self.file.write(data)

    def _moved(self, block: Block, page: Directory, start: int) -> Folder:
        folder = _folder(block, page)
        for tag in (OFFSETS, TILE_OFFSETS):
            if places := page.numbers(tag):
                folder[tag] = whole_numbers([start + place for place in places], block.order, self.is_big)
        return folder


def _folder(block: Block, page: Directory) -> Folder:
    """All of a directory that was read, with those of EXIF below it."""
    below = {tag: value for tag, value in block.folder(page).items() if isinstance(value, dict)}
    return {tag: entry for tag, entry in page.entries.items() if tag not in POINTERS and entry.value} | below
