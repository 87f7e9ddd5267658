"""How much memory a photograph takes, told by its header before any of it is read, and a bound on the sum."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from typing import IO

from PIL import Image

from colorgan.photo.families import pixels_of_head
from colorgan.photo.pillow import DECODE_ERRORS, NO_LIMIT, READ
from colorgan.storage.paths import AnyPath, storage_of
from colorgan.storage.protocol import Stamp

BYTES_PER_PIXEL = 16
"""Decoded, luma, chroma, merged and converted, as Pillow keeps them, and the result."""
HEAVY = 30
"""The same of 16 bits a channel, and of formats whose encoders have copies of their own."""
WITH_COPIES = ("WEBP", "AVIF", "JPEG2000")
ENOUGH = 1 << 17
"""Bytes in which the size of a picture stands."""


def bytes_to_color(path: AnyPath, stamp: Stamp) -> int:
    """Memory that coloring a file takes at most, in bytes; of one that is no image, that of its bytes.

    OSError if it cannot be opened.
    """
    with storage_of(path).open(path, stamp) as file:
        return memory_of(file, stamp.size)


def memory_of(file: IO[bytes], size: int) -> int:
    """The same of a file of `size` bytes that is open."""
    try:
        with NO_LIMIT, Image.open(file, formats=READ) as image:
            pixels = image.width * image.height
            is_heavy = image.mode.startswith(("I", "F")) or image.format in WITH_COPIES
            each = HEAVY if is_heavy else BYTES_PER_PIXEL
    except DECODE_ERRORS:  # to be said when it is read, unless another library knows it
        file.seek(0)
        pixels, each = pixels_of_head(file.read(ENOUGH)), HEAVY
    return 2 * size + each * pixels


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
