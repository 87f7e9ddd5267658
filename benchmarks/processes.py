"""Color the same photographs with one process and with several, and say what that costs and gains.

    python -m benchmarks.processes PHOTOS_DIR
    python -m benchmarks.processes PHOTOS_DIR --processes 1,2,4,8 --count 2000

The commands take turns, each with an empty results folder; it is an error if results differ. What a process
costs is its start, which one photograph shows, and its memory: what is resident of all processes of a run
together, at most. On as many processors as one process can keep busy there is nothing to gain. Writes
`benchmarks/results/processes.json`.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import psutil

from benchmarks.measure import measure
from benchmarks.photographs import make_photographs
from benchmarks.report import write_report

COMMAND = "from colorgan.cli.start import batch; batch()"
POLL = 0.05
"""Seconds from one look at the memory to the next."""


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--processes", default="1,2", show_default=True, help="Numbers of processes.")
@click.option("--count", default=200, show_default=True, help="Photographs.")
@click.option("--megapixels", default=0.3, show_default=True)
@click.option("--rounds", default=5, show_default=True, help="Turns of each.")
def main(photos: Path, processes: str, count: int, megapixels: float, rounds: int) -> None:
    """Compare numbers of processes on gray JPEGs made from those in PHOTOS."""
    numbers, seen = list(map(int, processes.split(","))), dict[int, dict[str, str]]()
    peaks = dict[int, float]()
    with TemporaryDirectory() as folder:
        scans, few = Path(folder, "scans"), Path(folder, "few")
        make_photographs(photos, scans, megapixels, count)
        make_photographs(photos, few, megapixels, 1)

        def color(source: Path, number: int) -> None:
            with TemporaryDirectory(dir=folder) as results:
                peak = run(source, Path(results), number)
                if source == scans:
                    seen[number], peaks[number] = digests(Path(results)), peak

        timings = measure({str(number): partial(color, scans, number) for number in numbers}, rounds)
        starts = measure({str(number): partial(color, few, number) for number in numbers}, min(rounds, 3))
    if any(found != seen[numbers[0]] for found in seen.values()):
        raise click.ClickException("the results differ")
    rows: list[dict[str, Any]] = []
    click.echo("| processes | images/s | one photograph, s | peak memory of all, MB |")
    click.echo("| ---: | ---: | ---: | ---: |")
    for number in numbers:
        timing, start = timings[str(number)], starts[str(number)]
        rate = count / (timing.median - start.median) if timing.median > start.median else float("nan")
        rows.append(
            {
                "processes": number,
                "images_per_second": rate,
                "seconds": timing.seconds,
                "steady": timing.is_steady,
                "one_photograph_seconds": start.median,
                "peak_mb": peaks[number],
            }
        )
        click.echo(f"| {number} | {rate:.1f} | {start.median:.1f} | {peaks[number]:.0f} |")
    settings = {"count": count, "megapixels": megapixels, "same_results": True}
    click.echo(write_report("processes", settings | {"rows": rows}), err=True)


def run(source: Path, results: Path, number: int) -> float:
    """Run the command; the peak of the memory of all its processes, in MB."""
    options = ["--quiet", "--device", "cpu", "--processes", str(number)]
    command = [sys.executable, "-c", COMMAND, str(source), str(results), *options]
    peak = 0
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            peak = max(peak, memory_of(process.pid))
            time.sleep(POLL)
    if process.returncode:
        raise click.ClickException(f"{' '.join(command)} ended with {process.returncode}")
    return peak / 1e6


def memory_of(pid: int) -> int:
    """Resident bytes of a process and those that it started; 0 once it is gone."""
    try:
        process = psutil.Process(pid)
        return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0


def digests(results: Path) -> dict[str, str]:
    """The results by their names."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in results.rglob("colorized_*")
        if path.is_file()
    }


if __name__ == "__main__":
    main()
