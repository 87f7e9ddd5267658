"""What became of a file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from colorgan.storage.paths import UNREAD, AnyPath, Stamp


class Status(StrEnum):
    """What became of a file; the values are those of the manifest."""

    COLORED = "colored"
    COPIED = "copied"
    """It was in color already, and its bytes were copied."""
    SKIPPED = "skipped"
    """It was in color already, and was to be left out."""
    DONE = "done"
    """An earlier run had done it, and neither file, model nor settings have changed."""
    FAILED = "failed"
    IGNORED = "ignored"
    """Its name is not that of an image or, when originals are restored, it holds none."""
    RESTORED = "restored"
    """Its original was taken out of it."""


@dataclass(frozen=True)
class Outcome:
    """What became of one file of a folder, and why if it failed."""

    path: AnyPath
    status: Status
    output: AnyPath | None = None
    how: str = ""
    """How the result was written: `luma kept`, `encoded` (and why the luma was not kept), or `copied`."""
    error: str = ""
    seconds: float = 0.0
    """From reading the file to the result's being in place, the wait for its batch included."""
    stamp: Stamp = UNREAD
    """Of the file, as it was read."""
    colorfulness: float = 0.0
    """Of a colored result, by Hasler and Suesstrunk's measure; 0 is gray."""
