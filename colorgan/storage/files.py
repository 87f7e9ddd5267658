"""Files that are there whole or not at all."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile

from colorgan.errors import RunError, UsageError, reason_of


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


LEFTOVER = ".colorgan-partial"


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give the name of a temporary file beside `path` to write to; it takes its place if no error comes.

    After a power loss there is the old file or the new one, whole. The bytes are on the disk before the name
    is; the folder, with those made for it, is before this returns.
    """
    made = _make_folder(path.parent)
    temporary = _new_file(path.parent)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
        for folder in (path.parent, *made):
            _sync_folder(folder)
    finally:
        temporary.unlink(missing_ok=True)


def _new_file(folder: Path) -> Path:
    """Make an empty file with a short name that nobody can foresee, so that no link can wait there."""
    while True:
        path = folder / f".{secrets.token_hex(6)}{LEFTOVER}"
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            return path


def _make_folder(folder: Path) -> list[Path]:
    """Make a folder and what it is in; give the folders that have got a new one."""
    missing = [folder] if not folder.exists() else []
    while missing and not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    folder.mkdir(parents=True, exist_ok=True)
    return [each.parent for each in missing]


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system knows how to."""
    with suppress(OSError):  # Windows opens no folder, and some file systems sync none
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what goes wrong while `path` is written into RunError."""
    try:
        yield
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({reason_of(error)})") from error


def make_writable(folder: Path) -> None:
    """Make the folder if it is not there, and see that files can be made in it, before any work is done."""
    try:
        for each in (folder, *folder.parents):
            if each.exists() and not each.is_dir():
                raise UsageError(f"{folder}: cannot be made, as {each} is no folder; name another one")
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


def remove_leftovers(folder: Path, are_in_use: Callable[[], bool] = lambda: False) -> None:
    """Remove the temporary files that a killed process left in the folder and below it.

    It is asked whether they are in use once they are found: of a process that starts later they are not.
    """
    found = [
        Path(parent, name)
        for parent, _, names in os.walk(folder)
        for name in names
        if name.startswith(".") and name.endswith(LEFTOVER)
    ]
    if found and not are_in_use():
        for path in found:
            path.unlink(missing_ok=True)
