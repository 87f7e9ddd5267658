"""Write results, and tell what to know them by later."""

from __future__ import annotations

import errno
import hashlib

from colorgan.batch.outcome import Written
from colorgan.errors import ImageError, RunError
from colorgan.storage.paths import AnyPath, storage_of

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_result(path: AnyPath, data: bytes, mtime_ns: int = 0) -> Written:
    """Write a result; a full disk or a store without access ends the run, another failure is the image's.

    `mtime_ns` is the time of change to give to a file on disk, in nanoseconds since 1970; 0 is now.
    """
    storage = storage_of(path)
    try:
        stamp = storage.write(path, data, mtime_ns)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise RunError(
                f"{path.parent}: the disk is full; make room and run the same command again"
            ) from error
        if storage.is_remote and isinstance(error, PermissionError):
            raise RunError(f"{path}: cannot be written ({error.strerror})") from error
        raise ImageError(path, f"cannot be written ({error.strerror})") from error
    return Written(len(data), hashlib.sha256(data).hexdigest(), stamp.mtime_ns, stamp.etag)
