"""One part of many, for runs side by side: which files are whose is decided by their paths alone."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from colorgan.errors import UsageError, check_type


def number_of(path: str | PurePath, count: int) -> int:
    """The part, from 1 to `count`, that a file is in by its path in the input folder: everywhere the same."""
    digest = hashlib.sha256(os.fsencode(PurePath(path).as_posix())).digest()
    return int.from_bytes(digest[:8]) % count + 1


@dataclass(frozen=True)
class Shard:
    """The `number`-th of `count` parts, from 1."""

    number: int
    count: int
    is_chunk: bool = False
    """Whether its files were chosen as nobody has done them: other manifests need not be read."""

    @classmethod
    def parse(cls, text: str, name: str = "shard") -> Shard:
        """Read a part such as 3/8; UsageError names the setting that it is of."""
        check_type(name, text, str, "text, such as 1/8")
        found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(f"{name} is {text!r}; write part 1 of 8 as 1/8")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @property
    def name(self) -> str:
        """For names of files."""
        return f"{self.number}-of-{self.count}"

    def holds(self, path: str | PurePath) -> bool:
        """Whether a file is in this part."""
        return number_of(path, self.count) == self.number


def to_be_read(read: str) -> Callable[[str], bool]:
    """Whether the result of a photograph is read to compare it: of `all`, a part such as `3/8`, or none."""
    check_type("read", read, str, "all, or a part such as 3/8")
    if read in ("", "all"):
        return lambda _: bool(read)
    return Shard.parse(read, "read").holds
