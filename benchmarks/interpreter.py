"""Say what Python itself costs a photograph: what a process does one at a time, whatever its processors.

    python -m benchmarks.interpreter PHOTOS_DIR

Gray JPEGs of 0.3 megapixels go through the engine on one worker. Their processor time, less that of the
calls into libraries which let other threads run meanwhile, is interpreter work; 1 / that is the photographs a
second that one process cannot pass. The time of those calls is cProfile's, which hardly slows them; the whole
is of runs without it. numpy counts as interpreter work, though it lets others run in long loops. The
functions that cost most by the profile are listed: it makes short functions look slower than they are.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from cProfile import Profile
from pathlib import Path
from pstats import Stats
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time, thread_time
from typing import Any

import click

from benchmarks.photographs import make_photographs
from benchmarks.report import write_report
from colorgan import Colorizer
from colorgan.batch.job import Job
from colorgan.config import ColorizeConfig

OTHERS_RUN = (
    *("onnxruntime_pybind11_state.run", "'ImagingDecoder'", "'ImagingEncoder'", "'ImagingCore'"),
    *("_hashlib", "posix.", "_io.open", "io.open", "_io.FileIO", "BufferedReader", "simplejpeg", "_deflate"),
)
"""What the names of calls hold in which other threads may run."""


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--count", default=60, show_default=True, help="Photographs.")
@click.option("--megapixels", default=0.3, show_default=True)
@click.option("--rounds", default=5, show_default=True, help="Runs of each kind.")
@click.option("--name", default="interpreter", show_default=True, help="Of the file in benchmarks/results/.")
def main(photos: Path, count: int, megapixels: float, rounds: int, name: str) -> None:
    """Measure the interpreter's work a photograph, made from those in PHOTOS."""
    with TemporaryDirectory() as folder:
        scans = Path(folder, "scans")
        make_photographs(photos, scans, megapixels, count)
        with Colorizer(config=ColorizeConfig(device="cpu", workers=1)) as colorizer:
            color(colorizer, scans)
            whole, inside, own = [], [], Counter[str]()
            for _ in range(rounds):
                start = process_time()
                color(colorizer, scans)
                whole.append((process_time() - start) / count)
                stats = profiled(colorizer, scans)
                inside.append(sum(take for call, take in stats.items() if others_run(call)) / count)
                own.update({call: take / count for call, take in stats.items() if not others_run(call)})
    figures: dict[str, Any] = {
        "whole_ms": 1e3 * median(whole),
        "calls_in_which_others_run_ms": 1e3 * median(inside),
        "interpreter_ms": 1e3 * median(one - other for one, other in zip(whole, inside, strict=True)),
        "most_ms": {call: 1e3 * take / rounds for call, take in own.most_common(40)},
    }
    figures["photographs_a_second_at_most"] = 1e3 / figures["interpreter_ms"]
    for key in ("whole_ms", "interpreter_ms", "photographs_a_second_at_most"):
        click.echo(f"{key}: {figures[key]:.2f}")
    for call, take in list(figures["most_ms"].items())[:25]:
        click.echo(f"  {take:6.3f} ms  {call}")
    click.echo(write_report(name, figures | {"count": count, "megapixels": megapixels}), err=True)


def color(colorizer: Colorizer, scans: Path) -> None:
    """Color the scans."""
    with TemporaryDirectory() as results:
        assert all(outcome.output for outcome in colorizer.run(Job.plan(scans, results)))


def profiled(colorizer: Colorizer, scans: Path) -> dict[str, float]:
    """Seconds in each function, of all threads together."""
    profiles = []

    def begin(*_: object) -> None:
        profile = Profile(thread_time)
        profiles.append(profile)
        profile.enable()  # takes the place of this function, in this thread

    threading.setprofile(begin)
    try:
        color(colorizer, scans)
    finally:
        threading.setprofile(None)
    taken = Counter[str]()
    for profile in profiles:
        profile.create_stats()
        for (file, line, function), (_, _, seconds, *_) in vars(Stats(profile))["stats"].items():
            taken[f"{'/'.join(Path(file).parts[-2:])}:{line} {function}" if line else function] += seconds
    return dict(taken)


def others_run(call: str) -> bool:
    """Whether other threads may run during a call."""
    return any(part in call for part in OTHERS_RUN)


if __name__ == "__main__":
    sys.exit(main())
