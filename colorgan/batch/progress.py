"""What a results folder holds, and what of its inputs is still to be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from colorgan.batch.job import Job
from colorgan.batch.manifest import Entry, Manifest, has_manifest, runs_under_way
from colorgan.batch.outcome import Status
from colorgan.errors import UsageError
from colorgan.storage.paths import AnyPath, presence


@dataclass
class Progress:
    """What has become of the inputs."""

    under_way: list[str]
    """What is being worked on: `all`, or shards such as `3-of-8`."""
    counts: Counter[str] = field(default_factory=Counter)
    """Inputs by what the manifests say of them."""
    problems: dict[str, str] = field(default_factory=dict)
    """Why an input, by its path in the input folder, has no result."""

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing to be done any more, as far as one knows."""
        return not self.problems and not self.under_way


def look_at(results: AnyPath, source: str | None = None) -> Progress:
    """Read the manifests in a results folder, and see that what they name is there.

    With `source`, what `colorgan-batch` was given, the problems are those of the inputs that are there now:
    also that no manifest names one, or that it has changed.
    """
    if isinstance(results, Path) and not has_manifest(results):
        raise UsageError(f"{results}: holds no results of colorgan-batch")
    manifest = Manifest.read(results)
    progress = Progress(runs_under_way(results) if isinstance(results, Path) else [])
    if not manifest.entries and not isinstance(results, Path):
        raise UsageError(f"{results}: holds no results of colorgan-batch")
    is_there = presence(results, (entry.output for entry in manifest.entries.values() if entry.output))
    progress.counts.update(entry.status for entry in manifest.entries.values())
    if source is None:
        problems = ((path, _problem(entry, is_there)) for path, entry in manifest.entries.items())
        progress.problems.update((path, problem) for path, problem in problems if problem)
        return progress

    job = Job.plan(source, results)

    def report(folder: AnyPath, reason: str) -> None:
        progress.problems[job.relative(folder).as_posix()] = reason

    for path in filter(job.takes, job.files(report)):
        name = job.relative(path).as_posix()
        entry = manifest.entries.get(name)
        problem = _problem(entry, is_there) if entry else "not done yet"
        if entry and entry.output and not problem:
            done = job.done_before(path, manifest, entry.made_by, is_there)
            problem = "" if done else "has changed since"
        if problem:
            progress.problems[name] = problem
    return progress


def _problem(entry: Entry, is_there: Callable[[str], bool]) -> str:
    if entry.status == Status.FAILED:
        return entry.error
    if entry.output and not is_there(entry.output):
        return f"its result, {entry.output}, is gone"
    return ""
