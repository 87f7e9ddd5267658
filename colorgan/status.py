"""What a results folder holds, and what of its inputs is still to be done."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from colorgan.errors import UsageError
from colorgan.job import Job
from colorgan.manifest import Entry, Manifest, has_manifest, runs_under_way
from colorgan.outcome import Status


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


def look_at(results: Path, source: str | None = None) -> Progress:
    """Read the manifests in a results folder, and see that what they name is there.

    With `source`, what `colorgan-batch` was given, the problems are those of the inputs that are there now:
    also that no manifest names one, or that it has changed.
    """
    if not has_manifest(results):
        raise UsageError(f"{results}: holds no results of colorgan-batch")
    manifest, progress = Manifest(results), Progress(runs_under_way(results))
    progress.counts.update(entry.status for entry in manifest.entries.values())
    if source is None:
        problems = ((path, _problem(results, entry)) for path, entry in manifest.entries.items())
        progress.problems.update((path, problem) for path, problem in problems if problem)
        return progress

    job = Job.plan(source, results)

    def report(folder: Path, reason: str) -> None:
        progress.problems[job.relative(folder).as_posix()] = reason

    for path in filter(job.takes, job.files(report)):
        name = job.relative(path).as_posix()
        entry = manifest.entries.get(name)
        problem = _problem(results, entry) if entry else "not done yet"
        if entry and entry.output and not problem and not job.done_before(path, manifest, entry.made_by):
            problem = "has changed since"
        if problem:
            progress.problems[name] = problem
    return progress


def _problem(results: Path, entry: Entry) -> str:
    if entry.status == Status.FAILED:
        return entry.error
    if entry.output and not (results / entry.output).is_file():
        return f"its result, {entry.output}, is gone"
    return ""
