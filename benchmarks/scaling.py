"""Time and memory of colorgan-batch against the number of files.

    python -m benchmarks.scaling PHOTOS_DIR --counts 500,10000

For each count, the command colours a folder of so many gray JPEGs in a process of its own: links to files
of mixed sizes, made from the photographs with grain. Peak memory is the process's largest resident set, as
the system counts it. A second run into the same results, which has nothing to do, follows. Writes
`benchmarks/results/scaling.json`. Linux and macOS.
"""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import click

from benchmarks.photographs import make_photographs
from benchmarks.report import write_report

MEGAPIXELS = (0.1, 0.3, 1.0)


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--counts", default="500,10000", show_default=True, help="Numbers of files.")
def main(photos: Path, counts: str) -> None:
    """Colour folders of so many files, made from the photographs in PHOTOS."""
    rows = []
    click.echo("| files | images/s | peak memory, MB | with nothing to do: seconds | MB |")
    click.echo("| ---: | ---: | ---: | ---: | ---: |")
    with TemporaryDirectory() as name:
        for megapixels in MEGAPIXELS:
            make_photographs(photos, Path(name, f"{megapixels}"), megapixels, 20)
        scans = [path for megapixels in MEGAPIXELS for path in sorted(Path(name, f"{megapixels}").iterdir())]
        for count in map(int, counts.split(",")):
            folder, results = Path(name, f"{count} scans"), Path(name, f"{count} results")
            folder.mkdir()
            for number, scan in enumerate(islice(cycle(scans), count)):
                os.link(scan, folder / f"{number:06}.jpg")
            (seconds, megabytes), (again, idle) = (run_batch(folder, results) for _ in range(2))
            row = f"| {count} | {count / seconds:.1f} | {megabytes:.0f} | {again:.1f} | {idle:.0f} |"
            click.echo(row)
            rows.append({"files": count, "seconds": [seconds, again], "megabytes": [megabytes, idle]})
    write_report("scaling", {"megapixels": MEGAPIXELS, "rows": rows})


def run_batch(folder: Path, results: Path) -> tuple[float, float]:
    """Seconds and megabytes (at their peak) of colorgan-batch."""
    command = [sys.executable, "-m", "colorgan.cli.main", "batch", str(folder), str(results)]
    start = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, else in kilobytes
    return perf_counter() - start, usage.ru_maxrss * unit / 1e6


if __name__ == "__main__":
    main()
