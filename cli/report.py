"""colorgan report: a page to review the results of colorgan-batch."""

from __future__ import annotations

from pathlib import Path

import click

from colorgan.cli.options import Place, command
from colorgan.cli.output import Output, output_options
from colorgan.errors import ExitCode


@command("colorgan report results/")
@click.argument("results", metavar="RESULTS_DIR", type=Place())
@output_options
def main(results: Path, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Write RESULTS_DIR/report/index.html: every photograph, before and after.

    Open it in a browser; it needs no network. Thumbnails that `colorgan-batch --report` did not write are
    made from the results.
    """
    from colorgan.report import write_report

    output, page = Output(as_json, quiet, verbose), write_report(results)
    output.say(f"Report: {page}")
    output.event("report", path=str(page))
    output.event("summary", exit_code=ExitCode.DONE)
