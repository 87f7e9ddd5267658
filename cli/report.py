"""colorgan report: a page to look at the results of colorgan-batch."""

from __future__ import annotations

from pathlib import Path

import click

from colorgan.cli.options import Place, command


@command("colorgan report results/")
@click.argument("results", metavar="RESULTS_DIR", type=Place())
def main(results: Path) -> None:
    """Write RESULTS_DIR/report/index.html: what became of every photograph, before and after.

    Open it in a browser; it needs no network. Pictures that `colorgan-batch --report` did not make are made
    from the results.
    """
    from colorgan.report import write_report

    click.echo(f"Report: {write_report(results)}")
