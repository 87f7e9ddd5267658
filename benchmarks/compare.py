"""Name what got slower from one result of `benchmarks.backends` to another, beyond the noise of both.

    python -m benchmarks.compare benchmarks/results/backends.json new.json

A row is slower where the intervals of the two medians do not meet. Leaves with 1 if anything is slower, with
2 if the two are not of the same machine, as that proves nothing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from benchmarks.measure import Timing

SAME = ("system", "processor", "processors", "gpu")
KEYS = ("contender", "size", "batch_size")

Rows = dict[tuple[Any, ...], Timing]


@click.command()
@click.argument("old", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("new", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def main(old: Path, new: Path) -> None:
    """Compare two result files of benchmarks.backends."""
    before, after = (json.loads(path.read_text()) for path in (old, new))
    if other := [key for key in SAME if before["machine"].get(key) != after["machine"].get(key)]:
        click.echo(f"Not of the same machine ({', '.join(other)}): nothing to compare.", err=True)
        sys.exit(2)
    slower = 0
    olds, news = rows_of(before), rows_of(after)
    for key in [key for key in olds if key in news]:
        ratio, verdict = judge(olds[key], news[key])
        slower += verdict == "slower"
        click.echo(f"{verdict:>7}  {ratio:.2f} of the time  {', '.join(map(str, key))}")
    for key in olds.keys() ^ news.keys():
        click.echo(f"in {'the first' if key in olds else 'the second'} only: {', '.join(map(str, key))}")
    sys.exit(1 if slower else 0)


def rows_of(report: dict[str, Any]) -> Rows:
    """The timings of a report, by contender, size and batch."""
    return {tuple(row[key] for key in KEYS): Timing(row["seconds"]) for row in report["rows"]}


def judge(old: Timing, new: Timing) -> tuple[float, str]:
    """The new median over the old, and whether it is slower, faster or the same within the noise."""
    ratio = new.median / old.median
    if abs(new.median - old.median) <= new.margin + old.margin:
        return ratio, "same"
    return ratio, "slower" if ratio > 1 else "faster"


if __name__ == "__main__":
    main()
