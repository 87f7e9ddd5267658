"""Which files: those of a folder and its sub-folders, or those of a list."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath

from colorgan.errors import ImageError, UsageError
from colorgan.storage.paths import AnyPath, locate, read

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif"})
"""Names that end in one of these, in any case, are taken for images."""

Report = Callable[[Path, str], None]


def has_image_suffix(path: PurePath) -> bool:
    """Whether the name is that of an image."""
    return path.suffix.lower() in SUFFIXES


def find_images(folder: Path) -> list[Path]:
    """The image files in the folder and below it, by their names."""
    return [path for path in walk_files(folder) if has_image_suffix(path)]


def require_images(folder: Path) -> list[Path]:
    """The same, but it is an error if there are none."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder; name one with color photographs")
    if not (paths := find_images(folder)):
        raise UsageError(f"{folder}: there are no images in it")
    return paths


def refuse(folder: Path, reason: str) -> None:
    """Raise ImageError: what `walk_files` does with a folder that cannot be read, if not told otherwise."""
    raise ImageError(folder, reason)


def walk_files(folder: Path, leave_out: Path | None = None, unreadable: Report = refuse) -> Iterator[Path]:
    """Files in the folder and below it, by their names, but for hidden ones and those in `leave_out`.

    Links to folders are followed, except to one that the link is in. A folder that cannot be read is
    reported, with the reason, and the walk goes on.
    """
    nowhere: frozenset[object] = frozenset({_identity(leave_out)} if leave_out else ())
    waiting = [(folder, nowhere)]
    while waiting:
        folder, not_again = waiting.pop()
        if (identity := _identity(folder)) in not_again:
            continue
        try:
            with os.scandir(folder) as entries:
                visible = sorted((entry.name, _is_folder(entry)) for entry in entries if entry.name[0] != ".")
        except OSError as error:
            unreadable(folder, f"cannot be read ({error.strerror})")
            continue
        yield from (folder / name for name, is_folder in visible if not is_folder)
        below = [folder / name for name, is_folder in visible if is_folder]
        waiting += [(path, not_again | {identity}) for path in reversed(below)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself: to be reported when it is read
        return False


def _identity(folder: Path) -> object:
    """What two paths to one folder have in common."""
    try:
        found = folder.stat()
    except OSError:
        return folder
    return found.st_dev, found.st_ino


def read_list(source: str) -> list[AnyPath]:
    """The paths or URLs in the file LIST for `@LIST`, or on standard input for `-`: absolute, each once.

    One on each line or, as `find -print0` and `git ls-files -z` write them, with a NUL after each.
    """
    try:
        data = sys.stdin.buffer.read() if source == "-" else read(locate(source[1:]))
    except OSError as error:
        raise UsageError(f"{source[1:]}: cannot be read ({error.strerror})") from error
    names = data.split(b"\0") if b"\0" in data else data.splitlines()
    return list(dict.fromkeys(_listed(os.fsdecode(name)) for name in names if name.strip()))


def _listed(name: str) -> AnyPath:
    path = locate(name)
    return Path(os.path.normpath(Path.cwd() / path)) if isinstance(path, Path) else path
