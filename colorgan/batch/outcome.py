"""What became of a file: codes that stay as they are, and the words for them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from colorgan.storage.paths import AnyPath
from colorgan.storage.protocol import UNREAD, Stamp

if TYPE_CHECKING:
    from colorgan.batch.entry import Carried


class Status(StrEnum):
    """What became of a file; the values are those of the manifest and of `--json`, and never change."""

    COLORED = "colored"
    COPIED = "copied"
    """It was in color already, and its bytes were copied."""
    LEFT = "left"
    """A correction says `skip`: its bytes were copied."""
    SKIPPED = "skipped"
    """It was in color already, and was to be left out."""
    DONE = "done"
    """An earlier run had done it, and neither file, model nor settings have changed."""
    CARRIED = "carried"
    """It was done before, but for its sidecars, which went along with its result."""
    FAILED = "failed"
    ENDED_PROCESS = "ended_process"
    """The process ended when it had this file alone in hand; it is not tried again unless one asks for it."""
    NOT_READ = "not_read"
    """A picture, but of a kind that is not taken from folders."""
    WAITING = "waiting"
    """It may still be being written, and was left for the next run."""
    RESULT = "result"
    """A result of an earlier run, in a folder below the input."""
    IGNORED = "ignored"
    """Its name is not that of an image or, when originals are restored, it holds none."""
    RESTORED = "restored"
    """Its original was taken out of it."""

    @property
    def is_failure(self) -> bool:
        """Whether the file is to be named, and the exit code to be 1."""
        return self in (Status.FAILED, Status.ENDED_PROCESS)

    @property
    def is_recorded(self) -> bool:
        """Whether the manifest records it."""
        return self in RECORDED


RECORDED = frozenset(
    {
        Status.COLORED,
        Status.COPIED,
        Status.LEFT,
        Status.CARRIED,
        Status.SKIPPED,
        Status.FAILED,
        Status.ENDED_PROCESS,
        Status.NOT_READ,
    }
)


class How(StrEnum):
    """How a result was written; the values are those of the manifest, and never change."""

    LUMA_KEPT = "luma_kept"
    """The compressed data of a grayscale JPEG was copied, and color added beside it."""
    ENCODED = "encoded"
    COPIED = "copied"
    NOT_WRITTEN = ""


STATUS_WORDS = {
    Status.COLORED: "colored",
    Status.COPIED: "already in color, copied",
    Status.LEFT: "left as they were, as corrections say",
    Status.SKIPPED: "already in color, left out",
    Status.DONE: "done before",
    Status.CARRIED: "done before, sidecars carried",
    Status.FAILED: "failed",
    Status.ENDED_PROCESS: "ended the process",
    Status.NOT_READ: "pictures of a kind that is not read",
    Status.WAITING: "possibly still being written, left for the next run",
    Status.RESULT: "results of an earlier run, left out",
    Status.IGNORED: "not an image, left alone",
    Status.RESTORED: "restored",
}

HOW_WORDS = {
    How.LUMA_KEPT: "luma kept",
    How.ENCODED: "encoded",
    How.COPIED: "copied",
    How.NOT_WRITTEN: "",
}


def status_words(code: str) -> str:
    """The words for a status, which may be that of a newer colorgan."""
    return STATUS_WORDS[Status(code)] if code in STATUS_WORDS else code


def how_words(code: str, note: str = "") -> str:
    """The words for how a result was written, and why."""
    words = HOW_WORDS[How(code)] if code in HOW_WORDS else code
    return f"{words} ({note})" if note else words


@dataclass(frozen=True)
class Written:
    """What to know a result by."""

    size: int
    """In bytes."""
    sha256: str
    """Of its bytes, in hexadecimal."""
    mtime_ns: int = 0
    """Of a file on disk, in nanoseconds since 1970."""
    etag: str = ""
    """Of an object."""


@dataclass(frozen=True)
class Outcome:
    """What became of one file of a folder, and why if it failed."""

    path: AnyPath
    status: Status
    output: AnyPath | None = None
    how: How = How.NOT_WRITTEN
    note: str = ""
    """Why the luma of a gray JPEG was not kept, what it lacks, or the kind of a picture that is not read."""
    left_out: tuple[str, ...] = ()
    """What the file says or holds that has no place in its result, such as `IPTC`."""
    pages: int = 0
    """Of a file with several; 0 for any other."""
    pages_copied: int = 0
    """Those of them that were in color already, and are as they were."""
    kept: str = ""
    """The name that a file got which was at the place of the result, and was not of an earlier run."""
    kept_sidecars: tuple[str, ...] = ()
    """The same of files at the places of its sidecars."""
    error: str = ""
    is_too_large: bool = False
    """Whether it failed as it needs more memory than this process may take."""
    seconds: float = 0.0
    """From reading the file to the result's being in place, the wait for its batch included."""
    stamp: Stamp = UNREAD
    """Of the file, as it was read."""
    sha256: str = ""
    """Of the file's bytes, in hexadecimal."""
    written: Written | None = None
    """Of the result, if there is one."""
    sidecars: tuple[Carried, ...] = ()
    """XMP files of the file that went along with its result."""
    colorfulness: float = 0.0
    """Of a colored result, by Hasler and Suesstrunk's measure; 0 is gray."""

    @property
    def all_kept(self) -> tuple[str, ...]:
        """The names of all that was kept."""
        return (*filter(None, [self.kept]), *self.kept_sidecars)
