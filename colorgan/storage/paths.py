"""Files by path or by URL, and the storage that each is in.

A URL with credentials is refused, as it is shown and logged.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from urllib.request import url2pathname

from colorgan.errors import UsageError
from colorgan.storage.local import LocalStorage
from colorgan.storage.objects import OBJECTS, STORES, ObjectPath
from colorgan.storage.protocol import Storage

AnyPath = Path | ObjectPath

LOCAL = LocalStorage()


def storage_of(path: PurePath) -> Storage:
    """The storage that a path is in; here alone it is told of which kind a path is."""
    return OBJECTS if isinstance(path, ObjectPath) else LOCAL


def locate(place: str | PurePath, schemes: tuple[str, ...] = STORES) -> AnyPath:
    """The path of a file or a folder by its path or URL; UsageError for what is of no use."""
    if "\0" in str(place):
        raise UsageError(f"{str(place)!r}: has a null byte; name a file or a folder")
    if isinstance(place, ObjectPath | Path):
        return place
    text = os.fspath(place) if isinstance(place, str | os.PathLike) else None
    if not isinstance(text, str):
        raise UsageError(f"{place!r}: is not a path; give a str or a pathlib.Path")
    if text in ("", "file://"):  # as of a variable that is not set; Path takes it for the current folder
        raise UsageError(f"{text!r}: names nothing; name a file or a folder, or . for the current one")
    if "://" not in text:
        return Path(text)
    try:
        url = urlsplit(text)
    except ValueError as error:
        raise UsageError(f"{text}: is not a URL ({error})") from error
    if url.scheme == "file":
        return Path(url2pathname(url.path))
    shown = f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"
    if url.scheme not in schemes:
        remedy = f"use a path or {'://, '.join(schemes)}://" if schemes else "copy it to this machine first"
        raise UsageError(f"{shown}: {url.scheme}:// does not work here; {remedy}")
    if "@" in url.netloc or (url.query and url.scheme not in STORES):
        raise UsageError(f"{shown}: give no credentials in a URL; leave out what is before @ and after ?")
    if not url.netloc:
        raise UsageError(f"{shown}: names no bucket, or container")
    return ObjectPath(f"{url.scheme}:/{text.split('://', 1)[1]}")


def absolute(path: AnyPath) -> AnyPath:
    """The same from everywhere, links followed; UsageError for a relative one in a folder that is gone."""
    found: AnyPath = storage_of(path).absolute(path)
    return found


def seen_from(folder: Path, place: AnyPath) -> str:
    """A place as one finds it from a folder on disk: both may move together. A URL stays as it is."""
    if not isinstance(place, Path):
        return str(place)
    with suppress(ValueError):  # another drive of Windows
        return os.path.relpath(absolute(place), absolute(folder))
    return str(place)


def identity_of(folder: AnyPath) -> object:
    """What two paths to one folder have in common."""
    return storage_of(folder).identity(folder)


def on_disk(path: AnyPath, reason: str) -> Path:
    """The path of a file or a folder on disk; UsageError with a reason for any other."""
    if isinstance(path, Path):
        return path
    raise UsageError(f"{path}: {reason}")


@contextmanager
def local_copy(path: AnyPath) -> Iterator[Path]:
    """A file on disk with the bytes of another one, which is itself if it is on disk."""
    if isinstance(path, Path):
        yield path
        return
    with TemporaryDirectory(prefix="colorgan-") as folder:
        copy = Path(folder, path.name)
        try:
            copy.write_bytes(storage_of(path).read_all(path))
        except OSError as error:
            raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
        yield copy
