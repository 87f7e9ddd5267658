"""What a place for files can do, be it on a disk or in an object store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import count
from pathlib import PurePath
from typing import Any, BinaryIO, NamedTuple, Protocol

from colorgan.storage.file_bytes import Bytes


class Stamp(NamedTuple):
    """What changes when a file does."""

    size: int
    """In bytes."""
    mtime_ns: int = 0
    """Of a file on disk, in nanoseconds since 1970."""
    etag: str = ""
    """Of an object."""


UNREAD = Stamp(0)


class Sidecar(NamedTuple):
    """A file that describes another."""

    path: Any
    stamp: Stamp | None = None
    """As of a file that is found."""
    is_shared: bool = False
    """Whether it describes several."""


class Found(NamedTuple):
    """A file as a listing gives it."""

    path: Any
    """A Path or an ObjectPath."""
    stamp: Stamp | None = None
    """As it was listed; None where that is not known."""
    sidecars: tuple[Sidecar, ...] = ()


class ChangedError(OSError):
    """A file changed between being listed and read, or while it was read."""


Report = Callable[[Any, str], None]
"""Is told of a folder that cannot be read, and why."""

LeaveOut = Callable[[Any, Mapping[str, Stamp | None]], Collection[str]]
"""Given a folder and the names in it, with stamps if they are known, gives the paths below it that are not to
be listed."""


def leave_out_nothing(_folder: Any, _names: Mapping[str, Stamp | None]) -> Collection[str]:
    """List everything."""
    return ()


Wanted = Callable[[Any], bool]
"""Whether the stamp of a file is wanted, by its path."""


def every(_path: Any) -> bool:
    """Want all of them."""
    return True


class Storage(Protocol):
    """The operations on files of one kind of path; what cannot be done is an OSError that says why."""

    is_remote: bool
    """Whether each operation takes a request."""

    def read(self, path: Any, stamp: Stamp | None = None) -> tuple[bytes, Stamp]:
        """The bytes of a file, all of one state, and that state's stamp.

        ChangedError if it is not the state of `stamp`, or changed while it was read.
        """

    def open(self, path: Any, stamp: Stamp | None = None) -> BinaryIO:
        """Open a file to read a part of it, a regular one; `stamp` is its stamp, if that is known."""

    def read_all(self, path: Any) -> bytes:
        """The bytes of a file of which nothing need be known: a FIFO, or a page of a web server."""

    def write(self, path: Any, data: Bytes, mtime_ns: int = 0) -> Stamp:
        """Write a file whole, or leave what was there; give the stamp that it has then.

        `mtime_ns` is the time to give to it, in nanoseconds since 1970; 0 is now. Objects have no times.
        """

    def keep(self, path: Any) -> Any:
        """Give a file a second name that is free, such as `a.jpg.bak`; give that."""

    def append(self, path: Any, data: bytes) -> None:
        """Add to a short file in a folder that is there."""

    def stat(self, path: Any) -> Stamp:
        """What to know a change by."""

    def age(self, path: Any) -> float:
        """Seconds since a file was last written to; infinite for an object, which is there whole."""

    def is_file(self, path: Any) -> bool:
        """Whether there is such a file; RunError if a store does not say."""

    def is_folder(self, path: Any) -> bool:
        """Whether there is such a folder; a store has no folders, so that any may be one."""

    def identity(self, folder: Any) -> object:
        """What two paths to one folder have in common."""

    def absolute(self, path: Any, follow_links: bool = True) -> Any:
        """The same path from everywhere; UsageError for a relative one in a folder that is gone."""

    def walk(
        self,
        folder: Any,
        report: Report,
        leave_out: LeaveOut = leave_out_nothing,
        wanted: Wanted = every,
    ) -> Iterator[Found]:
        """Visible files in a folder and below it, by their names, folder by folder.

        What cannot be listed is reported. Files that are not `wanted` may have no stamp.
        """

    def beside(self, path: Any) -> dict[str, Stamp | None]:
        """The names in the folder of a file, and stamps where they are known; none if it cannot be listed."""

    def stamps(self, folder: Any, names: Collection[str]) -> Callable[[str], Stamp | None]:
        """Tell the stamps of these files, by their paths in a folder; None of one that is not there."""

    def tells_case_apart(self, folder: Any) -> bool:
        """Whether names that differ in case alone are different files."""


def names_to_keep(path: PurePath) -> Iterator[Any]:
    """Names for what was at a place: a.jpg.bak, a.jpg.bak2 and so on."""
    for number in count(1):
        yield path.with_name(f"{path.name}.bak{number if number > 1 else ''}")


def ignore(_folder: PurePath, _reason: str) -> None:
    """Do not mind a folder that cannot be read."""
