"""Files that are there whole or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile

from colorgan.errors import RunError, UsageError


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


LEFTOVER = ".colorgan-partial"


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give the name of a temporary file beside `path` to write to; it takes its place if no error comes.

    The bytes are on the disk before the name is: after a power loss there is the old file or the new one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}{LEFTOVER}")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what goes wrong while `path` is written into RunError."""
    try:
        yield
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror or error})") from error


def make_writable(folder: Path) -> None:
    """Make the folder if it is not there, and see that files can be made in it, before any work is done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written to ({error.strerror})") from error


def ignores_case(folder: Path) -> bool:
    """Whether a file system takes names that differ in case alone for one; no where it cannot be tried."""
    try:
        with NamedTemporaryFile(dir=folder, prefix=".colorgan-case-") as file:
            path = Path(file.name)
            return path.with_name(path.name.upper()).exists()
    except OSError:  # there is no such folder yet, or a dry run may not write to it
        return False


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that a killed process left in the folder and below it."""
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.startswith(".") and name.endswith(LEFTOVER):
                Path(parent, name).unlink(missing_ok=True)
