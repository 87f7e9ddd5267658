"""Files by path or by URL: those on disk by pathlib, those in object storage by fsspec.

An object is there whole or not at all, as a store puts it there at once. Credentials are found by the store's
own library, as it always does, and are refused in a URL, which is shown and logged.
"""

from __future__ import annotations

import json
import shutil
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path, PurePath, PurePosixPath
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

from colorgan.errors import ColorganError, RunError, UsageError
from colorgan.storage.files import atomic_file

STORES = ("s3", "gs", "az")
FOR_MODELS = (*STORES, "https", "http")
"""A web server has no list of what it holds."""


class Stamp(NamedTuple):
    """What changes when a file does."""

    size: int
    """In bytes."""
    mtime_ns: int = 0
    """Of a file on disk, in nanoseconds since 1970."""
    etag: str = ""
    """Of an object."""


UNREAD = Stamp(0)


class ObjectPath(PurePosixPath):
    """The place of an object, such as s3://bucket/scans/a.jpg, with the operations of a pure path."""

    __slots__ = ("stamp",)
    stamp: Stamp
    """As a listing gave it, or the store when it was first asked; others have none."""

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


AnyPath = Path | ObjectPath


def locate(place: str | PurePath, schemes: tuple[str, ...] = STORES) -> AnyPath:
    """The path of a file or a folder by its path or URL; UsageError for a URL of no use."""
    if isinstance(place, ObjectPath | Path):
        return place
    text = str(place)
    if "://" not in text:
        return Path(text)
    url = urlsplit(text)
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
    """The same from everywhere."""
    return path.resolve() if isinstance(path, Path) else path


def stamp(path: AnyPath) -> Stamp:
    """What to know a change by; OSError where there is no such file."""
    if isinstance(path, Path):
        found = path.stat()
        return Stamp(found.st_size, found.st_mtime_ns)
    if hasattr(path, "stamp"):
        return path.stamp
    with _as_os_errors(path):
        path.stamp = _stamp_of(path.store.info(str(path)))
    return path.stamp


def read(path: AnyPath) -> bytes:
    """The bytes of a file; OSError where they cannot be had."""
    if isinstance(path, Path):
        return path.read_bytes()
    size = path.stamp.size if hasattr(path, "stamp") else None
    if size == 0:
        return b""  # there is no range to ask for
    with _as_os_errors(path):
        # Of an unknown size, it would be asked for first.
        return bytes(path.store.cat_file(str(path), start=size and 0, end=size))


def put(path: ObjectPath, data: bytes) -> None:
    """Make an object, or replace it; OSError, and no change, where that fails."""
    with _as_os_errors(path):
        path.store.pipe_file(str(path), data)


def remove(paths: Iterable[ObjectPath]) -> None:
    """Remove objects; those that are gone already do not matter."""
    for path in paths:
        with _as_os_errors(path), suppress(FileNotFoundError):
            path.store.rm_file(str(path))


def is_file(path: AnyPath) -> bool:
    """Whether there is such a file; RunError if a store does not say."""
    if isinstance(path, Path):
        return path.is_file()
    try:
        with _as_os_errors(path):
            return bool(path.store.info(str(path))["type"] == "file")
    except FileNotFoundError:
        return False
    except OSError as error:
        raise RunError(f"{path}: cannot be looked up ({error.strerror})") from error


def presence(folder: AnyPath, names: Iterable[str]) -> Callable[[str], bool]:
    """Tell which of these files, by their paths in a folder, are there; of objects by one listing."""
    if isinstance(folder, Path):
        return lambda name: (folder / name).is_file()
    missing = set(names)
    there = set[str]()
    if missing:
        for path in Listing(folder, hidden=True):
            if (name := path.relative_to(folder).as_posix()) in missing:
                there.add(name)
    return there.__contains__


