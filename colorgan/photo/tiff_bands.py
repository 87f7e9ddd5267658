"""Some rows of a TIFF as a TIFF of its own, which the same decoders read: the whole is never in memory."""

from __future__ import annotations

from dataclasses import dataclass

from colorgan.photo.color import STRIP
from colorgan.photo.ifd import LAYERS, SUB_DIRECTORIES, Folder, whole_numbers, with_directory
from colorgan.photo.metadata import OF_LAYOUT, ORIENTATION
from colorgan.photo.tiff_pixels import (
    COMPRESSION,
    COUNTS,
    HEIGHT,
    OF_BYTES,
    OFFSETS,
    OLD_JPEG,
    OLD_SUBFILE_TYPE,
    PLANAR,
    STRIP_ROWS,
    SUBFILE_TYPE,
    TILE_COUNTS,
    TILE_HEIGHT,
    TILE_OFFSETS,
    TILE_WIDTH,
    YCC,
    TiffLayout,
)
from colorgan.storage.file_bytes import Bytes

NONE, JPEG = 1, 7
BY_LIBTIFF = {2, 3, 4, JPEG, *OF_BYTES}
"""Compressions that Pillow leaves to it, part by part: those of faxes, JPEG of 8 bits, and those of bytes."""
KEPT = OF_LAYOUT - {ORIENTATION, SUB_DIRECTORIES, SUBFILE_TYPE, OLD_SUBFILE_TYPE, LAYERS}


@dataclass(frozen=True)
class Bands:
    """A page of a TIFF by its rows, in bands of whole strips or tiles."""

    data: Bytes
    layout: TiffLayout
    planes: int
    """That lie apart in the file: of each sample, or of all of them together."""
    across: int
    """Strips or tiles beside each other."""
    unit: int
    """Rows of a strip or tile; of plain samples, 1."""
    is_plain: bool
    """Whether strips hold rows of samples as they are, so that any number of rows can be taken."""

    @classmethod
    def of(cls, data: Bytes, layout: TiffLayout) -> Bands | None:
        """Those of a page; None if it cannot be taken apart."""
        number, numbers = layout.directory.number, layout.directory.numbers
        planes = layout.samples if number(PLANAR, 1) == 2 else 1
        is_tiled = bool(numbers(TILE_OFFSETS))
        offsets, counts = (TILE_OFFSETS, TILE_COUNTS) if is_tiled else (OFFSETS, COUNTS)
        across = -(-layout.width // max(1, number(TILE_WIDTH))) if is_tiled else 1
        rows = number(TILE_HEIGHT) if is_tiled else min(number(STRIP_ROWS, layout.height), layout.height)
        compression = number(COMPRESSION, 1)
        if compression not in BY_LIBTIFF or (compression == JPEG and layout.bits > 8):
            return None
        if compression == NONE and layout.photometric == YCC:  # which Pillow reads of a file made for it
            return None
        if OLD_JPEG in layout.directory.entries or not rows or not layout.height or not layout.width:
            return None
        there = planes * across * -(-layout.height // rows)
        if not len(numbers(offsets)) == len(numbers(counts)) == there:
            return None
        is_plain = compression == NONE and not is_tiled
        return cls(data, layout, planes, across, 1 if is_plain else rows, is_plain)

    @property
    def rows(self) -> int:
        """Of a band, but for the last one."""
        return self.unit * max(1, STRIP // self.unit)

    def file(self, top: int) -> bytes:
        """A TIFF of the rows of the band that begins at `top`."""
        bottom = min(top + self.rows, self.layout.height)
        directory, numbers = self.layout.directory, self.layout.directory.numbers
        folder: Folder = {tag: entry for tag, entry in directory.entries.items() if tag in KEPT}
        samples, places, sizes = [bytes(8)], list[int](), list[int]()
        at = 8

        for parts in self._parts(top, bottom):
            body = b"".join(self.data[start : start + size] for start, size in parts)
            places.append(at)
            sizes.append(len(body))
            samples.append(body + bytes(len(body) % 2))
            at += len(samples[-1])
        folder[HEIGHT] = whole_numbers([bottom - top], directory.order)
        is_tiled = bool(numbers(TILE_OFFSETS))
        folder[TILE_OFFSETS if is_tiled else OFFSETS] = whole_numbers(places, directory.order)
        folder[TILE_COUNTS if is_tiled else COUNTS] = whole_numbers(sizes, directory.order)
        if not is_tiled:
            rows = bottom - top if self.is_plain else self.unit
            folder[STRIP_ROWS] = whole_numbers([rows], directory.order)
        return with_directory(b"".join(samples), folder, directory.order)

    def _parts(self, top: int, bottom: int) -> list[list[tuple[int, int]]]:
        """For each strip or tile of a band, where its bytes are in the file, and how many."""
        numbers = self.layout.directory.numbers
        is_tiled = bool(numbers(TILE_OFFSETS))
        offsets = numbers(TILE_OFFSETS if is_tiled else OFFSETS)
        counts = numbers(TILE_COUNTS if is_tiled else COUNTS)
        share = len(offsets) // self.planes
        if self.is_plain:
            return [self._uncompressed(top, bottom, plane * share) for plane in range(self.planes)]
        first, last = top // self.unit * self.across, -(-bottom // self.unit) * self.across
        which = [plane * share + part for plane in range(self.planes) for part in range(first, last)]
        return [[(offsets[number], counts[number])] for number in which]

    def _uncompressed(self, top: int, bottom: int, first: int) -> list[tuple[int, int]]:
        """The same for rows of samples that are not compressed, which any strip may hold any number of."""
        layout, offsets = self.layout, self.layout.directory.numbers(OFFSETS)
        together = 1 if self.planes > 1 else layout.samples
        length = -(-layout.width * together * layout.bits // 8)
        most = min(layout.directory.number(STRIP_ROWS, layout.height), layout.height)
        parts = []
        while top < bottom:
            strip, row = divmod(top, most)
            rows = min(bottom - top, most - row)
            parts.append((offsets[first + strip] + row * length, rows * length))
            top += rows
        return parts
