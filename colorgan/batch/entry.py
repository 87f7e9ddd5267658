"""A line of a manifest: what became of one input, as `manifest.schema.json` describes it.

A line has a version. Fields that are not known here stay in the file as they are, and the line still counts:
a newer colorgan wrote it. Lines of version 1, which have no version, are read as well.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from colorgan.batch.outcome import How
from colorgan.storage.protocol import Stamp
from colorgan.version import __version__

VERSION = 2

ALIKE = ("status", "how", "made_by", "colorgan")
"""What millions of entries say alike is in memory once."""


NUMBERED = ("size", "mtime_ns")
"""How fields of a sidecar end that are numbers."""


class Carried(NamedTuple):
    """A sidecar of an input that went along with its result; the fields are as those of the input."""

    path: str
    size: int
    mtime_ns: int
    etag: str
    output: str
    output_size: int
    output_mtime_ns: int
    output_sha256: str

    @property
    def stamp(self) -> Stamp:
        """Of the sidecar."""
        return Stamp(self.size, self.mtime_ns, self.etag)

    @classmethod
    def read(cls, values: Any) -> Carried | None:
        """From a line; None for what is none, or leads out of the folders."""
        if not isinstance(values, dict) or not set(cls._fields) <= values.keys():
            return None
        known = {name: values[name] for name in cls._fields}
        if not all(
            isinstance(value, int if name.endswith(NUMBERED) else str) for name, value in known.items()
        ):
            return None
        return cls(**known) if is_inside(known["output"]) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What became of one input."""

    path: str
    """Of the input, relative to the input folder, with forward slashes."""
    status: str
    """A Status, or one that a newer colorgan has."""
    output: str | None = None
    """Of the result, relative to the results folder, with forward slashes."""
    how: str = ""
    """A How, or one that a newer colorgan has."""
    note: str = ""
    """Why the luma of a grayscale JPEG was not kept, or of what kind a picture is that is not read."""
    left_out: tuple[str, ...] = ()
    """What the input says or holds that has no place in its result, such as `IPTC`."""
    pages: int = 0
    """Of an input with several; 0 for any other."""
    pages_copied: int = 0
    """Those of them that were in color already, and are as they were."""
    error: str = ""
    size: int = 0
    """Of the input, in bytes."""
    mtime_ns: int = 0
    """When the input was last changed, in nanoseconds since 1970."""
    etag: str = ""
    """Of an input in object storage."""
    sha256: str = ""
    """Of the input, in hexadecimal; empty if it was not read."""
    output_size: int | None = None
    """Of the result, in bytes; None if that is not known."""
    output_mtime_ns: int = 0
    """When the result was written, in nanoseconds since 1970; 0 for an object."""
    output_etag: str = ""
    """Of a result in object storage."""
    output_sha256: str = ""
    """Of the result, in hexadecimal; empty if that is not known."""
    sidecars: tuple[Carried, ...] = ()
    """XMP files of the input that went along with the result."""
    made_by: str = ""
    """The model, the settings that change a result, and a hash of its correction."""
    seconds: float = 0.0
    """From reading the input to the result's being in place."""
    colorfulness: float = 0.0
    """Of the result (Hasler and Suesstrunk), as the generator sees it; 0 is gray, or not colored here."""
    finished: str = ""
    """Date and time in UTC, as ISO 8601 has it."""
    colorgan: str = __version__
    """The version that wrote it."""

    @property
    def stamp(self) -> Stamp:
        """Of the input."""
        return Stamp(self.size, self.mtime_ns, self.etag)

    def to_line(self) -> str:
        """One line of ASCII JSON, without its end; names that are not UTF-8 stay by surrogateescape."""
        sidecars = [each._asdict() for each in self.sidecars]
        return json.dumps({"version": VERSION, **asdict(self), "sidecars": sidecars})


TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "str | None": (str, type(None)),
    "int": int,
    "int | None": (int, type(None)),
    "float": (float, int),
    "tuple[str, ...]": list,
    "tuple[Carried, ...]": list,
}
FIELDS = {field.name: TYPES[str(field.type)] for field in fields(Entry)}


def now() -> str:
    """Date and time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def parse(line: str) -> Entry | None:
    """Read a line; None for one that was cut off, is another program's, or leads out of the folders."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or not {"path", "status"} <= values.keys():
        return None
    fits = {name: isinstance(values[name], FIELDS[name]) for name in FIELDS.keys() & values.keys()}
    version = values.get("version", 1)
    is_newer = isinstance(version, int) and version > VERSION  # its fields may hold something else by now
    if not (all(fits.values()) or is_newer) or not (fits["path"] and fits["status"]):
        return None
    if not _is_name(values["path"]):
        return None
    known = {name: values[name] for name, fit in fits.items() if fit}
    if "left_out" in known:
        known["left_out"] = tuple(map(str, known["left_out"]))
    if "sidecars" in known:
        known["sidecars"] = tuple(filter(None, map(Carried.read, known["sidecars"])))
    if known.get("output") and not is_inside(known["output"]):
        return None
    if "version" not in values:
        known |= _from_version_1(known)
    return Entry(**known | {name: sys.intern(known[name]) for name in ALIKE if name in known})


def is_damaged(line: str) -> bool:
    """Whether a line was whole once, and cannot be read: not one that a killed run left unfinished.

    An unfinished one has the beginning of an object and not its end.
    """
    text = line.strip()
    if not text or (parse(line) and text.isascii()):
        return False
    return not (text.isascii() and text.isprintable() and text.startswith("{") and text[-1] != "}")


def is_inside(name: str) -> bool:
    """Whether a path, as a manifest gives it, stays inside the folder that it is relative to."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and _is_name(name)


def _is_name(text: str) -> bool:
    """Whether a file can be called so, as far as its characters are encoded on this system."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:  # half of a pair of surrogates
        return False
    return True


def _from_version_1(values: dict[str, Any]) -> dict[str, Any]:
    """`how` held words: `luma kept`, `copied`, or `encoded` with the reason."""
    how, _, note = str(values.get("how", "")).partition(", as ")
    return {"how": How.LUMA_KEPT.value if how == "luma kept" else how, "note": note, "colorgan": ""}
