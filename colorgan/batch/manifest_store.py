"""Where the manifests of a results folder are, and who may write to them.

`manifest.jsonl` has one line for each input. A run only adds lines, and the last line
of a path wins; at its end the file is compacted. Runs side by side, each of a shard of the inputs, have a
file each, `.colorgan/3-of-8.jsonl`, which the next run of all inputs takes into `manifest.jsonl`. Each run
has a note beside its manifest, with the files that it has in hand.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path, PurePath
from typing import Protocol, TextIO, TypeVar

from filelock import FileLock, Timeout

from colorgan.batch.entry import Entry, is_damaged, parse
from colorgan.batch.sharding import Shard
from colorgan.errors import InUseError, RunError, UsageError
from colorgan.storage.files import atomic_file, make_writable, remove_leftovers
from colorgan.storage.local import walk_files
from colorgan.storage.paths import LOCAL

NAME = "manifest.jsonl"
LOCK = ".colorgan.lock"
NOTE = ".colorgan.note"
SHARDS = ".colorgan"
"""Folder for the manifests, locks and notes of shards."""
PATIENCE = 0.5
"""Seconds to wait for a lock, which runs of other shards take for a moment to see whether it is free."""

Folder = TypeVar("Folder", bound=PurePath)
ABSENT = (FileNotFoundError, NotADirectoryError)
"""What opening a file raises where there is none."""


class ManifestStore(Protocol):
    """The manifests that a run of a shard, or of all inputs, has to know, and the one that it writes."""

    ahead: int
    """Inputs to note before one of them is begun."""

    def is_there(self) -> bool:
        """Whether the folder holds results of colorgan-batch."""

    def under_way(self) -> list[str]:
        """What is being written, as far as is known: `all`, or shards such as `3-of-8`."""

    def entries(self) -> Iterator[Entry]:
        """What earlier runs said, the last word on a path last."""

    def notes(self) -> list[str]:
        """The notes of earlier runs that did not end as they should."""

    def damage(self) -> dict[str, int]:
        """Lines that cannot be read of files in the results folder; 0 of one that is empty beside results."""

    def opened(self) -> AbstractContextManager[None]:
        """Take the folder, or the shard, for one run; InUseError if another one has it."""

    def add(self, line: str) -> None:
        """Add a line; it is in the file, though perhaps not yet on the disk, when this returns."""

    def note(self, text: str) -> None:
        """Replace the note; an empty one is removed."""

    def add_to_note(self, owner: str, line: str) -> None:
        """Add a line to the note if it is still that of this owner; OSError if that cannot be done."""


class LocalManifests:
    """The manifests in a folder on disk."""

    ahead = 1

    def __init__(self, folder: Path, shard: Shard | None = None) -> None:
        self.folder, self.shard = folder, shard
        self.mine, self.my_note = manifest_path(folder, shard), manifest_path(folder, shard, NOTE)
        self._file: TextIO | None = None

    def is_there(self) -> bool:
        """Whether there is a manifest."""
        return any(LOCAL.is_file(path) for path in _sources(self.folder))

    def under_way(self) -> list[str]:
        """What is locked."""
        locks = {path.stem: path for path in _of_shards(self.folder, LOCK)} | {"all": self.folder / LOCK}
        return [name for name, lock in locks.items() if lock.exists() and not _is_free(lock)]

    def entries(self) -> Iterator[Entry]:
        """Of all manifests, but for those of other shards of as many, which hold nothing of this one."""
        # They may be long.
        sources = [
            path for path in _sources(self.folder) if path == self.mine or not is_beside(path, self.shard)
        ]
        if self.shard and self.shard.is_chunk:
            sources = [self.mine]
        return (entry for _, entry in _read(sources))

    def notes(self) -> list[str]:
        """Of all runs."""
        notes = ("".join(_lines(path)) for path in [self.folder / NOTE, *_of_shards(self.folder, NOTE)])
        return [note for note in notes if note]

    def damage(self) -> dict[str, int]:
        """Of all manifests."""
        found = {path.relative_to(self.folder).as_posix(): n for path, n in _damaged(_sources(self.folder))}
        whole = self.folder / NAME
        if whole.is_file() and not whole.stat().st_size and any(p != whole for p in walk_files(self.folder)):
            found[NAME] = 0
        return found

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Take the folder or the shard; at the end, what a killed run left is removed if it is nobody's.

        That takes a walk through all results, for which the first one need not wait.

        A damaged manifest is kept under another name before it is compacted.
        """
        make_writable(self.mine.parent)
        try:
            with self._locked():
                sources = [self.mine] if self.shard else _sources(self.folder)
                for path, _ in _damaged(sources):
                    LOCAL.keep(path)
                    _compact(path, [path])
                if len(sources) > 1:
                    _compact(self.mine, sources)
                with self.mine.open("a", encoding="ascii") as self._file:
                    self._file.write("\n")  # ends a line that a killed run left unfinished
                    yield
                    self._require_in_place(self._file)
                if not self.shard or not self.shard.is_chunk:
                    remove_leftovers(self.folder, self._others_run)
                _compact(self.mine, [self.mine])
        except Timeout as error:
            raise InUseError(f"{self.folder}: another run is writing to it{self._owner(error)}") from error
        except OSError as error:
            remedy = "make room, or make it writable, and run the same command again"
            where = error.filename or self.mine
            raise RunError(f"{where}: cannot be written ({error.strerror}); {remedy}") from error

    def _require_in_place(self, file: TextIO) -> None:
        """What was written to a file that somebody removed is lost: no run is to end as if all was done."""
        with suppress(*ABSENT):
            if os.path.samestat(os.fstat(file.fileno()), self.mine.stat()):
                return
        raise RunError(f"{self.mine}: was removed while this run wrote to it; run the same command again")

    def add(self, line: str) -> None:
        """Add a line to the manifest."""
        assert self._file is not None, "it was not opened"
        self._file.write(line + "\n")
        self._file.flush()

    def note(self, text: str) -> None:
        """Replace the note at once; one that is removed takes those of shards with it, as it knew them."""
        if text:
            # Not synced: it is for a process that ends, not for a machine that does.
            temporary = self.my_note.with_name(f"{self.my_note.name}.new")
            temporary.write_text(text, "ascii")
            temporary.replace(self.my_note)
        else:
            self.my_note.unlink(missing_ok=True)
        if not self.shard:
            for path in _of_shards(self.folder, NOTE):
                path.unlink(missing_ok=True)

    def add_to_note(self, owner: str, line: str) -> None:
        """Add a line to the note; if another run replaces it meanwhile, the line says nothing of that one."""
        with suppress(*ABSENT), self.my_note.open("r+", encoding="ascii", errors="replace") as file:
            if json.dumps(owner) in file.read():
                file.write(line)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold a lock while nobody holds that of all inputs, or of shards that may overlap with this one.

        Each takes its own before it looks at the others: of two that begin at once, one sees the other.
        """
        mine = manifest_path(self.folder, self.shard, LOCK)
        with FileLock(mine, timeout=PATIENCE):
            for other in [self.folder / LOCK, *_of_shards(self.folder, LOCK)]:
                if other != mine and not is_beside(other, self.shard) and not _is_free(other):
                    raise Timeout(str(other))
            yield

    def _others_run(self) -> bool:
        """Whether other shards are being worked on."""
        locks = [self.folder / LOCK, *_of_shards(self.folder, LOCK)]
        mine = manifest_path(self.folder, self.shard, LOCK)
        return any(lock != mine and lock.exists() and not _is_free(lock) for lock in locks)

    def _owner(self, timeout: Timeout) -> str:
        """Who has the lock, as its note tells, and what to do."""
        try:
            note = Path(timeout.lock_file).with_suffix(Path(NOTE).suffix)
            return f" ({json.loads(note.read_text('ascii'))['owner']}); wait for its end"
        except (OSError, ValueError, KeyError, TypeError):
            return "; wait for its end"


def _is_free(lock: Path) -> bool:
    try:
        with FileLock(lock, timeout=PATIENCE):
            return True
    except Timeout:
        return False
    except OSError:  # of a reader, who cannot try a lock
        return True


def manifest_path(folder: Folder, shard: Shard | None, name: str = NAME) -> Folder:
    """The file of this name in a results folder, or that of a shard in its place."""
    return folder / SHARDS / f"{shard.name}{Path(name).suffix}" if shard else folder / name


def is_beside(path: PurePath, shard: Shard | None) -> bool:
    """Whether a file is that of one of as many shards, which has other inputs, or this one's own."""
    return shard is not None and path.parent.name == SHARDS and path.stem.endswith(f"-of-{shard.count}")


