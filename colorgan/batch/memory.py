"""A bound on the sum of the memory of photographs in progress."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from colorgan.photo.need import Need, need_of
from colorgan.storage.paths import AnyPath, storage_of
from colorgan.storage.protocol import Stamp


def need_of_file(path: AnyPath, stamp: Stamp) -> Need:
    """What a file needs that is not open; OSError if it cannot be opened."""
    with storage_of(path).open(path, stamp) as file:
        return need_of(file, stamp.size)


class Budget:
    """Lets work begin, in the order of arrival, while the sum of its sizes stays within a limit.

    What is larger than the limit runs alone.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken = 0
        self._waiting = deque[object]()
        self._changed = Condition()

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
        with self._changed:
            self._taken -= size
            self._changed.notify_all()
