"""What was done, written down in the results folder, so that a second run goes on where the first ended.

`manifest.jsonl` has one line of ASCII JSON for each input. Lines are only ever added while a run lasts, and
the last line of a path wins; at its end the file is compacted. Names that are not UTF-8 are kept by Python's
surrogateescape. Runs side by side, each of a shard of the inputs, have a file each, `.colorgan/3-of-8.jsonl`,
which the next run of all inputs takes into `manifest.jsonl`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import TextIO, TypeVar

from filelock import FileLock, Timeout

from colorgan.batch.manifest_mirror import Mirror
from colorgan.batch.sharding import Shard
from colorgan.errors import RunError
from colorgan.storage.files import atomic_file, make_writable, remove_leftovers
from colorgan.storage.paths import AnyPath

NAME = "manifest.jsonl"
LOCK = ".colorgan.lock"
SHARDS = ".colorgan"
"""Folder for the manifests and locks of shards."""
PATIENCE = 0.5
"""Seconds to wait for a lock, which runs of other shards take for a moment to see whether it is free."""


Folder = TypeVar("Folder", bound=PurePath)

ALIKE = ("status", "how", "made_by")
"""What millions of entries say alike is in memory once."""


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
    """Of the result (Hasler and Suesstrunk), as the generator sees it; 0 is gray, or not colored here."""
    etag: str = ""
    """Of an input in object storage."""


class Manifest:
    """What earlier runs did, by the paths of the inputs, and the place for what this one does."""

    def __init__(self, folder: Path, shard: Shard | None = None) -> None:
        mine = manifest_path(folder, shard)
        # Other shards of as many hold nothing of this one, and may be long.
        beside = _of_shards(folder, NAME, shard.count) if shard else []
        sources = [path for path in _sources(folder) if path == mine or path not in beside]
        if shard and shard.is_chunk:
            sources = [mine]
        self.entries = {
            entry.path: entry for _, entry in _read(sources) if not shard or shard.holds(entry.path)
        }
        """Of earlier runs: memory is not to grow with what this one does."""
        self._file: TextIO | None = None
        self._mirror: Mirror | None = None

    @classmethod
    def read(cls, folder: AnyPath, shard: Shard | None = None) -> Manifest:
        """Read what earlier runs did."""
        if isinstance(folder, Path):
            return cls(folder, shard)
        mirror = Mirror(folder, shard, NAME, SHARDS)
        return cls(mirror.local, shard)

    @classmethod
    @contextmanager
    def open(cls, folder: AnyPath, shard: Shard | None = None) -> Iterator[Manifest]:
        """Take the folder, or a shard, for one run: no other run can.

        What a killed run left behind is removed, but not beside other shards, whose files they may be.
        """
        if isinstance(folder, Path):
            with cls._open(folder, shard) as manifest:
                yield manifest
            return
        mirror = Mirror(folder, shard, NAME, SHARDS)
        with cls._open(mirror.local, shard) as manifest:
            mirror.begin()
            manifest._mirror = mirror
            try:
                yield manifest
            finally:
                mirror.put_news(0)
        mirror.put_back()

    @classmethod
    @contextmanager
    def _open(cls, folder: Path, shard: Shard | None) -> Iterator[Manifest]:
        make_writable(folder / SHARDS if shard else folder)
        path = manifest_path(folder, shard)
        try:
            with _locked(folder, shard):
                if not shard:
                    remove_leftovers(folder)
                    if len(sources := _sources(folder)) > 1:
                        _compact(path, sources)
                manifest = cls(folder, shard)
                with path.open("a", encoding="ascii") as manifest._file:
                    manifest._file.write("\n")  # ends a line that a killed run left unfinished
                    yield manifest
                _compact(path, [path])
        except Timeout as error:
            raise RunError(f"{folder}: another run is writing to it; wait for its end") from error
        except OSError as error:
            reason = f"cannot be written ({error.strerror}); make room and run the same command again"
            raise RunError(f"{path}: {reason}") from error

    def record(self, entry: Entry) -> None:
        """Add an entry; it is in the file, though perhaps not yet on the disk, when this returns."""
        assert self._file is not None, "opened for reading only"
        self._file.write(json.dumps(asdict(entry)) + "\n")
        self._file.flush()
        if self._mirror:
            self._mirror.put_news()


def has_manifest(folder: Path) -> bool:
    """Whether a folder holds results of colorgan-batch."""
    return any(path.is_file() for path in _sources(folder))


def runs_under_way(folder: Path) -> list[str]:
    """What is being written to a results folder: `all`, or shards such as `3-of-8`."""
    locks = {path.stem: path for path in _of_shards(folder, LOCK)} | {"all": folder / LOCK}
    found = []
    for name, lock in locks.items():
        with suppress(PermissionError):  # of a reader, who cannot try a lock
            found += [name] if lock.exists() and not _is_free(lock) else []
    return found


@contextmanager
def _locked(folder: Path, shard: Shard | None) -> Iterator[None]:
    """Hold a lock while nobody holds that of all inputs, or of shards that may overlap with this one.

    Each takes its own before it looks at the others: of two that begin at once, one sees the other.
    """
    mine = manifest_path(folder, shard, LOCK)
    with FileLock(mine, timeout=PATIENCE):
        beside = _of_shards(folder, LOCK, shard.count) if shard else []
        for other in [folder / LOCK, *_of_shards(folder, LOCK)]:
            if other != mine and other not in beside and not _is_free(other):
                raise Timeout(str(other))
        yield


def _is_free(lock: Path) -> bool:
    try:
        with FileLock(lock, timeout=PATIENCE):
            return True
    except Timeout:
        return False


def manifest_path(folder: Folder, shard: Shard | None, name: str = NAME) -> Folder:
    """The file of this name in a results folder, or that of a shard in its place."""
    return folder / SHARDS / f"{shard.name}{Path(name).suffix}" if shard else folder / name


def _of_shards(folder: Path, name: str, count: int | None = None) -> list[Path]:
    """The files of this kind that shards have, or those of so many; the latest last."""
    found = {}
    for path in (folder / SHARDS).glob(f"*-of-{count or '*'}{Path(name).suffix}"):
        with suppress(FileNotFoundError):  # a run of all inputs has just taken it in
            found[path] = path.stat().st_mtime_ns
    return sorted(found, key=found.__getitem__)


def _sources(folder: Path) -> list[Path]:
    """All manifests in a results folder; what later ones say goes first."""
    return [folder / NAME, *_of_shards(folder, NAME)]


def _compact(path: Path, sources: list[Path]) -> None:
    """Keep the last line of each path in one file, by reading the sources twice; the others go."""
    last = {entry.path: number for number, (_, entry) in enumerate(_read(sources))}
    with atomic_file(path) as temporary, temporary.open("w", encoding="ascii") as compacted:
        for number, (line, entry) in enumerate(_read(sources)):
            if last[entry.path] == number:
                compacted.write(line)
    for source in sources:
        if source != path:
            source.unlink()


def _read(paths: list[Path]) -> Iterator[tuple[str, Entry]]:
    """The lines that are whole, and what they say."""
    for path in paths:
        with suppress(FileNotFoundError), path.open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                try:
                    values = json.loads(line)
                    values |= {name: sys.intern(values[name]) for name in ALIKE}
                    entry = Entry(**values)
                except (ValueError, TypeError, KeyError):  # cut off by a kill, or another program's
                    continue
                if isinstance(entry.path, str) and isinstance(entry.output, str | None):
                    yield line, entry
