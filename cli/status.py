"""colorgan status: whether a results folder is complete, and what is missing."""

from __future__ import annotations

import sys
from pathlib import PurePath

import click

from colorgan.cli.options import Place, command, shown
from colorgan.storage.paths import STORES, AnyPath

SHOWN = 10
"""Problems that are named without --all."""

NAMES = {
    "colored": "colored",
    "copied": "copied, as in color already",
    "skipped": "left out, as in color already",
}


@command("colorgan status results/ scans/")
@click.argument("results", metavar="RESULTS_DIR", type=Place(*STORES))
@click.argument("input", metavar="[INPUT]", required=False)
@click.option("--all", "every", is_flag=True, help="Name every file that has no result, not the first ten.")
def main(results: AnyPath, input: str | None, every: bool) -> None:
    """Say whether all photographs in INPUT have their results in RESULTS_DIR, and which have not.

    It is for runs of shards, on one machine or many, and changes nothing. Without INPUT, only what was begun
    is known. The exit code is 0 if nothing is left to do, and 1 if something is.
    """
    from colorgan.batch.progress import look_at

    progress = look_at(results, input)
    counts = {NAMES.get(status, status): number for status, number in progress.counts.items()}
    click.echo(
        f"{results}: " + (", ".join(f"{number:,} {name}" for name, number in counts.items()) or "empty")
    )
    if progress.under_way:
        click.echo(f"Under way: {', '.join(progress.under_way)}")
    for number, (path, problem) in enumerate(sorted(progress.problems.items())):
        if every or number < SHOWN:
            click.echo(f"{shown(PurePath(path))}: {problem}", err=True)
    if (left := len(progress.problems) - SHOWN) > 0 and not every:
        click.echo(f"{left:,} more; --all names them", err=True)
    if progress.is_complete:
        click.echo(
            "Complete." if input else "Nothing that was begun is missing; name INPUT to be sure of the rest."
        )
    elif progress.problems:
        click.echo(f"{len(progress.problems):,} have no result; run colorgan-batch again for them.")
    sys.exit(0 if progress.is_complete else 1)
