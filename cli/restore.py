"""colorgan restore: reproduce the original grayscale JPEGs from their results."""

from __future__ import annotations

import sys
from collections import Counter

import click

from colorgan.batch.outcome import Status
from colorgan.cli.exit_codes import shown
from colorgan.cli.options import Place, command
from colorgan.cli.output import Output, output_options
from colorgan.errors import ExitCode
from colorgan.storage.objects import STORES
from colorgan.storage.paths import AnyPath


@command("colorgan restore results/ originals/")
@click.argument("results", metavar="RESULTS_DIR", type=Place(*STORES))
@click.argument("originals", metavar="ORIGINALS_DIR", type=Place(*STORES))
@output_options
def main(results: AnyPath, originals: AnyPath, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Restore the original grayscale JPEGs of the results in RESULTS_DIR to ORIGINALS_DIR.

    Each is checked to be the original, byte for byte. Results with re-encoded luma hold no original; the
    manifest lists them. A result that is missing, was changed, or lost its original is reported, and the
    exit code is 1. Both folders may be in object storage: s3://BUCKET/FOLDER, gs:// or az://.
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
