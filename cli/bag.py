"""colorgan bag: results as a BagIt bag."""

from __future__ import annotations

from pathlib import Path

import click

from colorgan.cli.options import Place, command
from colorgan.cli.output import Output, output_options
from colorgan.errors import ExitCode


@command("colorgan bag results/ bag/")
@click.argument("results", metavar="RESULTS_DIR", type=Place())
@click.argument("bag", metavar="BAG", type=Place())
@output_options
def main(results: Path, bag: Path, as_json: bool, quiet: bool, verbose: bool) -> None:
    """Copy RESULTS_DIR into the new folder BAG as a BagIt bag (RFC 8493), which archives exchange.

    Its SHA-256 are compared with those of the manifest. The bag gets its name once it is complete. Any BagIt
    tool validates it.
    """
    from colorgan.batch.bag import write_bag

    output = Output(as_json, quiet, verbose)
    files = write_bag(results, bag)
    output.say(f"{files} files in the bag {bag}")
    output.event("summary", files=files, bag=str(bag), exit_code=ExitCode.DONE)
