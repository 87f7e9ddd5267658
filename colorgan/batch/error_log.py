"""Tracebacks of faults of ours, for reports: in a file, as a user is not to see them."""

from __future__ import annotations

import platform
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

from colorgan.batch.entry import now
from colorgan.storage.paths import AnyPath, storage_of
from colorgan.version import __version__

NAME = "colorgan-error.log"


def log_error(folder: AnyPath | None, what: str) -> AnyPath:
    """Add the traceback of the error that is being handled to the log in a folder, and say where that is.

    Where none can be written, it is in the folder for temporary files.
    """
    text = (
        f"{now()} colorgan {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"{what}\n{traceback.format_exc()}\n"
    ).encode("utf-8", "backslashreplace")
    if folder:
        with suppress(OSError):
            storage_of(folder).append(folder / NAME, text)
            return folder / NAME
    with tempfile.NamedTemporaryFile(prefix="colorgan-", suffix=".log", delete=False) as file:
        file.write(text)
        return Path(file.name)
