"""Files in object storage, by fsspec: there whole or not at all, as a store puts them there at once.

Credentials are found by the store's own library, as it always does.
"""

from __future__ import annotations

import errno
import hashlib
import io
import math
import re
import shutil
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import Any, BinaryIO

from colorgan.errors import RunError, UsageError
from colorgan.storage.file_bytes import Bytes, FileBytes, pieces_of
from colorgan.storage.protocol import (
    ChangedError,
    Found,
    LeaveOut,
    Report,
    Stamp,
    Wanted,
    every,
    ignore,
    leave_out_nothing,
    names_to_keep,
)
from colorgan.storage.redirects import only_https
from colorgan.storage.store_errors import as_os_errors, in_words

STORES = ("s3", "gs", "az")
FOR_MODELS = (*STORES, "https")
"""A web server has no list of what it holds."""

MD5 = re.compile("[0-9a-f]{32}")
PIECE = 1 << 16
"""Bytes to ask for at a time where a part of an object will do."""


class ObjectPath(PurePosixPath):
    """The place of an object, such as s3://bucket/scans/a.jpg, with the operations of a pure path."""

    __slots__ = ()

    def __str__(self) -> str:
        return super().__str__().replace(":/", "://", 1) if self._scheme else super().__str__()

    @property
    def _scheme(self) -> str:
        """Empty for a relative one."""
        first = self.parts[0] if self.parts else ""
        return first[:-1] if first.endswith(":") and first[:-1] in FOR_MODELS else ""

    @property
    def store(self) -> Any:
        """The fsspec file system that it is in."""
        return _store(self._scheme)


class ObjectStorage:
    """Storage for paths of objects."""

    is_remote = True

    def read(self, path: ObjectPath, stamp: Stamp | None = None) -> tuple[bytes, Stamp]:
        """Read an object, and see that it is the one that a listing gave; without `stamp`, ask for it."""
        stamp = stamp or self.stat(path)
        if stamp.size == 0:
            return b"", stamp  # there is no range to ask for
        with as_os_errors(path):
            # Of an unknown size, it would be asked for first.
            data = bytes(path.store.cat_file(str(path), start=0, end=stamp.size))
        if len(data) != stamp.size or (not _has_etag(data, stamp) and self.stat(path) != stamp):
            raise ChangedError(errno.EBUSY, "it changed since it was listed", str(path))
        return data, stamp

    def open(self, path: ObjectPath, stamp: Stamp | None = None) -> BinaryIO:
        """Open an object to read a part of it, of which alone it is asked for."""
        return io.BufferedReader(_Pieces(path, stamp or self.stat(path)), PIECE)

    def read_all(self, path: ObjectPath) -> bytes:
        """The bytes of an object, whose size need not be known, as that of a file on a web server."""
        with as_os_errors(path):
            return bytes(path.store.cat_file(str(path)))

    def write(self, path: ObjectPath, data: Bytes, _mtime_ns: int = 0) -> Stamp:
        """Make an object, or replace it; give its stamp, for which a store is asked if it does not tell."""
        if isinstance(data, FileBytes):
            with as_os_errors(path), path.store.open(str(path), "wb") as file:
                for piece in pieces_of(data):
                    file.write(piece)
            return self.stat(path)
        with as_os_errors(path):
            answer = path.store.pipe_file(str(path), data)
        etag = answer.get("ETag") if isinstance(answer, dict) else None
        return Stamp(len(data), etag=etag.strip('"')) if etag else self.stat(path)

    def keep(self, path: ObjectPath) -> ObjectPath:
        """Have the store copy an object to a free name beside it."""
        other: ObjectPath = next(name for name in names_to_keep(path) if not self.is_file(name))
        with as_os_errors(path):
            path.store.cp_file(str(path), str(other))
        return other

    def append(self, path: ObjectPath, data: bytes) -> None:
        """Replace an object by one that is longer, as stores know no appending."""
        before = b""
        with suppress(FileNotFoundError):
            before = self.read_all(path)
        self.write(path, before + data)

    def stat(self, path: ObjectPath) -> Stamp:
        """Size and ETag."""
        with as_os_errors(path):
            return _stamp_of(path.store.info(str(path)))

    def age(self, _path: ObjectPath) -> float:
        """Infinite."""
        return math.inf

    def is_file(self, path: ObjectPath) -> bool:
        """Whether there is such an object; RunError if the store does not say."""
        try:
            with as_os_errors(path):
                return bool(path.store.info(str(path))["type"] == "file")
        except FileNotFoundError:
            return False
        except OSError as error:
            raise RunError(f"{path}: cannot be looked up ({error.strerror})") from error

    def is_folder(self, _path: ObjectPath) -> bool:
        """Any may be one."""
        return True

    def identity(self, folder: ObjectPath) -> object:
        """The path."""
        return folder

    def absolute(self, path: ObjectPath, follow_links: bool = True) -> ObjectPath:  # noqa: ARG002 - it has none
        """The path: any is."""
        return path

    def walk(
        self,
        folder: ObjectPath,
        report: Report,
        leave_out: LeaveOut = leave_out_nothing,
        _wanted: Wanted = every,
    ) -> Iterator[Found]:
        """The objects in a folder and below it, all with stamps."""
        return walk_objects(folder, report, leave_out)

    def beside(self, path: ObjectPath) -> dict[str, Stamp | None]:
        """The objects in the folder of one, by one request."""
        with suppress(OSError), as_os_errors(path):
            entries = path.store.ls(str(path.parent), detail=True)
            return {str(entry["name"]).rpartition("/")[2]: _stamp_of(entry) for entry in entries}
        return {}

    def stamps(self, folder: ObjectPath, names: Collection[str]) -> Callable[[str], Stamp | None]:
        """Tell the stamps of objects, by one listing."""
        missing, there = set(names), dict[str, Stamp]()
        if missing:
            for path, stamp, *_ in walk_objects(folder, ignore, hidden=True):
                if stamp and (name := path.relative_to(folder).as_posix()) in missing:
                    there[name] = stamp
        return there.get

    def tells_case_apart(self, _folder: ObjectPath) -> bool:
        """It does."""
        return True


