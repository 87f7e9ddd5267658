"""Names of results: short enough, and each its own."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from pathlib import Path

from colorgan.storage.paths import AnyPath, storage_of

LONGEST_NAME = 237
"""In bytes: file systems take 255, and what copies results may write them under a longer name first."""


def without_case(name: str) -> str:
    """What names have in common that a file system which ignores case takes for one."""
    return unicodedata.normalize("NFC", name).casefold()


def name_like(path: AnyPath, ignores_case: bool) -> str | None:
    """The name of a file that is there under this path or, where case is ignored, one like it; else None."""
    storage = storage_of(path)
    if storage.is_file(path):
        return path.name
    wanted = without_case(path.name)
    there = storage.beside(path) if ignores_case else ()
    return next((name for name in there if without_case(name) == wanted), None)


def shorten(name: str) -> str:
    """Make room in a name that is too long for a file system, keeping it unique by a hash of the whole."""
    if len(os.fsencode(name)) <= LONGEST_NAME:
        return name
    end = "~" + hashlib.sha256(os.fsencode(name)).hexdigest()[:12] + Path(name).suffix
    kept = Path(name).stem
    while len(os.fsencode(kept + end)) > LONGEST_NAME:
        kept = kept[:-1]
    return kept + end
