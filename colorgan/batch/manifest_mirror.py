"""The manifests of a results folder in object storage, which knows no appending: copies, and the way back.

What a run adds goes up every few seconds as a part of its own, `.colorgan/parts/3-of-8/*.jsonl`, so that one
which is killed loses no more than that; at its end the whole manifest does, and the parts go. Locks are not
shared: those who start runs on several machines have to see to it that they do not overlap.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from colorgan.batch.sharding import Shard
from colorgan.errors import RunError
from colorgan.storage.paths import Listing, ObjectPath, put, read, remove, scratch_folder

SECONDS = 5.0
"""From one part to the next."""


class Mirror:
    """Copies, in the folder `local`, of the manifests that a run of a shard, or of all inputs, has to know.

    `name` and `shards` are those of the manifest and of the folder for shards' in a results folder.
    """

    def __init__(self, folder: ObjectPath, shard: Shard | None, name: str, shards: str) -> None:
        self.folder, self.shard, self.shards = folder, shard, folder / shards
        self.whole, self.parts = folder / name, folder / shards / "parts"
        self.mine = self.shards / f"{shard.name}.jsonl" if shard else self.whole
        self.local = scratch_folder(self)
        self._merged: list[ObjectPath] = []
        """Objects whose entries will be in `mine` when it is put back."""
        self._size, self._when = 0, time.monotonic()
        for path in self._manifests():
            copy = self._copy_of(self._manifest_of(path))
            copy.parent.mkdir(exist_ok=True)
            with self._storage("read"), suppress(FileNotFoundError), copy.open("ab") as file:
                file.write(read(path) + b"\n")  # a line that a part was cut off in ends here
                if path != self.mine and (not shard or self._manifest_of(path) == self.mine):
                    self._merged.append(path)

    def begin(self) -> None:
        """Note what is there before the run adds to it, and see that objects can be put."""
        self._size = self._copy_of(self.mine).stat().st_size
        self._put_part(b"")

    def put_news(self, seconds: float = SECONDS) -> None:
        """Put what was added since the last time, if that is so long ago."""
        if time.monotonic() - self._when < seconds:
            return
        with self._copy_of(self.mine).open("rb") as file:
            file.seek(self._size)
            if news := file.read():
                self._put_part(news)
        self._size, self._when = self._size + len(news), time.monotonic()

    def put_back(self) -> None:
        """Put the manifest, and remove what is in it now."""
        with self._storage("written"):
            put(self.mine, self._copy_of(self.mine).read_bytes())
            remove(self._merged)

    def _put_part(self, lines: bytes) -> None:
        part = self.parts / self.mine.stem / f"{time.time_ns():020d}.jsonl"
        with self._storage("written"):
            put(part, lines)
        self._merged.append(part)

    def _manifests(self) -> Iterator[ObjectPath]:
        """Those to know, each before its parts, but for those of other shards of as many."""
        for path in [self.whole, *Listing(self.shards)]:
            manifest, shard = self._manifest_of(path), self.shard
            others = shard and (shard.is_chunk or manifest.stem.endswith(f"-of-{shard.count}"))
            if manifest == self.mine or not others:
                yield path

    def _manifest_of(self, path: ObjectPath) -> ObjectPath:
        """The manifest that an object is a part of, or is."""
        if self.parts not in path.parents:
            return path
        stem = path.parent.name
        return self.whole if stem == self.whole.stem else self.shards / f"{stem}.jsonl"

    def _copy_of(self, manifest: ObjectPath) -> Path:
        return self.local / manifest.relative_to(self.folder)

    @contextmanager
    def _storage(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = f"cannot be {what} ({error.strerror}); run the same command again to go on"
            raise RunError(f"{self.folder}: {reason}") from error
