"""Which files: those of a folder and its sub-folders, or those of a list."""

from __future__ import annotations

import codecs
import os
import sys
from pathlib import Path, PurePath

from colorgan.errors import UsageError
from colorgan.photo.formats import SUFFIXES
from colorgan.storage.local import walk_files
from colorgan.storage.paths import LOCAL, AnyPath, locate, storage_of

COMMON = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif"})
"""Images that Pillow reads by itself, for training and measuring."""


def has_image_suffix(path: PurePath) -> bool:
    """Whether the name is that of an image."""
    return path.suffix.lower() in SUFFIXES


def find_images(folder: Path) -> list[Path]:
    """The image files of common formats in the folder and below it, by their names."""
    return [path for path in walk_files(folder) if path.suffix.lower() in COMMON]


def require_images(folder: Path) -> list[Path]:
    """The same, but it is an error if there are none."""
    if not LOCAL.is_folder(folder):
        raise UsageError(f"{folder}: there is no such folder; name one with color photographs")
    if not (paths := find_images(folder)):
        raise UsageError(f"{folder}: there are no images in it")
    return paths


def read_list(source: str) -> list[AnyPath]:
    """The paths or URLs in the file LIST for `@LIST`, or on standard input for `-`: absolute, each once.

    One on each line or, as `find -print0` and `git ls-files -z` write them, with a NUL after each. A list may
    begin with a byte-order mark, and be in UTF-16 if it does.
    """
    try:
        if source == "-":
            if sys.stdin is None or sys.stdin.closed:
                raise UsageError("-: standard input is closed; name a folder, or @LIST for a list")
            data = sys.stdin.buffer.read()
        else:
            place = locate(source[1:])
            data = storage_of(place).read_all(place)
    except OSError as error:
        raise UsageError(f"{source.removeprefix('@')}: cannot be read ({error.strerror})") from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            data = data.decode("utf-16").encode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise UsageError(f"{source}: is not a list of paths in UTF-16 ({error.reason})") from error
    data = data.removeprefix(codecs.BOM_UTF8)
    names = data.split(b"\0") if b"\0" in data else data.splitlines()
    return list(dict.fromkeys(_listed(os.fsdecode(name)) for name in names if name.strip()))


def _listed(name: str) -> AnyPath:
    path = locate(name)
    found: AnyPath = storage_of(path).absolute(path, follow_links=False)
    return found