def _of_shards(folder: Path, name: str) -> list[Path]:
    """The files of this kind that shards have; the latest last."""
    found: dict[Path, int] = {}
    if not LOCAL.is_folder(folder / SHARDS):
        return []
    for path in (folder / SHARDS).glob(f"*-of-*{Path(name).suffix}"):
        with suppress(FileNotFoundError):  # a run of all inputs has just taken it in
            found[path] = path.stat().st_mtime_ns
    return sorted(found, key=found.__getitem__)


def manifests_in(folder: Path) -> list[Path]:
    """All manifests that are in a results folder; what later ones say goes first."""
    return [*filter(LOCAL.is_file, [folder / NAME]), *_of_shards(folder, NAME)]


def _sources(folder: Path) -> list[Path]:
    return [folder / NAME, *_of_shards(folder, NAME)]


def _compact(path: Path, sources: list[Path]) -> None:
    """Keep the last line of each path in one file, by reading the sources twice; the others go."""
    last = {entry.path: number for number, (_, entry) in enumerate(_read(sources))}
    with atomic_file(path) as temporary, temporary.open("w", encoding="ascii") as compacted:
        for number, (line, entry) in enumerate(_read(sources)):
            if last[entry.path] == number:
                compacted.write(line.rstrip("\n") + "\n")
    for source in sources:
        if source != path:
            source.unlink()


def _damaged(paths: list[Path]) -> Iterator[tuple[Path, int]]:
    """Those with lines that cannot be read, and how many."""
    for path in paths:
        if damaged := sum(map(is_damaged, _lines(path))):
            yield path, damaged


def _read(paths: list[Path]) -> Iterator[tuple[str, Entry]]:
    """The lines that are whole, and what they say."""
    for path in paths:
        for line in _lines(path):
            if line.isascii() and (entry := parse(line)):
                yield line, entry


def _lines(path: Path) -> Iterator[str]:
    """The lines of a manifest, none of one that is not there; raises UsageError if it cannot be read."""
    try:
        with suppress(*ABSENT), TextIOWrapper(LOCAL.open(path), "ascii", "replace") as lines:  # not of a FIFO
            yield from lines
    except OSError as error:
        reason = f"cannot be read ({error.strerror}); make it readable or move it away"
        raise UsageError(f"{path}: {reason}") from error
