"""What was done, written down in the results folder, so that a second run goes on where the first ended.

`manifest.jsonl` has one line of ASCII JSON for each input. Lines are only ever added while a run lasts, and
the last line of a path wins; at its end the file is compacted. Names that are not UTF-8 are kept by Python's
surrogateescape.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from filelock import FileLock, Timeout

from colorgan.errors import RunError
from colorgan.files import atomic_file, make_writable, remove_leftovers

NAME = "manifest.jsonl"
LOCK = ".colorgan.lock"


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one input."""

    path: str
    """Of the input, relative to the input folder, with forward slashes."""
    status: str
    output: str | None
    """Of the result, relative to the results folder, with forward slashes."""
    how: str
    """How the result was written: `luma kept`, `encoded` (and why the luma was not kept), or `copied`."""
    size: int
    """Of the input, in bytes."""
    mtime_ns: int
    """When the input was last changed, in nanoseconds since 1970."""
    made_by: str
    """The model, and the settings that change a result."""
    seconds: float
    """From reading the input to the result's being in place."""
    error: str
    colorfulness: float = 0.0
    """Of the result (Hasler and Suesstrunk), as the generator sees it; 0 is gray, or not coloured here."""


class Manifest:
    """What earlier runs did, by the paths of the inputs, and the place for what this one does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries = {entry.path: entry for _, entry in _read(folder / NAME)}
        """Of earlier runs: memory is not to grow with what this one does."""
        self._file: TextIO | None = None

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Manifest]:
        """Take the folder for one run: no other run can, and what a killed run left behind is removed."""
        make_writable(folder)
        try:
            with FileLock(folder / LOCK, timeout=0):
                remove_leftovers(folder)
                manifest = cls(folder)
                with (folder / NAME).open("a", encoding="ascii") as manifest._file:
                    manifest._file.write("\n")  # ends a line that a killed run left unfinished
                    yield manifest
                manifest._compact()
        except Timeout as error:
            raise RunError(f"{folder}: another run is writing to it; wait for its end") from error
        except OSError as error:
            reason = f"cannot be written ({error.strerror}); make room and run the same command again"
            raise RunError(f"{folder / NAME}: {reason}") from error

    def record(self, entry: Entry) -> None:
        """Add an entry; it is in the file, though perhaps not yet on the disk, when this returns."""
        assert self._file is not None, "opened for reading only"
        self._file.write(json.dumps(asdict(entry)) + "\n")
        self._file.flush()

    def _compact(self) -> None:
        """Keep the last line of each path, by reading the file twice."""
        path = self.folder / NAME
        last = {entry.path: number for number, (_, entry) in enumerate(_read(path))}
        with atomic_file(path) as temporary, temporary.open("w", encoding="ascii") as compacted:
            for number, (line, entry) in enumerate(_read(path)):
                if last[entry.path] == number:
                    compacted.write(line)


def _read(path: Path) -> Iterator[tuple[str, Entry]]:
    """The lines that are whole, and what they say."""
    if not path.exists():
        return
    with path.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            try:
                entry = Entry(**json.loads(line))
            except (ValueError, TypeError):  # cut off by a kill, or another program's
                continue
            if isinstance(entry.path, str) and isinstance(entry.output, str | None):
                yield line, entry
