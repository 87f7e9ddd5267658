"""colorgan serve: color photographs over HTTP."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click

from colorgan.cli.exit_codes import shown, stop_at_interrupt
from colorgan.cli.options import Place, command, config_options, given
from colorgan.cli.output import Output, output_options
from colorgan.config import ColorizeConfig, ServeConfig
from colorgan.errors import ExitCode, UsageError
from colorgan.storage.objects import FOR_MODELS
from colorgan.storage.paths import AnyPath

LEFT_OUT = ("max_pixels", "overwrite", "processes")
"""Of a run's settings: the service has its own limit, no results to overwrite, and is one process."""


@command("colorgan serve")
@click.option(
    "--model",
    type=Place(*FOR_MODELS),
    help="Model: a file of colorgan-export, or a checkpoint.  [default: the one in the package]",
)
@click.option(
    "--edit",
    metavar="RESULTS_DIR",
    type=Place(),
    help="Also serve the report of RESULTS_DIR with an editor: it saves corrections.toml there, and colors "
    "those photographs again with their settings.",
)
@click.option(
    "--input",
    metavar="INPUT",
    help="Folder of the photographs for --edit.  [default: that of the last run with --report]",
)
@config_options(ServeConfig)
@config_options(ColorizeConfig, leave_out=LEFT_OUT)
@output_options
def main(
    model: AnyPath | None,
    edit: Path | None,
    input: str | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> None:
    """Color photographs over HTTP: POST their bytes to /colorize, or open the page in a browser.

    Other machines cannot reach it unless --host and --allow-host say so. Nothing is written to disk without
    --edit. SIGTERM or Ctrl-C finishes what was begun, then stops.
    """
    from colorgan.colorizer import Colorizer
    from colorgan.photo.pillow import prepare_pillow
    from colorgan.service.app import Service
    from colorgan.service.edited import EditedFolder
    from colorgan.service.server import address_of, listen, serve

    if input and not edit:
        raise UsageError("--input is for --edit; name the results with --edit RESULTS_DIR")
    prepare_pillow()
    logging.basicConfig(
        format="%(asctime)s %(name)s: %(message)s", level=logging.INFO if verbose else logging.WARNING
    )
    settings = ServeConfig(**given(ServeConfig, options))
    values = given(ColorizeConfig, {name: value for name, value in options.items() if name not in LEFT_OUT})
    config = ColorizeConfig(**values, max_pixels=settings.max_pixels)
    output, listening = Output(as_json, quiet, verbose), listen(settings)
    with listening, Colorizer(model, config) as colorizer:
        service = Service(colorizer, settings, EditedFolder(edit, input, colorizer) if edit else None)
        service.studio.probe()
        with stop_at_interrupt() as stop:
            address = address_of(listening)
            output.say(f"Serving on {address} by {colorizer.model.runs_on}; Ctrl-C stops.")
            output.event("serving", address=address, device=colorizer.model.runs_on)
            if service.editing and edit:
                secret = address + service.editing.path
                output.say(f"Correct {shown(edit)} at {secret} (whoever has this address can change it).")
                output.event("editing", address=secret, results=str(edit))
            serve(service.app, settings, listening, stop, service.drain)
            service.close()
    if cut_off := service.draining.cut_off:
        output.warn(f"Stopped; {cut_off} requests took longer than --drain-timeout and were refused.")
    else:
        output.say("Stopped; everything that was begun is done.")
    output.event("summary", cut_off=cut_off, exit_code=ExitCode.DONE)