class Listing:
    """The objects below a prefix, folder by folder; asked for once, and kept in a temporary file.

    There are none below one that does not exist; RunError if the store does not answer.
    """

    def __init__(self, folder: ObjectPath, hidden: bool = False) -> None:
        self.folder, self.hidden = folder, hidden
        """Whether those with a part that begins with a dot are among them."""
        self.unnameable: list[str] = []
        """Objects and folders that no path can name, as a part of theirs is empty or consists of dots."""
        self._file = scratch_folder(self) / "listing.jsonl"

    def __iter__(self) -> Iterator[ObjectPath]:
        if not self._file.exists():
            with atomic_file(self._file) as temporary, temporary.open("w", encoding="ascii") as file:
                file.writelines(json.dumps([name, *found]) + "\n" for name, found in self._ask(""))
        with self._file.open(encoding="ascii") as file:
            for line in file:
                name, *found = json.loads(line)
                path = self.folder / name
                path.stamp = Stamp(*found)
                yield path

    def _ask(self, below: str) -> Iterator[tuple[str, Stamp]]:
        """Objects in a folder of the listing's and below; of text, not paths, as there may be millions."""
        folder = str(self.folder / below)
        try:
            with _as_os_errors(self.folder):
                entries = self.folder.store.ls(folder, detail=True)
        except FileNotFoundError:
            return
        except OSError as error:
            raise RunError(f"{folder}: cannot be listed ({error.strerror})") from error
        start = len(folder.partition("://")[2]) + 1
        for entry in sorted(entries, key=lambda entry: str(entry["name"])):
            name = str(entry["name"])[start:]
            if not name and entry["type"] == "file":  # a marker that makes an empty folder visible
                continue
            if not name or "/" in name or name == ".":
                self.unnameable.append(str(entry["name"]))
            elif self.hidden or not name.startswith("."):
                if entry["type"] == "directory":
                    yield from self._ask(f"{below}{name}/")
                else:
                    yield f"{below}{name}", _stamp_of(entry)


def scratch_folder(owner: object) -> Path:
    """A temporary folder that goes when its owner does."""
    folder = mkdtemp(prefix="colorgan-")
    weakref.finalize(owner, shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@contextmanager
def local_copy(path: AnyPath) -> Iterator[Path]:
    """A file on disk with the bytes of another one, which is itself if it is on disk."""
    if isinstance(path, Path):
        yield path
        return
    with TemporaryDirectory(prefix="colorgan-") as folder:
        copy = Path(folder, path.name)
        try:
            copy.write_bytes(read(path))
        except OSError as error:
            raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
        yield copy


def _stamp_of(entry: dict[str, Any]) -> Stamp:
    etag = entry.get("ETag") or entry.get("etag") or ""
    return Stamp(int(entry.get("size") or 0), etag=str(etag).strip('"'))


@cache
def _store(scheme: str) -> Any:
    import fsspec

    try:
        # Its listings are used once, and would be kept for ever.
        return fsspec.filesystem(scheme, **({"use_listings_cache": False} if scheme in STORES else {}))
    except ImportError as error:
        raise UsageError(f"{scheme}://: this needs more packages: pip install 'colorgan[cloud]'") from error
    except Exception as error:  # of what the library misses, such as the name of an account
        raise UsageError(f"{scheme}://: cannot be used ({_in_words(error)})") from error


@contextmanager
def _as_os_errors(path: ObjectPath) -> Iterator[None]:
    """Whatever a store's library raises, as an OSError that says why."""
    try:
        yield
    except ColorganError:
        raise
    except FileNotFoundError as error:
        raise FileNotFoundError(2, "there is no such object or bucket", str(path)) from error
    except PermissionError as error:
        raise PermissionError(13, "access is denied", str(path)) from error
    except Exception as error:  # libraries have errors of their own, which are no OSErrors
        raise OSError(5, _in_words(error), str(path)) from error


def _in_words(error: Exception) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= 200 else words[:197] + "..."
