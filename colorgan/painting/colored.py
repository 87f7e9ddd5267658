"""A colored photograph, as the bytes of a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath

from colorgan.batch.outcome import How, Status
from colorgan.batch.results import write_result
from colorgan.errors import UsageError
from colorgan.photo.formats import format_of_name, suffix_of
from colorgan.storage.file_bytes import Bytes, FileBytes
from colorgan.storage.paths import locate


@dataclass(frozen=True)
class Colored:
    """What became of one photograph, as `colorize` gives it."""

    data: bytes = field(repr=False)
    """The bytes of a file; empty if it was skipped."""
    format: str
    """Pillow's name of the file's format, such as JPEG."""
    status: Status
    """COLORED; COPIED or SKIPPED for a photograph in color already; LEFT where a correction says `skip`."""
    how: How
    """How it was written."""
    note: str = ""
    """Why the luma of a grayscale JPEG was not kept, or what the file lacked; in words."""
    left_out: tuple[str, ...] = ()
    """What the photograph's file says or holds that has no place in this one, such as `IPTC`."""
    pages: int = 0
    """Of a file with several; 0 for any other."""
    pages_copied: int = 0
    """Those of them that were in color already, and are as they were."""

    source: FileBytes | None = field(default=None, repr=False)
    """The same as `data`, if it is too much for memory; then that is empty."""

    @property
    def contents(self) -> Bytes:
        """The bytes of the file, wherever they are."""
        return self.data if self.source is None else self.source

    @property
    def suffix(self) -> str:
        """How the name of its file should end, such as .jpg."""
        return suffix_of(self.format)

    def save(self, path: str | PurePath) -> None:
        """Write the file, whole or not at all; UsageError if the name says that it has another format."""
        if not self.data:
            raise UsageError(f"{path}: the photograph was skipped, so there is nothing to save")
        place = locate(path)
        if (format_of_name(place) or self.format) != self.format:
            raise UsageError(f"{path}: this is a file of {self.format}; name it {place.stem}{self.suffix}")
        write_result(place, self.data)
