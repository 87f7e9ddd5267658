"""A bound on the sum of the memory of photographs in progress, told by their headers."""

from __future__ import annotations

import ctypes
import math
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from threading import Condition

from colorgan.config import ColorizeConfig
from colorgan.errors import TooLargeError
from colorgan.photo.need import Need, need_of
from colorgan.storage.paths import AnyPath, storage_of
from colorgan.storage.protocol import Stamp


def need_of_file(path: AnyPath, stamp: Stamp, settings: ColorizeConfig) -> Need:
    """What a file needs that is not open; OSError if it cannot be opened."""
    with storage_of(path).open(path, stamp) as file:
        return need_of(file, stamp.size, settings.format, settings.max_pixels)


MARGIN = 1.3
"""Times the limit is what one photograph may need; it is processed while no other is. What a photograph needs
is told too high rather than too low, so that most of these stay within the limit."""

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


class Budget:
    """Lets work begin, in the order of arrival, while the sum of its sizes stays within a limit.

    What is larger than the limit runs alone.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken = 0
        self._waiting = deque[object]()
        self._changed = Condition()

    def size_of(self, path: PurePath, need: Need) -> int:
        """Bytes to take for a photograph; TooLargeError if it may not be colored even alone."""
        most = self.limit * MARGIN
        size = need.whole if need.whole <= most else need.least
        if size > most:
            figure = _megabytes(size)
            raise TooLargeError(path, f"takes more memory than is allowed; needs --memory {figure}")
        return size

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Wait until there is room, and take it for as long as this lasts."""
        self.acquire(size)
        try:
            yield
        finally:
            self.release(size)

    def acquire(self, size: int) -> None:
        """Wait until there is room, and take it."""
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            self._changed.wait_for(
                lambda: self._waiting[0] is ticket and (not self._taken or self._taken + size <= self.limit)
            )
            self._waiting.popleft()
            self._taken += size
            self._changed.notify_all()

    def release(self, size: int) -> None:
        """Give room back."""
        if self._waiting:
            give_back()
        with self._changed:
            self._taken -= size
            self._changed.notify_all()


def give_back() -> None:
    """Give what malloc keeps for the next picture back to the system, where it is glibc's.

    Each thread has an arena of its own, so that sixteen keep what sixteen pictures took.
    """
    if _trim:
        _trim(0)


def _megabytes(size: int) -> int:
    """Rounded up to two digits or, of thousands, to hundreds."""
    step = 1 if size < 100_000_000 else 10 if size < 1_000_000_000 else 100
    return math.ceil(size / 1_000_000 / step) * step
