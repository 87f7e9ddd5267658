"""The manifests of a results folder in object storage, which knows no appending: copies, and the way back.

A run uploads what it adds every few seconds, as a part of its own: `.colorgan/parts/3-of-8/*.jsonl`. A killed
run loses no more than that. At its end it uploads the whole manifest and removes the parts. Its note, too, is
an object. Locks are not shared: those who start runs on several machines have to see to it that they do not
overlap.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import chain
from pathlib import Path

from colorgan.batch.entry import Entry
from colorgan.batch.manifest_store import NAME, NOTE, SHARDS, LocalManifests, is_beside, manifest_path
from colorgan.batch.sharding import Shard
from colorgan.errors import RunError
from colorgan.storage.objects import OBJECTS, ObjectPath, remove, scratch_folder, walk_objects
from colorgan.storage.protocol import ChangedError, ignore

SECONDS = 5.0
"""From one part to the next."""

ATTEMPTS = 10
"""To read an object that another run is writing."""


class ObjectManifests:
    """The manifests in a folder of an object store, with copies in a folder on disk."""

    ahead = 64  # to note each alone would take as many requests as to write its result

    def __init__(self, folder: ObjectPath, shard: Shard | None = None) -> None:
        self.folder, self.shard, self.shards = folder, shard, folder / SHARDS
        self.whole, self.parts = folder / NAME, folder / SHARDS / "parts"
        self.mine, self.my_note = manifest_path(folder, shard), manifest_path(folder, shard, NOTE)
        self.scratch = scratch_folder(self)
        self._merged: list[ObjectPath] = []
        """Objects whose entries will be in `mine` when it is put back."""
        self._notes: list[ObjectPath] = []
        """Those that this run takes over."""
        self._size, self._when = 0, time.monotonic()

    @cached_property
    def local(self) -> LocalManifests:
        """Copies of those to know, each before its parts, but for those of other shards of as many."""
        with self._storage("read"):
            for path in self._to_know():
                copy = self._copy_of(self._manifest_of(path))
                copy.parent.mkdir(exist_ok=True)
                with suppress(FileNotFoundError):
                    data = _latest(path) + b"\n"  # a line that a part was cut off in ends here
                    with copy.open("ab") as file:
                        file.write(data)
                    if path.suffix == Path(NOTE).suffix:
                        self._notes += [path] if not self.shard else []
                    elif path != self.mine and (not self.shard or self._manifest_of(path) == self.mine):
                        self._merged.append(path)
        return LocalManifests(self.scratch, self.shard)

    def is_there(self) -> bool:
        """Whether there is a manifest, or a part of one."""
        return self.local.is_there()

    def under_way(self) -> list[str]:
        """Nothing: locks are not shared, so nobody knows."""
        return []

    def entries(self) -> Iterator[Entry]:
        """What earlier runs said."""
        return self.local.entries()

    def notes(self) -> list[str]:
        """Of all runs."""
        return self.local.notes()

    def damage(self) -> dict[str, int]:
        """Of all manifests."""
        return self.local.damage()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Take the copies, and put what was added; a damaged manifest is kept under another name."""
        if self.damage().get(self.mine.relative_to(self.folder).as_posix()):
            with self._storage("written"):
                OBJECTS.keep(self.mine)
        with self.local.opened():
            self._size = self._copy_of(self.mine).stat().st_size
            self._put_part(b"")  # sees that objects can be put
            try:
                yield
            finally:
                self._put_news(0)
        with self._storage("written"):
            OBJECTS.write(self.mine, self._copy_of(self.mine).read_bytes())
            remove(self._merged)

    def add(self, line: str) -> None:
        """Add a line to the copy; it is put within seconds."""
        self.local.add(line)
        self._put_news(SECONDS)

    def note(self, text: str) -> None:
        """Put the note, or remove it with those that this run took over."""
        with self._storage("written"):
            if text:
                OBJECTS.write(self.my_note, text.encode("ascii"))
            else:
                remove([self.my_note])
            remove(path for path in self._notes if path != self.my_note)
            self._notes = []

    def add_to_note(self, owner: str, line: str) -> None:
        """Put the note with another line, if it is that of this owner."""
        data, _ = OBJECTS.read(self.my_note)
        if json.dumps(owner).encode("ascii") in data:
            OBJECTS.write(self.my_note, data + line.encode("ascii"))

    def _put_news(self, seconds: float) -> None:
        """Put what was added since the last time, if that is so long ago."""
        if time.monotonic() - self._when < seconds:
            return
        with self._copy_of(self.mine).open("rb") as file:
            file.seek(self._size)
            if news := file.read():
                self._put_part(news)
        self._size, self._when = self._size + len(news), time.monotonic()

    def _put_part(self, lines: bytes) -> None:
        part = self.parts / self.mine.stem / f"{time.time_ns():020d}.jsonl"
        with self._storage("written"):
            OBJECTS.write(part, lines)
        self._merged.append(part)

    def _to_know(self) -> Iterator[ObjectPath]:
        of_shards = (path for path, *_ in walk_objects(self.shards, ignore))
        for path in chain([self.whole, self.folder / NOTE], of_shards):
            manifest, shard = self._manifest_of(path), self.shard
            others = shard and (shard.is_chunk or is_beside(manifest, shard))
            if path.suffix == Path(NOTE).suffix or manifest == self.mine or not others:
                yield path

    def _manifest_of(self, path: ObjectPath) -> ObjectPath:
        """The manifest that an object is a part of, or the object itself."""
        if self.parts not in path.parents:
            return path
        stem = path.parent.name
        return self.whole if stem == self.whole.stem else self.shards / f"{stem}.jsonl"

    def _copy_of(self, manifest: ObjectPath) -> Path:
        return self.scratch / manifest.relative_to(self.folder)

    @contextmanager
    def _storage(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = f"cannot be {what} ({error.strerror}); run the same command again to continue"
            raise RunError(f"{self.folder}: {reason}") from error


def _latest(path: ObjectPath) -> bytes:
    """An object as it is now: the note of a run beside this one may change while it is read."""
    for _ in range(ATTEMPTS - 1):
        with suppress(ChangedError):
            return OBJECTS.read(path)[0]
    return OBJECTS.read(path)[0]
