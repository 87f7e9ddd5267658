"""colorgan watch: color what a scanner drops into a folder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from colorgan.cli.exit_codes import shown, stop_at_interrupt
from colorgan.cli.options import Place, command, config_options, given
from colorgan.cli.output import Output, output_options
from colorgan.cli.summary import words
from colorgan.config import ColorizeConfig, WatchConfig
from colorgan.errors import ExitCode
from colorgan.storage.objects import FOR_MODELS
from colorgan.storage.paths import AnyPath


@command("colorgan watch scans/ results/")
@click.argument("input", metavar="INPUT", type=Place())
@click.argument("results", metavar="RESULTS_DIR", type=Place())
@click.option(
    "--model",
    type=Place(*FOR_MODELS),
    help="Model: a file of colorgan-export, or a checkpoint.  [default: the one in the package]",
)
@click.option("--prefix", default="colorized_", show_default=True, help="Prefix of result file names.")
@config_options(WatchConfig)
@config_options(ColorizeConfig, leave_out=("overwrite",))
@output_options
def main(
    input: Path,
    results: Path,
    model: AnyPath | None,
    prefix: str,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> None:
    """Color the photographs in the folder INPUT into RESULTS_DIR, and each one added later.

    Results and manifest are those of colorgan-batch. Stop it with Ctrl-C or SIGTERM; started again, it
    continues. Symbolic links in INPUT are not followed: they could lead out of it, or to the results.
    """
    from colorgan.colorizer import Colorizer
    from colorgan.photo.pillow import prepare_pillow
    from colorgan.service.watch import Watch

    prepare_pillow()
    output = Output(as_json, quiet, verbose)
    watch = Watch(input, results, WatchConfig(**given(WatchConfig, options)), prefix, output.warn)
    config = ColorizeConfig(**given(ColorizeConfig, options))
    with Colorizer(model, config) as colorizer, stop_at_interrupt() as stop:
        output.say(f"Watching {shown(watch.source)} by {colorizer.model.runs_on}; Ctrl-C stops.")
        output.event("watching", path=str(watch.source))
        counts = Counter[str]()
        for outcome in watch.outcomes(colorizer, stop):
            counts[outcome.status] += 1
            name = outcome.path.relative_to(watch.source)
            output.event(
                "file",
                path=name.as_posix(),
                status=outcome.status,
                output=str(outcome.output) if outcome.output else None,
                how=outcome.how,
                note=outcome.note,
                error=outcome.error,
                seconds=round(outcome.seconds, 4),
            )
            tell = output.warn if outcome.status.is_failure else output.say
            tell(f"{shown(name)}: {words(outcome)}")
    if watch.links:
        output.warn(
            f"{watch.links} symbolic links in {shown(watch.source)} were not followed: they could lead "
            "out of it, or to the results."
        )
    output.say("Stopped; started again, it continues.")
    output.event("summary", counts=counts, exit_code=ExitCode.DONE)
