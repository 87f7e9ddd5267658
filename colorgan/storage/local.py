"""Files on disk."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from time import time_ns
from typing import BinaryIO

from colorgan.errors import ImageError, UsageError
from colorgan.storage.file_bytes import Bytes, pieces_of
from colorgan.storage.files import atomic_file, ignores_case
from colorgan.storage.protocol import (
    ChangedError,
    Found,
    LeaveOut,
    Report,
    Stamp,
    Wanted,
    every,
    leave_out_nothing,
    names_to_keep,
)

NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EINVAL)
"""What a file system without links answers to a wish for one."""

KINDS = ((stat.S_ISFIFO, "FIFO"), (stat.S_ISSOCK, "socket"), (stat.S_ISDIR, "folder"))


class LocalStorage:
    """Storage for paths of pathlib."""

    is_remote = False

    def read(self, path: Path, stamp: Stamp | None = None) -> tuple[bytes, Stamp]:
        """Read a file, and see by its size and time that it stayed as it was."""
        with self.open(path) as file:
            before = _stamp_of(os.fstat(file.fileno()))
            data = file.read()
            after = _stamp_of(os.fstat(file.fileno()))
        if not before == after == (stamp or before) or len(data) != before.size:
            raise ChangedError(errno.EBUSY, "it changed while it was read", str(path))
        return data, before

    def open(self, path: Path, _stamp: Stamp | None = None) -> BinaryIO:
        """Open a regular file; others, which may have no end or make one wait, are refused."""
        _require_regular(path, path.stat())
        # Were it a FIFO by now, to open it would wait for a writer; of a file, the flag means nothing.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            _require_regular(path, os.fstat(descriptor))
            return os.fdopen(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise

    def read_all(self, path: Path) -> bytes:
        """The bytes of a file, or of a FIFO, as a shell's <(command) is."""
        return path.read_bytes()

    def write(self, path: Path, data: Bytes, mtime_ns: int = 0) -> Stamp:
        """Write a file whole, or leave what was there; give its stamp."""
        with atomic_file(path) as temporary:
            with temporary.open("wb") as file:
                file.writelines(pieces_of(data))
            if mtime_ns:
                os.utime(temporary, ns=(mtime_ns, mtime_ns))
        return self.stat(path)

    def keep(self, path: Path) -> Path:
        """Link a file, or copy it where there are no links, to a free name beside it."""
        for other in names_to_keep(path):
            with suppress(FileExistsError):
                try:
                    os.link(path, other)
                except OSError as error:
                    if error.errno not in NO_LINKS:
                        raise
                    with path.open("rb") as file, other.open("xb") as copy:
                        shutil.copyfileobj(file, copy)
                return Path(other)
        raise AssertionError("there is always a name")

    def append(self, path: Path, data: bytes) -> None:
        """Add to a file, a regular one; what else is there may make one wait."""
        with suppress(FileNotFoundError):
            _require_regular(path, path.stat())
        with path.open("ab") as file:
            file.write(data)

    def stat(self, path: Path) -> Stamp:
        """Size and time."""
        return _stamp_of(path.stat())

    def age(self, path: Path) -> float:
        """Seconds since the last change of bytes or name; a time to come, as of a wrong clock, is none."""
        found, now = path.stat(), time_ns()
        past = [when for when in (found.st_mtime_ns, found.st_ctime_ns) if when <= now]
        return (now - max(past, default=now)) / 1e9

    def is_file(self, path: Path) -> bool:
        """Whether there is such a file; no for a name that no file can have, or that cannot be looked up."""
        return os.path.isfile(path)  # noqa: PTH113 - that of pathlib raises errors

    def is_folder(self, path: Path) -> bool:
        """Whether there is such a folder; likewise."""
        return os.path.isdir(path)  # noqa: PTH112

    def identity(self, folder: Path) -> object:
        """Where it is on which disk, through links too; the path itself if it is not there."""
        return identity_of(folder)

    def absolute(self, path: Path, follow_links: bool = True) -> Path:
        """The path from the root."""
        try:
            # Path.resolve raises RuntimeError for links in a circle, which opening such a path tells better.
            return Path(os.path.realpath(path) if follow_links else os.path.abspath(path))  # noqa: PTH100
        except OSError as error:
            raise UsageError(f"{path}: cannot be found from here ({error.strerror})") from error

    def walk(
        self,
        folder: Path,
        report: Report,
        leave_out: LeaveOut = leave_out_nothing,
        wanted: Wanted = every,
    ) -> Iterator[Found]:
        """Files but for hidden ones.

        File servers answer more quickly where stamps are asked for right after the names.
        """
        for place, entry in walk_entries(folder, report, leave_out):
            path = place / entry.name
            yield Found(path, _stamp_of_entry(entry) if wanted(path) else None)

    def beside(self, path: Path) -> dict[str, Stamp | None]:
        """The names in the folder of a file."""
        try:
            return {each.name: None for each in path.parent.iterdir()}
        except OSError:
            return {}

    def stamps(self, folder: Path, _names: Collection[str]) -> Callable[[str], Stamp | None]:
        """Tell the stamps of files, each asked for when it is."""

        def stamp(name: str) -> Stamp | None:
            try:
                found = (folder / name).stat()
            except (OSError, ValueError):
                return None
            return _stamp_of(found) if stat.S_ISREG(found.st_mode) else None

        return stamp

    def tells_case_apart(self, folder: Path) -> bool:
        """Whether the file system does, tried in the folder."""
        return not ignores_case(folder)