class _Pieces(io.RawIOBase):
    """An object as a file to read from, piece by piece."""

    def __init__(self, path: ObjectPath, stamp: Stamp) -> None:
        self.path, self.place, self.size = path, 0, stamp.size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.place, io.SEEK_END: self.size}[whence]
        self.place = max(0, start + offset)
        return self.place

    def readinto(self, buffer: Any) -> int:
        end = min(self.place + len(buffer), self.size)
        if end <= self.place:
            return 0
        with as_os_errors(self.path):
            data = self.path.store.cat_file(str(self.path), start=self.place, end=end)
        buffer[: len(data)] = data
        self.place += len(data)
        return len(data)


OBJECTS = ObjectStorage()


def remove(paths: Iterable[ObjectPath]) -> None:
    """Remove objects; those that are gone already do not matter."""
    for path in paths:
        with as_os_errors(path), suppress(FileNotFoundError):
            path.store.rm_file(str(path))


def walk_objects(
    folder: ObjectPath, report: Report, leave_out: LeaveOut = leave_out_nothing, *, hidden: bool = False
) -> Iterator[Found]:
    """The objects below a prefix, folder by folder, each by one listing; with `hidden`, hidden ones too.

    There are none below one that does not exist; RunError if the store does not answer.
    """
    waiting, left_out = [""], set[str]()
    while waiting:
        below = waiting.pop()
        place = folder / below
        try:
            with as_os_errors(folder):
                entries = folder.store.ls(str(place), detail=True)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise RunError(f"{place}: cannot be listed ({error.strerror})") from error
        start = len(str(place).partition("://")[2]) + 1
        named = sorted((str(entry["name"])[start:], index) for index, entry in enumerate(entries))
        names = {name.rstrip("/"): _stamp_of(entries[index]) for name, index in named}
        left_out.update(f"{below}{name}" for name in leave_out(place, names))
        folders = []
        for name, index in named:
            is_folder = entries[index]["type"] == "directory"
            if not name and not is_folder:  # a marker that makes an empty folder visible
                continue
            if not name or "/" in name or name == ".":
                what = str(entries[index]["name"])
                report(folder, f"holds {what!r}, which colorgan cannot name; rename it")
            elif (hidden or not name.startswith(".")) and f"{below}{name}" not in left_out:
                if is_folder:
                    folders.append(f"{below}{name}/")
                else:
                    yield Found(place / name, _stamp_of(entries[index]))
        waiting += reversed(folders)


def scratch_folder(owner: object) -> Path:
    """A temporary folder that goes when its owner does."""
    folder = mkdtemp(prefix="colorgan-")
    weakref.finalize(owner, shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _has_etag(data: bytes, stamp: Stamp) -> bool:
    """Whether these bytes are surely those of the ETag, which is their MD5 with most stores and settings."""
    return (
        bool(MD5.fullmatch(stamp.etag)) and hashlib.md5(data, usedforsecurity=False).hexdigest() == stamp.etag
    )


def _stamp_of(entry: dict[str, Any]) -> Stamp:
    etag = entry.get("ETag") or entry.get("etag") or ""
    return Stamp(int(entry.get("size") or 0), etag=str(etag).strip('"'))


@cache
def _store(scheme: str) -> Any:
    import fsspec

    try:
        # Its listings are used once, and would be kept for ever.
        options = {"use_listings_cache": False} if scheme in STORES else only_https()
        return fsspec.filesystem(scheme, **options)
    except ImportError as error:
        raise UsageError(f"{scheme}://: this needs more packages: pip install 'colorgan[cloud]'") from error
    except Exception as error:  # of what the library misses, such as the name of an account
        raise UsageError(f"{scheme}://: cannot be used ({in_words(error)})") from error
