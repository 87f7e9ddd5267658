"""Speed and memory of colorgan-batch against the number of files, workers, batch size, and photograph size.

    python benchmarks/scaling.py PHOTOS_DIR
    python benchmarks/scaling.py PHOTOS_DIR --only files --files 100,1000,20000

Each row is the command in a process of its own, on links to gray JPEGs made from the photographs, with grain.
Sizes are mixed (0.1, 0.3 and 1 megapixel) unless the row varies the size. Peak memory is the process's
largest resident set, as the system counts it. Of the numbers of files, a second run into the same results,
which has nothing to do, follows. Writes `benchmarks/results/scaling.json`. Linux and macOS.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

if not __package__:  # run as a file: its siblings are found by the project's root
    sys.path.insert(0, str(Path(__file__).parents[1]))

import click

from benchmarks.photographs import make_photographs
from benchmarks.report import write_report
from colorgan.storage.paths import AnyPath

MIXED = (0.1, 0.3, 1.0)
MADE = 20
"""Different photographs of each size; the rest are links to them."""


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--files", default="100,500,2000,10000,20000", show_default=True)
@click.option("--workers", default="1,2,4,8", show_default=True)
@click.option("--batch-sizes", default="1,2,4,8", show_default=True)
@click.option("--megapixels", default="0.1,0.3,1,4,12,50", show_default=True)
@click.option("--only", type=click.Choice(["files", "workers", "batch size", "megapixels"]))
@click.option("--repeats", default=3, show_default=True, help="Runs of each row but the numbers of files.")
def main(
    photos: Path, files: str, workers: str, batch_sizes: str, megapixels: str, only: str | None, repeats: int
) -> None:
    """Color folders made from the photographs in PHOTOS."""
    rows: list[dict[str, Any]] = []
    click.echo("| | | files | images/s | peak memory, MB | again, with nothing to do: s |")
    click.echo("| --- | ---: | ---: | ---: | ---: | ---: |")
    with TemporaryDirectory() as name:
        made = Path(name, "made")
        made.mkdir()
        sweeps = {"files": files, "workers": workers, "batch size": batch_sizes, "megapixels": megapixels}
        for sweep, values in sweeps.items():
            if only in (None, sweep):
                for value in values.split(","):
                    row = measure(sweep, value, photos, made, 1 if sweep == "files" else repeats)
                    rows.append(row)
                    click.echo(shown(row))
    click.echo(write_report("scaling", {"mixed_megapixels": MIXED, "rows": rows}), err=True)


def measure(sweep: str, value: str, photos: Path, made: Path, repeats: int) -> dict[str, Any]:
    """Run the command with one thing as it is in this row."""
    sizes = (float(value),) if sweep == "megapixels" else MIXED
    count = int(value) if sweep == "files" else 200 if max(sizes) <= 1 else max(4, round(100 / max(sizes)))
    options = {"workers": ["--workers", value], "batch size": ["--batch-size", value]}.get(sweep, [])
    with TemporaryDirectory(dir=made.parent) as name:
        folder, results = Path(name, "scans"), Path(name, "results")
        folder.mkdir()
        for number, scan in enumerate(islice(cycle(scans_of(photos, made, sizes)), count)):
            os.link(scan, folder / f"{number:06}.jpg")
        runs = [run_batch(folder, Path(name, str(repeat)), options) for repeat in range(repeats - 1)]
        runs.append(run_batch(folder, results, options))
        again, _ = run_batch(folder, results, options)
    seconds = sorted(run[0] for run in runs)
    return {
        "sweep": sweep,
        "value": float(value),
        "files": count,
        "seconds": seconds,
        "images_per_second": count / seconds[len(seconds) // 2],
        "megabytes": max(run[1] for run in runs),
        "seconds_with_nothing_to_do": again,
    }


def scans_of(photos: Path, made: Path, sizes: Sequence[float]) -> list[Path]:
    """Gray JPEGs of these sizes, made if they are not there."""
    for size in sizes:
        if not (made / f"{size:g}").exists():
            make_photographs(photos, made / f"{size:g}", size, MADE if size <= 1 else 4)
    return [path for size in sizes for path in sorted((made / f"{size:g}").iterdir())]


def run_batch(
    folder: AnyPath, results: AnyPath, options: list[str], meanwhile: Callable[[], None] = lambda: None
) -> tuple[float, float]:
    """Seconds and megabytes (at their peak) of colorgan-batch; `meanwhile` is called while it runs."""
    words = ["-m", "colorgan.cli.main", "batch", str(folder), str(results), *options]
    start = perf_counter()
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL)
    meanwhile()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, else in kilobytes
    return perf_counter() - start, usage.ru_maxrss * unit / 1e6


def shown(row: dict[str, Any]) -> str:
    """A line of the table."""
    cells = f"{row['sweep']} | {row['value']:g} | {row['files']} | {row['images_per_second']:.1f}"
    return f"| {cells} | {row['megabytes']:.0f} | {row['seconds_with_nothing_to_do']:.1f} |"


if __name__ == "__main__":
    main()
