"""colorgan page: the page that colors photographs in the browser alone, as static files."""

from __future__ import annotations

from pathlib import Path

import click

from colorgan.cli.options import Place, command
from colorgan.cli.output import Output, output_options
from colorgan.errors import ExitCode
from colorgan.storage.objects import FOR_MODELS
from colorgan.storage.paths import AnyPath


@command("colorgan page public/color/")
@click.argument("folder", metavar="FOLDER", type=Place())
@click.option(
    "--onnxruntime-web",
    "runtime",
    type=Place(),
    help="Folder with the npm package onnxruntime-web.  [default: npm brings it]",
)
@click.option(
    "--model", type=Place(*FOR_MODELS), help="Model: an ONNX file.  [default: the one in the package]"
)
@output_options
def main(
    folder: Path, runtime: Path | None, model: AnyPath | None, as_json: bool, quiet: bool, verbose: bool
) -> None:
    """Write a page to FOLDER that colors photographs in the browser: no photograph is sent anywhere.

    Put FOLDER on any file server: browsers do not run it from disk. `python -m http.server` is one to try it
    with.
    """
    from colorgan.service.alone import write_page

    output, page = Output(as_json, quiet, verbose), write_page(folder, runtime, model)
    output.say(f"Page: {page}. Put its folder on a file server: browsers do not run it from disk.")
    output.event("page", path=str(page))
    output.event("summary", exit_code=ExitCode.DONE)
