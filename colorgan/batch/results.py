"""Write results, and tell what to know them by later."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from colorgan.batch.outcome import Written
from colorgan.errors import ImageError, RunError
from colorgan.storage.file_bytes import Bytes, FileBytes, sha256_of
from colorgan.storage.paths import AnyPath, storage_of

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_result(path: AnyPath, data: Bytes, mtime_ns: int = 0) -> Written:
    """Write a result; a full disk or a store without access ends the run, another failure is the image's.

    `mtime_ns` is the time of change to give to a file on disk, in nanoseconds since 1970; 0 is now.
    """
    with writing_result(path):
        stamp = storage_of(path).write(path, data, mtime_ns)
    return Written(len(data), sha256_of(data), stamp.mtime_ns, stamp.etag)


@contextmanager
def writing_result(path: AnyPath) -> Iterator[None]:
    """Turn what goes wrong while a result is written into RunError or ImageError."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise RunError(
                f"{path.parent}: the disk is full; make room and run the same command again"
            ) from error
        if storage_of(path).is_remote and isinstance(error, PermissionError):
            raise RunError(f"{path}: cannot be written ({error.strerror})") from error
        raise ImageError(path, f"cannot be written ({error.strerror})") from error


def keep_other(path: AnyPath, data: Bytes, sha256: str = "") -> str:
    """Keep what is at the place of a result, unless it is empty, or is `data`, or has the digest `sha256`.

    It stays where it is, for the result to replace, and gets a second name beside it, such as `a.jpg.bak`.
    Returns that name, or an empty one if there is nothing to keep. Raises ImageError if it cannot be kept.
    """
    storage = storage_of(path)
    try:
        with storage.open(path) as file:
            there = FileBytes(file)
            is_known = not len(there) or sha256_of(there) in (sha256, sha256_of(data))
        return "" if is_known else storage.keep(path).name
    except FileNotFoundError:
        return ""
    except OSError as error:
        reason = f"cannot replace {path.name}, which is not a result in the manifest"
        raise ImageError(path, f"{reason}, nor keep it ({error.strerror}); rename it") from error
