"""Write TIFFs in color, of 8 or 16 bits, compressed, with tags of any kind: Pillow cannot do all this."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import IO, Any

import deflate
import numpy as np
import numpy.typing as npt
from PIL import Image

from colorgan.photo.color import STRIP as ROWS_AT_ONCE
from colorgan.photo.color import DeepPlanes, Planes
from colorgan.photo.ifd import (
    SHORT,
    SUB_DIRECTORIES,
    Entry,
    Folder,
    Order,
    head_of,
    whole_numbers,
    write_folder,
)
from colorgan.photo.png import DEFLATE_LEVEL
from colorgan.photo.tiff_pixels import (
    BITS,
    COMPRESSION,
    COUNTS,
    EXTRA,
    HEIGHT,
    OFFSETS,
    PHOTOMETRIC,
    PREDICTOR,
    RGB,
    SAMPLES,
    STRAIGHT,
    STRIP_ROWS,
    SUBFILE_TYPE,
    WIDTH,
)

STRIP = 1 << 18
"""Bytes of a strip before it is compressed, about."""
DEFLATE = 8
CLASSIC_LIMIT = (1 << 32) - (1 << 25)
"""Bytes of a file whose places fit into 32 bits, with room for directories."""
Size = tuple[int, int]


def encode_tiff(
    pixels: Planes | DeepPlanes, order: Order, tags: Folder, reductions: Sequence[Size] = ()
) -> bytes:
    """Encode RGB or RGBA, uint8 or uint16 (H, W, 3 or 4), with these tags in this byte order.

    `reductions` are widths and heights in which it is shown smaller besides, in directories below its own.
    """
    file = io.BytesIO()
    writer = TiffWriter(file, pixels.shape, pixels.dtype, order, reductions)
    for top in range(0, len(pixels), ROWS_AT_ONCE):
        writer.add(pixels[top : top + ROWS_AT_ONCE])
    writer.close(tags)
    return file.getvalue()


class TiffWriter:
    """Writes a TIFF some rows at a time; it is a BigTIFF if it might become too large for the other kind."""

    def __init__(
        self,
        file: IO[bytes],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        order: Order,
        reductions: Sequence[Size] = (),
    ) -> None:
        """Begin a file, empty now, of (H, W, 3 or 4) uint8 or uint16; for the rest see `encode_tiff`."""
        height, width, channels = shape
        self.file, self.order = file, order
        pixels = height * width + sum(width * height for width, height in reductions)
        self.is_big = pixels * channels * dtype.itemsize > CLASSIC_LIMIT
        self.picture = _Picture(self, shape, dtype)
        self._smaller = [
            _Smaller(shape, size, _Picture(self, (*size[::-1], channels), dtype)) for size in reductions
        ]
        self.place = file.write(head_of(order, self.is_big, 0))

    def add(self, rows: npt.NDArray[Any]) -> None:
        """Write the next rows of the picture, (rows, W, 3 or 4)."""
        self.picture.add(rows)
        for each in self._smaller:
            each.add(rows)

    def close(self, tags: Folder) -> None:
        """Write the directory, with these tags, after all rows."""
        places = []
        for each in self._smaller:
            is_reduced = {SUBFILE_TYPE: whole_numbers([1], self.order)}
            places.append(self._write_folder(each.picture.folder() | is_reduced))
        below: Folder = {SUB_DIRECTORIES: whole_numbers(places, self.order, self.is_big)} if places else {}
        at = self._write_folder(self.picture.folder() | tags | below)
        self.file.seek(0)
        self.file.write(head_of(self.order, self.is_big, at))
        self.file.seek(0, io.SEEK_END)

    def write(self, data: bytes) -> int:
        """Put bytes at the end, on a word boundary; where they are."""
        at = self.place
        self.place += self.file.write(data + bytes(len(data) % 2))
        return at

    def _write_folder(self, folder: Folder) -> int:
        return self.write(write_folder(folder, self.order, self.place, self.is_big))


class _Picture:
    """The strips of one picture: differences of neighbors (TIFF 6.0, section 14), compressed by libdeflate.

    On photographs differences take a third less; libdeflate takes a fraction of the time of zlib.
    """

    def __init__(self, writer: TiffWriter, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.writer, self.shape, self.dtype = writer, shape, dtype
        self.rows = min(shape[0], max(1, STRIP // (shape[1] * shape[2] * dtype.itemsize)))
        self.checks = list[int]()
        """CRC-32 of the pixels of each strip, in the byte order of this machine."""
        self._places, self._sizes = list[int](), list[int]()
        self._there, self._waiting = 0, np.empty((0, *shape[1:]), dtype)

    def add(self, rows: npt.NDArray[Any]) -> None:
        """Write the strips that are full now."""
        self._there += len(rows)
        rows = np.concatenate([self._waiting, rows]) if len(self._waiting) else rows
        is_last = self._there == self.shape[0]
        whole = len(rows) if is_last else len(rows) // self.rows * self.rows
        for top in range(0, whole, self.rows):
            self._write(rows[top : top + self.rows])
        self._waiting = rows[whole:].copy()

    def _write(self, strip: npt.NDArray[Any]) -> None:
        self.checks.append(check_of(strip))
        packed = bytes(deflate.zlib_compress(stored(strip, self.writer.order).data, DEFLATE_LEVEL))
        self._places.append(self.writer.write(packed))
        self._sizes.append(len(packed))

    def folder(self) -> Folder:
        """The tags of its layout."""
        height, width, channels = self.shape
        order, bits = self.writer.order, 8 * self.dtype.itemsize

        def long(*values: int) -> Entry:
            return whole_numbers(values, order)

        def short(*values: int) -> Entry:
            return Entry(SHORT, len(values), struct.pack(f"{order}{len(values)}H", *values))

        folder: Folder = {
            WIDTH: long(width),
            HEIGHT: long(height),
            BITS: short(*[bits] * channels),
            COMPRESSION: short(DEFLATE),
            PHOTOMETRIC: short(RGB),
            OFFSETS: whole_numbers(self._places, order, self.writer.is_big),
            SAMPLES: short(channels),
            STRIP_ROWS: long(self.rows),
            COUNTS: long(*self._sizes),
            PREDICTOR: short(2),
        }
        return folder | ({EXTRA: short(STRAIGHT)} if channels == 4 else {})


class _Smaller:
    """A picture made smaller: the mean of the pixels that each one stands for, as Pillow's BOX has it.

    Pillow has no color of 16 bits, nor takes rows one after the other.
    """

    def __init__(self, shape: tuple[int, ...], size: Size, picture: _Picture) -> None:
        self.picture, self.width = picture, size[0]
        scale = shape[0] / size[1]
        centers = (np.arange(size[1]) + 0.5) * scale
        self._first = (centers - scale / 2 + 0.5).astype(int).clip(0, shape[0] - 1)
        self._end = np.maximum((centers + scale / 2 + 0.5).astype(int).clip(0, shape[0]), self._first + 1)
        self._row = 0
        """The next one to be made."""
        self._top, self._waiting = 0, np.empty((0, size[0], shape[2]), np.float32)

    def add(self, rows: npt.NDArray[Any]) -> None:
        """Take rows of the picture, and write those that can be made of them."""
        narrow = np.empty((len(rows), self.width, rows.shape[2]), np.float32)
        for channel in range(rows.shape[2]):
            plane = Image.fromarray(rows[..., channel].astype(np.float32))
            narrow[..., channel] = np.asarray(plane.resize((self.width, len(rows)), Image.Resampling.BOX))
        there = np.concatenate([self._waiting, narrow])
        end = int(np.searchsorted(self._end, self._top + len(there), "right"))
        if made := [
            there[self._first[row] - self._top : self._end[row] - self._top].mean(axis=0)
            for row in range(self._row, end)
        ]:
            self.picture.add(np.rint(made).astype(self.picture.dtype))
        self._row = end
        keep = int(self._first[end]) - self._top if end < len(self._first) else len(there)
        self._top, self._waiting = self._top + keep, there[keep:].copy()


def stored(strip: npt.NDArray[Any], order: Order) -> Planes:
    """The bytes, uint8 (N,), that stand for a strip (rows, W, 3 or 4) before they are compressed."""
    differences = strip.copy()
    np.subtract(strip[:, 1:], strip[:, :-1], out=differences[:, 1:])
    return differences.astype(strip.dtype.newbyteorder(order), copy=False).reshape(-1).view(np.uint8)


def check_of(strip: npt.NDArray[Any]) -> int:
    """What to know the pixels of a strip by."""
    return int(deflate.crc32(np.ascontiguousarray(strip).reshape(-1).view(np.uint8).data))