def refuse(folder: Path, reason: str) -> None:
    """Raise ImageError: what `walk_files` does with a folder that cannot be read, if not told otherwise."""
    raise ImageError(folder, reason)


def walk_files(
    folder: Path, report: Report = refuse, leave_out: LeaveOut = leave_out_nothing
) -> Iterator[Path]:
    """Files in the folder and below it, by their names, but for hidden ones and what is left out."""
    return (place / entry.name for place, entry in walk_entries(folder, report, leave_out))


def walk_entries(
    folder: Path, report: Report = refuse, leave_out: LeaveOut = leave_out_nothing
) -> Iterator[tuple[Path, os.DirEntry[str]]]:
    """The same, as the folder that each is in and what the system says of it there.

    Links to folders are followed, except to one that the link is in. A folder that cannot be read is
    reported, with the reason, and the walk continues.
    """
    waiting: list[tuple[Path, frozenset[object]]] = [(folder, frozenset())]
    left_out = set[Path]()
    while waiting:
        folder, not_again = waiting.pop()
        if (identity := identity_of(folder)) in not_again:
            continue
        try:
            with os.scandir(folder) as entries:
                visible = sorted((entry for entry in entries if entry.name[0] != "."), key=_name)
        except OSError as error:
            report(folder, f"cannot be read ({error.strerror})")
            continue
        left_out.update(folder / name for name in leave_out(folder, dict.fromkeys(map(_name, visible))))
        if left_out:
            visible = [entry for entry in visible if folder / entry.name not in left_out]
        below = []
        for entry in visible:
            if _is_folder(entry):
                below.append(folder / entry.name)
            else:
                yield folder, entry
        waiting += [(path, not_again | {identity}) for path in reversed(below)]


_name = attrgetter("name")


def _stamp_of_entry(entry: os.DirEntry[str]) -> Stamp | None:
    try:
        return _stamp_of(entry.stat())
    except OSError:  # to be reported when it is read
        return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself: to be reported when it is read
        return False


def identity_of(folder: Path) -> object:
    """What two paths to one folder have in common."""
    try:
        found = folder.stat()
    except OSError:
        return folder
    return found.st_dev, found.st_ino


def _require_regular(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = next((kind for is_kind, kind in KINDS if is_kind(found.st_mode)), "device")
        raise OSError(errno.EINVAL, f"it is a {kind}, not a file", str(path))


def _stamp_of(found: os.stat_result) -> Stamp:
    return Stamp(found.st_size, found.st_mtime_ns)
