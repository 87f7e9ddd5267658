"""What was done, written down in the results folder, so that a second run continues where the first ended."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from colorgan.batch.entry import Entry, now
from colorgan.batch.in_flight import InFlight
from colorgan.batch.job import Job
from colorgan.batch.known import Known
from colorgan.batch.manifest_store import ManifestStore
from colorgan.batch.outcome import Outcome, Status
from colorgan.batch.sharding import Shard
from colorgan.batch.stores import manifests_of
from colorgan.storage.paths import AnyPath

KEPT_WORDS = "what was at the place of its result is kept as"


class Manifest:
    """What earlier runs did, by the paths of the inputs."""

    def __init__(self, folder: AnyPath, shard: Shard | None = None) -> None:
        self._read(manifests_of(folder, shard), shard)

    def _read(self, store: ManifestStore, shard: Shard | None) -> None:
        self.store, self.in_flight = store, InFlight(store, shard)
        self.entries = {
            entry.path: entry for entry in store.entries() if not shard or shard.holds(entry.path)
        }
        """Of earlier runs: memory is not to grow with what this one does."""

    def is_suspect(self, name: str) -> bool:
        """Whether a file may have ended the process of an earlier run, or did."""
        entry = self.entries.get(name)
        return name in self.in_flight.suspects or (entry is not None and entry.status == Status.ENDED_PROCESS)

    @classmethod
    @contextmanager
    def open(cls, job: Job, made_by: str = "") -> Iterator[OpenManifest]:
        """Take the results folder, or a shard, for one run: no other run can.

        `made_by` is what results depend on besides their photographs and corrections.
        """
        store = manifests_of(job.destination, job.shard)
        with store.opened():
            manifest = OpenManifest(job, made_by, store)
            with manifest.in_flight.open():
                yield manifest


class OpenManifest(Manifest):
    """A manifest that takes what a run does."""

    def __init__(self, job: Job, made_by: str, store: ManifestStore) -> None:
        self.job, self.made_by = job, made_by
        self._read(store, job.shard)

    def job_that_knows(self, job: Job) -> Job:
        """The job, with what is known of results that are there; that of a chunk came with its own."""
        entries = ChainMap(self.entries, dict(job.known.entries)) if job.known.entries else self.entries
        if job.known.strange is not None:
            return replace(job, known=replace(job.known, entries=entries))
        return replace(job, known=Known.in_folder(job.destination, entries))

    def record(self, outcome: Outcome) -> None:
        """Add what became of a file, with paths as they are inside the two folders."""
        output, written = outcome.output, outcome.written
        name = self.job.name_of(outcome.path)
        kept = f"{KEPT_WORDS} {', '.join(outcome.all_kept)}" if outcome.all_kept else ""
        if outcome.status is Status.CARRIED:
            before = self.entries[name]
            note = "; ".join(filter(None, (before.note, kept)))
            self.store.add(replace(before, note=note, sidecars=outcome.sidecars, finished=now()).to_line())
            return
        entry = Entry(
            path=name,
            status=outcome.status,
            output=output.relative_to(self.job.destination).as_posix() if output else None,
            how=outcome.how,
            note="; ".join(filter(None, (outcome.note, kept))),
            left_out=outcome.left_out,
            pages=outcome.pages,
            pages_copied=outcome.pages_copied,
            error=outcome.error,
            size=outcome.stamp.size,
            mtime_ns=outcome.stamp.mtime_ns,
            etag=outcome.stamp.etag,
            sha256=outcome.sha256,
            output_size=written.size if written else None,
            output_mtime_ns=written.mtime_ns if written else 0,
            output_etag=written.etag if written else "",
            output_sha256=written.sha256 if written else "",
            sidecars=outcome.sidecars,
            made_by=self.made_by + self.job.corrections.of(name).mark,
            seconds=round(outcome.seconds, 4),
            colorfulness=round(outcome.colorfulness, 2),
            finished=now(),
        )
        self.store.add(entry.to_line())
