"""colorgan status: check that a results folder is complete and unchanged, and list what is missing."""

from __future__ import annotations

import sys
from pathlib import PurePath

import click

from colorgan.cli.exit_codes import shown
from colorgan.cli.options import Place, command
from colorgan.cli.output import Output, output_options
from colorgan.errors import ExitCode
from colorgan.storage.objects import STORES
from colorgan.storage.paths import AnyPath

SHOWN = 10
"""Problems listed without --all."""


@command("colorgan status results/ scans/")
@click.argument("results", metavar="RESULTS_DIR", type=Place(*STORES))
@click.argument("input", metavar="[INPUT]", required=False)
@click.option("--all", "every", is_flag=True, help="List every file without a result, not only ten.")
@click.option(
    "--read",
    metavar="all|I/N",
    default="",
    is_flag=False,
    flag_value="all",
    help="Read the results and compare their SHA-256: all, or part I of N.",
)
@click.option(
    "--corrections",
    type=Place(*STORES),
    help="TOML file, if colorgan-batch was given one.  [default: as of colorgan-batch]",
)
@output_options
def main(
    results: AnyPath,
    input: str | None,
    every: bool,
    read: str,
    corrections: AnyPath | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Check that all photographs in INPUT have results in RESULTS_DIR, and list those without.

    Changes nothing; reads the manifests of all parts. Without INPUT, it checks only the files processed so
    far. A result that is gone or was changed, as size, date or ETag tell, counts as missing; --read finds
    every other change. Exits with 0 if complete, else with 1.
    """
    from colorgan.batch.outcome import status_words
    from colorgan.batch.progress import status

    output = Output(as_json, quiet, verbose)
    progress = status(results, input, read=read, corrections=corrections)
    words = [f"{number:,} {status_words(code)}" for code, number in progress.counts.items()]
    output.say(f"{results}: " + (", ".join(words) or "empty"))
    if progress.not_read:
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in progress.not_read.items())
        output.say(f"Pictures that are not read: {kinds}; convert them, or name them one by one.")
    if progress.under_way:
        output.say(f"Under way: {', '.join(progress.under_way)}")
    for number, (path, problem) in enumerate(sorted(progress.problems.items())):
        output.event("problem", path=path, problem=problem)
        if every or verbose or number < SHOWN:
            output.warn(f"{shown(PurePath(path))}: {problem}")
    if (left := len(progress.problems) - SHOWN) > 0 and not (every or verbose):
        output.warn(f"{left:,} more; --all names them")
    for name, lines in progress.damage.items():
        what = f"{lines:,} lines cannot be read" if lines else "is empty"
        output.warn(f"{shown(results / name)}: {what}; the next run keeps a damaged one as {name}.bak")
    if progress.suspects:
        output.say(f"{len(progress.suspects):,} were in hand when a run died; the next one tries each alone.")
    again = f" --read {read}" if read else " again"
    if progress.is_complete:
        output.say(
            "Complete."
            if input
            else "No problems among the files processed so far. Pass INPUT to check for others."
        )
    elif progress.problems:
        output.say(f"{len(progress.problems):,} are not as they should be; run colorgan-batch{again}.")
    exit_code = ExitCode.DONE if progress.is_complete else ExitCode.SOME_FAILED
    output.event(
        "summary",
        complete=progress.is_complete,
        counts=progress.counts,
        not_read=progress.not_read,
        problems=len(progress.problems),
        under_way=progress.under_way,
        damage=progress.damage,
        suspects=progress.suspects,
        exit_code=exit_code,
    )
    sys.exit(exit_code)
