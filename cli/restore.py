"""colorgan restore: the original grayscale JPEGs back from their colored results."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click

from colorgan.batch.outcome import Status
from colorgan.cli.options import Place, command, shown


@command("colorgan restore results/ originals/")
@click.argument("results", metavar="RESULTS_DIR", type=Place())
@click.argument("originals", metavar="ORIGINALS_DIR", type=click.Path(path_type=Path))
def main(results: Path, originals: Path) -> None:
    """Write the grayscale JPEGs that the results in RESULTS_DIR were made from to ORIGINALS_DIR.

    They are the originals byte for byte, which is checked. Results whose luma had to be encoded anew hold no
    original; the manifest names them.
    """
    from colorgan.restore import restore_folder

    counts: Counter[Status] = Counter()
    for outcome in restore_folder(results, originals):
        counts[outcome.status] += 1
        if outcome.status is Status.FAILED:
            click.echo(f"Failed: {shown(outcome.path)}: {outcome.error}", err=True)
    click.echo(
        f"{counts[Status.RESTORED]} originals restored; {counts[Status.FAILED]} failed; "
        f"{counts[Status.IGNORED]} hold none. Originals: {originals}"
    )
    sys.exit(1 if counts[Status.FAILED] else 0)
