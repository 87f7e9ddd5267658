"""Words for what became of the files of a run."""

from __future__ import annotations

from collections import Counter

from colorgan.batch.outcome import Outcome, Status, how_words, status_words

NAMED_FAILURES = 10
"""What goes wrong for more files is counted."""

SAID_APART = (Status.COLORED, Status.FAILED, Status.ENDED_PROCESS)
"""What the summary does not count as it counts the others."""


def words(outcome: Outcome) -> str:
    """What became of a file."""
    how = how_words(outcome.how, outcome.note) if outcome.how else outcome.note
    left_out = f"left out: {', '.join(outcome.left_out)}" if outcome.left_out else ""
    return "; ".join(filter(None, (status_words(outcome.status), how, left_out, outcome.error)))


def failures_in(counts: Counter[Status]) -> int:
    """How many files failed, in whatever way."""
    return sum(number for status, number in counts.items() if status.is_failure)


def remarks(counts: Counter[Status], kinds: Counter[str]) -> str:
    """What became of the files that were not colored."""
    said = [
        f"{counts[status]} {status_words(status)}"
        for status in Status
        if counts[status] and status not in SAID_APART
    ]
    if failed := failures_in(counts):
        said.append(f"{failed} {status_words(Status.FAILED)}")
    if kinds:
        said.append("not read: " + ", ".join(f"{number} {kind}" for kind, number in kinds.items()))
    return "".join(f"; {each}" for each in said)
