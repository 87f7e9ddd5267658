"""Read a photograph into memory or, if it does not fit there, open its file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryFile
from typing import IO

from colorgan.batch.memory import need_of_file
from colorgan.config import ColorizeConfig
from colorgan.errors import ImageError
from colorgan.photo.image import Photo
from colorgan.photo.need import Need
from colorgan.storage.file_bytes import PIECE, FileBytes
from colorgan.storage.paths import storage_of
from colorgan.storage.protocol import Found, Stamp


def need_of_found(found: Found, settings: ColorizeConfig) -> Need:
    """Memory that a file takes at most; raises ImageError."""
    with _reading(found):
        stamp = found.stamp or storage_of(found.path).stat(found.path)
        return need_of_file(found.path, stamp, settings)


@contextmanager
def reading(found: Found, max_pixels: int, *, streamed: bool) -> Iterator[tuple[Photo, Stamp]]:
    """The photograph and its file's stamp. One that is streamed holds while this lasts; raises ImageError."""
    storage = storage_of(found.path)
    # An object is to be the one that was listed; a file may have changed, and its new state counts.
    expected = found.stamp if storage.is_remote else None
    if not streamed:
        with _reading(found):
            data, stamp = storage.read(found.path, expected)
        yield Photo.of(found.path, data, max_pixels, pages=True), stamp
        return
    with ExitStack() as files:
        with _reading(found):
            stamp = expected or storage.stat(found.path)
            file: IO[bytes] = files.enter_context(storage.open(found.path, stamp))
            if storage.is_remote:  # a part at a time would be a request at a time
                copy = files.enter_context(TemporaryFile())
                shutil.copyfileobj(file, copy, PIECE)
                file = copy
            if storage.stat(found.path) != stamp:
                raise OSError(0, "it changed while it was read")
        yield Photo.streamed(found.path, FileBytes(file), max_pixels), stamp


@contextmanager
def _reading(found: Found) -> Iterator[None]:
    """Turn what goes wrong while a file is read into ImageError."""
    try:
        yield
    except OSError as error:
        raise ImageError(found.path, f"cannot be read ({error.strerror})") from error
