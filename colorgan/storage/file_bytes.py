"""The bytes of an open file, read where they are asked for: a scan of gigabytes is never in memory whole."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from typing import IO

PIECE = 1 << 22
"""Bytes that are read at once."""


class FileBytes:
    """Looks like the bytes of a file, as far as its length and slices go. One thread may use it at a time."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self._length = file.seek(0, io.SEEK_END)
        self._state = self._now()

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, where: slice) -> bytes:
        start, end, _ = where.indices(self._length)
        self.file.seek(start)
        return self.file.read(max(0, end - start))

    def _now(self) -> object:
        try:
            found = os.fstat(self.file.fileno())
        except OSError:  # it is none on a disk
            return None
        return found.st_size, found.st_mtime_ns

    @property
    def has_changed(self) -> bool:
        """Whether the file was written to since it was opened, so that what was read may be of two states."""
        return self._now() != self._state

    def pieces(self) -> Iterator[bytes]:
        """All of it, some at a time."""
        for start in range(0, self._length, PIECE):
            yield self[start : start + PIECE]


Bytes = bytes | FileBytes
"""A file in memory, or one that is read where it is asked for."""


def pieces_of(data: Bytes) -> Iterator[bytes]:
    """All of a file, some at a time."""
    return data.pieces() if isinstance(data, FileBytes) else iter((data,))


def sha256_of(data: Bytes) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    for piece in pieces_of(data):
        digest.update(piece)
    return digest.hexdigest()
