"""What a folder holds: gone through once, on a thread of its own, while it is already worked on."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable, Iterator
from threading import Condition, Thread
from typing import Any

from colorgan.storage.protocol import Found, Report, Stamp

BLOCK = 1024
"""Files that are packed together; the first blocks are shorter, so that nobody waits for them."""

Walk = Callable[[Report], Iterator[Found]]
"""Goes through a folder, and reports what cannot be listed."""


class Listing:
    """The files of a folder and below it, in memory at some 30 bytes each.

    The first who asks starts the walk. All who ask follow it, and those who come later get the same files
    once more. So a folder is not listed again for a total, or to find names that are there twice.
    """

    def __init__(self, walk: Walk, path_of: Callable[[str], Any]) -> None:
        self._walk, self._path_of = walk, path_of
        self._blocks: _Blocks | None = None
        self._served = False

    def files(self, report: Report) -> Iterator[Found]:
        """Visible files by their names, folder by folder; what cannot be listed is reported.

        Raises what the walk raised, where it did.
        """
        if self._blocks is None:
            self._blocks = _Blocks(self._walk)
        for text, stamp, reason in self._blocks.follow():
            path = self._path_of(text)
            if reason:
                report(path, reason)
            else:
                yield Found(path, Stamp(*stamp) if stamp else None)

    def begin(self) -> None:
        """Tell that a run begins: the second one of a job goes through the folder anew."""
        if self._served:
            self._blocks = None
        self._served = True


class _Blocks:
    """Packed blocks of files, which a thread adds to."""

    def __init__(self, walk: Walk) -> None:
        self._packed: list[bytes] = []
        self._is_whole = False
        self._error: BaseException | None = None
        self._changed = Condition()
        Thread(target=self._fill, args=(walk,), daemon=True).start()

    def follow(self) -> Iterator[tuple[str, tuple[Any, ...] | None, str]]:
        """All files, as soon as they are there: path, stamp, and why a folder cannot be listed."""
        place = 0
        while True:
            with self._changed:
                while place == len(self._packed) and not self._is_whole:
                    self._changed.wait()
                if place == len(self._packed):
                    break
            yield from pickle.loads(zlib.decompress(self._packed[place]))  # noqa: S301 - ours
            place += 1
        if self._error:
            raise self._error

    def _fill(self, walk: Walk) -> None:
        block: list[tuple[str, tuple[Any, ...] | None, str]] = []
        size = 1

        def report(path: Any, reason: str) -> None:
            block.append((str(path), None, reason))

        try:
            for path, stamp, _ in walk(report):
                block.append((str(path), stamp and tuple(stamp), ""))
                if len(block) >= size:
                    self._add(block)
                    size = min(2 * size, BLOCK)
        except BaseException as error:  # to be raised where somebody hears of it
            self._error = error
        self._add(block, is_whole=True)

    def _add(self, block: list[tuple[str, tuple[Any, ...] | None, str]], *, is_whole: bool = False) -> None:
        packed = zlib.compress(pickle.dumps(block), 1)
        with self._changed:
            if block:
                self._packed.append(packed)
            self._is_whole = is_whole
            self._changed.notify_all()
        block.clear()
