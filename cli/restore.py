"""colorgan restore: reproduce the original grayscale JPEGs from their results."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click

from colorgan.batch.outcome import Status
from colorgan.cli.exit_codes import shown
from colorgan.cli.options import Place, command
from colorgan.cli.output import Output, output_options
from colorgan.errors import ExitCode


@command("colorgan restore results/ originals/")
@click.argument("results", metavar="RESULTS_DIR", type=Place())
@click.argument("originals", metavar="ORIGINALS_DIR", type=click.Path(path_type=Path))
@output_options
def main(results: Path, originals: Path, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Restore the original grayscale JPEGs of the results in RESULTS_DIR to ORIGINALS_DIR.

    Each is checked to be the original, byte for byte. Results with re-encoded luma hold no original; the
    manifest lists them. Results that are missing, were changed, or hold their original no more, are
    reported, and make it exit with 1.
    """
    from colorgan.batch.restoring import iter_restored

    output, counts, changed = Output(as_json, quiet, verbose), Counter[Status](), 0
    for outcome in iter_restored(results, originals):
        counts[outcome.status] += 1
        output.event(
            "file",
            path=str(outcome.path),
            status=outcome.status,
            output=str(outcome.output) if outcome.output else None,
            note=outcome.note,
            error=outcome.error,
        )
        if outcome.note:
            changed += 1
            output.warn(f"Changed: {shown(outcome.path)}: {outcome.note}; its original is whole")
        elif outcome.status.is_failure:
            output.warn(f"Failed: {shown(outcome.path)}: {outcome.error}")
        else:
            output.detail(f"{shown(outcome.path)}: {outcome.status}")
    output.say(
        f"{counts[Status.RESTORED]} originals restored; {counts[Status.FAILED]} failed; "
        f"{counts[Status.IGNORED]} hold none. Originals: {originals}"
    )
    exit_code = ExitCode.SOME_FAILED if counts[Status.FAILED] or changed else ExitCode.DONE
    output.event("summary", counts=counts, originals=str(originals), exit_code=exit_code)
    sys.exit(exit_code)
