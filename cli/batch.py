"""colorgan-batch: a folder of black-and-white photographs in, the same in colour out."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from colorgan.cli.options import config_options, exit_codes, given
from colorgan.config import ColorizeConfig
from colorgan.outcome import Status

if TYPE_CHECKING:
    from colorgan.colorizer import Colorizer
    from colorgan.job import Job

REMARKS = {
    Status.COPIED: "already in colour, copied",
    Status.DONE: "done before",
    Status.FAILED: "failed",
    Status.IGNORED: "not an image, left alone",
}


@click.command()
@click.argument("input", metavar="INPUT", type=click.Path(path_type=Path))
@click.argument("results", metavar="RESULTS_DIR", type=click.Path(path_type=Path))
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="ONNX file, TorchScript file or checkpoint.  [default: the model in the package]",
)
@config_options(ColorizeConfig)
@exit_codes
def main(input: Path, results: Path, model: Path | None, **options: Any) -> None:
    """Colour the photographs in the folder INPUT and its sub-folders, or the file INPUT, into RESULTS_DIR.

    Each is written as colorized_NAME, in its sub-folder. What is in colour already is copied as it is. The
    same command again goes on where it was stopped.
    """
    import warnings

    from PIL import Image

    from colorgan.colorizer import Colorizer
    from colorgan.job import Job

    Image.MAX_IMAGE_PIXELS = None  # colorgan.images has a limit of its own, which allows for large scans
    warnings.filterwarnings("ignore", module="PIL")  # about damage that it can read past
    job = Job.plan(input, results)
    colorizer = Colorizer(model, ColorizeConfig(**given(ColorizeConfig, options)))
    click.echo(f"Running on {colorizer.model.runs_on}.")
    start = perf_counter()
    with stop_at_interrupt() as stop:
        counts = colorize(colorizer, job, stop)
    seconds = perf_counter() - start
    images = len(job.images)
    remarks = "".join(f"; {counts[status]} {remark}" for status, remark in REMARKS.items() if counts[status])
    click.echo(
        f"{counts[Status.COLORED]} of {images} images coloured in {seconds:.1f} s "
        f"({counts[Status.COLORED] / seconds:.1f} images/s){remarks}. Results: {results}"
    )
    if stop.is_set():
        click.echo("Stopped; run the same command again to go on.", err=True)
        sys.exit(130)
    if counts[Status.FAILED]:
        sys.exit(1)


def colorize(colorizer: Colorizer, job: Job, stop: Event) -> Counter[Status]:
    """Run the job under a progress bar, name what fails, and count."""
    from tqdm import tqdm

    counts: Counter[Status] = Counter()
    with tqdm(total=len(job.images), unit="image", disable=None) as bar:
        for outcome in colorizer.run(job, stop):
            counts[outcome.status] += 1
            bar.update(outcome.status is not Status.IGNORED)
            if outcome.status is Status.FAILED:
                name = click.format_filename(outcome.path.relative_to(job.root)).replace("\n", "\\n")
                with bar.external_write_mode():
                    click.echo(f"Failed: {name}: {outcome.error}", err=True)
    return counts


@contextmanager
def stop_at_interrupt() -> Iterator[Event]:
    """Let the first Ctrl-C, or SIGTERM, set the event, and a second one stop at once."""
    stop = Event()

    def handle(_signal: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        click.echo("Finishing what was begun; Ctrl-C again stops at once.", err=True)

    before = {name: signal.signal(name, handle) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
