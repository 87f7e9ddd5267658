"""Where training photographs lie: each in a file of its own, or many in a shard."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colorgan.batch.sources import require_images
from colorgan.errors import ImageError, UsageError, reason_of

INDEX = "index.jsonl"
"""File in a folder of shards: one JSON line for each photograph that was looked at."""


@dataclass(frozen=True)
class Photograph:
    """A file, or a part of one."""

    file: Path
    name: str = ""
    """Within the shard; empty if the file is the photograph."""
    offset: int = 0
    length: int = 0
    difference_hash: str = ""
    """By `near_duplicates.difference_hash`, if it is known."""

    @property
    def path(self) -> Path:
        """What it is called in messages."""
        return self.file / self.name if self.name else self.file

    def read(self) -> bytes:
        """Read its bytes."""
        try:
            with self.file.open("rb") as file:
                file.seek(self.offset)
                return file.read(self.length or -1)
        except OSError as error:
            raise ImageError(self.path, f"cannot be read ({error.strerror})") from error


def find_photographs(folder: Path) -> list[Photograph]:
    """The photographs in a folder and below it, or in the shards of `colorgan prepare`; some, or an error."""
    if not (index := folder / INDEX).is_file():
        return [Photograph(path) for path in require_images(folder)]
    found = [
        Photograph(
            folder / entry["shard"],
            entry["name"],
            entry["offset"],
            entry["length"],
            entry.get("difference_hash", ""),
        )
        for entry in read_index(index)
        if "shard" in entry
    ]
    if not found:
        raise UsageError(f"{index}: lists no photograph that was kept")
    return found


def read_index(index: Path) -> list[dict[str, Any]]:
    """The entries of a folder of shards; a last line that was cut off is left out."""
    try:
        lines = index.read_text(encoding="ascii").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{index}: cannot be read ({reason_of(error)}); run colorgan prepare again"
        ) from error


def fingerprint(photographs: Sequence[Photograph], folder: Path) -> str:
    """SHA-256 of which photographs there are: their names in the folder and their lengths in bytes."""
    digest = hashlib.sha256()
    for photo in photographs:
        name = photo.path.relative_to(folder) if photo.path.is_relative_to(folder) else photo.path
        digest.update(f"{name} {photo.length or _size_of(photo.file)}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # a link to nowhere: training leaves it out, and says so
        return 0


def split(
    photographs: Sequence[Photograph], held_out: int, seed: int
) -> tuple[list[Photograph], list[Photograph]]:
    """Part them into training and validation: `held_out` of them, but at least 1 and at most a tenth."""
    numbers = list(range(len(photographs)))
    random.Random(seed).shuffle(numbers)
    count = max(1, min(held_out, len(numbers) // 10))
    training, validation = sorted(numbers[count:]), sorted(numbers[:count])
    return [photographs[number] for number in training], [photographs[number] for number in validation]
