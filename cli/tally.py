"""Count what became of the files of a run as it is told, and show a progress bar."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

from colorgan.batch.outcome import Outcome, Status
from colorgan.cli.exit_codes import shown
from colorgan.cli.summary import NAMED_FAILURES, failures_in, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from colorgan.batch.counting import Count
    from colorgan.cli.batch import Batch
    from colorgan.cli.unused import Unused


@dataclass
class Tally:
    """What became of the files."""

    counts: Counter[Status] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    """Of the pictures that are not read."""
    failures: list[Outcome] = field(default_factory=list)
    """The first ones."""


def follow(outcomes: Iterator[Outcome], batch: Batch, stop: Event, count: Count, unused: Unused) -> Tally:
    """Show a progress bar; count the outcomes, and keep the first failures."""
    from tqdm import tqdm

    job, output, tally = batch.job, batch.output, Tally()
    counts = tally.counts
    disable = True if output.quiet or output.verbose else None
    with tqdm(total=job.limit or None, unit=" images", disable=disable) as bar:
        for outcome in outcomes:
            counts[outcome.status] += 1
            unused.tell_if_known()
            left = count.so_far - counts[Status.DONE] - counts[Status.CARRIED]  # grows at first
            bar.total = min(left, job.limit or left)
            name = job.name_of(outcome.path)
            output.event(
                "file",
                path=name,
                status=outcome.status,
                output=str(outcome.output) if outcome.output else None,
                how=outcome.how,
                note=outcome.note,
                left_out=outcome.left_out,
                pages=outcome.pages,
                pages_copied=outcome.pages_copied,
                sidecars=[carried.output for carried in outcome.sidecars],
                kept=", ".join(outcome.all_kept),
                error=outcome.error,
                seconds=round(outcome.seconds, 4),
            )
            output.detail(f"{shown(job.relative(outcome.path))}: {words(outcome)}")
            for kept in outcome.all_kept:
                place = shown(job.destination / job.relative(outcome.path).with_name(kept))
                output.warn(f"Kept: {place} was at the place of a result")
            if outcome.status is Status.NOT_READ:
                tally.kinds[outcome.note] += 1
            elif outcome.status not in (Status.DONE, Status.CARRIED, Status.IGNORED, Status.RESULT):
                bar.update()
            if outcome.status.is_failure:
                bar.set_postfix(failed=failures_in(counts), refresh=False)
                tally.failures += [outcome] if len(tally.failures) < NAMED_FAILURES else []
                if batch.strict:
                    stop.set()
    return tally
