"""What a results folder holds, whether it is as it was written, and what is still to be done."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePath

from colorgan.batch.entry import Entry
from colorgan.batch.job import Job
from colorgan.batch.made_by import without_mark
from colorgan.batch.manifest import Manifest
from colorgan.batch.outcome import Status
from colorgan.batch.pending import (
    StampOf,
    is_same,
    kinds_not_read,
    stamps_of_results,
    what_is_wrong,
)
from colorgan.batch.sharding import to_be_read
from colorgan.batch.sidecars import sidecars_to_carry
from colorgan.errors import UsageError
from colorgan.storage.paths import AnyPath, locate


@dataclass
class Progress:
    """What has become of the inputs."""

    under_way: list[str]
    """What is being worked on: `all`, or shards such as `3-of-8`."""
    counts: Counter[str] = field(default_factory=Counter)
    """Inputs by what the manifests say of them: the values of Status."""
    not_read: Counter[str] = field(default_factory=Counter)
    """Pictures of kinds that are not taken from folders, by their kinds."""
    problems: dict[str, str] = field(default_factory=dict)
    """Why an input, by its path in the input folder, has no result, or not the one that was written."""
    damage: dict[str, int] = field(default_factory=dict)
    """Lines that cannot be read of manifests, by their paths in the results folder; 0: it is empty."""
    suspects: list[str] = field(default_factory=list)
    """Inputs that a run had in hand when it died; the next one tries each alone."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do, as far as is known."""
        return not self.problems and not self.under_way and not self.damage


def status(
    results: str | PurePath,
    source: str | PurePath | None = None,
    *,
    read: str = "",
    corrections: str | PurePath | None = None,
) -> Progress:
    """Read the manifests in a results folder, and see that what they name is there as it was written.

    Sizes of results are compared, and with `read`, their bytes: `all`, or a part such as `3/8`. With
    `source`, what `colorgan-batch` was given, the problems are those of the inputs that are there now: also
    that no manifest names one, or that it or its correction has changed. `corrections` is a file, as of
    `colorgan-batch`.
    """
    folder, is_read = locate(results), to_be_read(read)
    manifest = Manifest(folder)
    if not manifest.store.is_there():
        raise UsageError(f"{folder}: holds no results of colorgan-batch")
    entries = manifest.entries
    progress = Progress(
        manifest.store.under_way(),
        Counter(entry.status for entry in entries.values()),
        kinds_not_read(entries.values()),
    )
    if not progress.under_way:  # a run may be writing a line
        progress.damage = manifest.store.damage()
    stamp_of = stamps_of_results(folder, entries)

    def problem_of(entry: Entry) -> str:
        return _problem(folder, entry, stamp_of, is_read(entry.path))

    if source is None:
        problems = ((path, problem_of(entry)) for path, entry in entries.items())
        progress.problems.update((path, problem) for path, problem in problems if problem)
        progress.suspects = sorted(manifest.in_flight.suspects)
        return progress

    job = Job.plan(source, folder, corrections=corrections)

    def report(unreadable: AnyPath, reason: str) -> None:
        progress.problems[job.name_of(unreadable)] = reason

    for found in job.files(report):
        if not job.takes(found.path):
            continue
        name = job.name_of(found.path)
        entry = entries.get(name)
        problem = problem_of(entry) if entry else "not done yet"
        if entry and not problem and not is_same(found, entry):
            problem = "has changed since"
        if entry and entry.output and not problem and sidecars_to_carry(job, found, entry, stamp_of):
            problem = "its sidecars have changed since"
        if entry and not problem and without_mark(entry.made_by)[1] != job.corrections.of(name).mark:
            problem = "its correction has changed since"
        if problem:
            progress.problems[name] = problem
    progress.suspects = sorted(manifest.in_flight.suspects & progress.problems.keys())
    return progress


def _problem(folder: AnyPath, entry: Entry, stamp_of: StampOf, read: bool) -> str:
    if entry.status in (Status.FAILED, Status.ENDED_PROCESS):
        return entry.error
    gone = (each.output for each in entry.sidecars if stamp_of(each.output) is None)
    sidecars = "".join(f"its sidecar, {name}, is gone" for name in islice(gone, 1))
    return what_is_wrong(folder, entry, stamp_of, read=read) or sidecars
