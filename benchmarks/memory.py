"""Peak memory of runs against --memory: folders of large photographs, some of them too large.

    python -m benchmarks.memory [--only ROW]

Each row is a run of `colorgan-batch` in a process of its own; peak is its VmHWM, the most memory that it ever
had. A run is to stay within BASE and 1.3 times --memory, whatever the folder holds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import click
import numpy as np
import tifffile
from PIL import Image

from benchmarks.storage import bucket
from colorgan.storage.objects import OBJECTS, ObjectPath

BASE = 300
"""MB of a run besides its photographs: Python, the model, and malloc's arenas."""

RUN = """
import sys
from colorgan.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print([line for line in open('/proc/self/status') if 'VmHWM' in line][0].split()[1])
"""

KINDS = ("gray JPEG", "TIFF, 8 bits", "TIFF, 16 bits", "PNG, 16 bits", "WebP")


class Row(NamedTuple):
    """One run."""

    folder: str
    """A kind, `mixed`, or `bucket`, which is mixed in object storage."""
    memory: int
    workers: int
    megapixels: int = 24
    files: int = 40


ROWS = (
    Row("gray JPEG", 300, 16),
    Row("TIFF, 8 bits", 2048, 16),
    Row("TIFF, 16 bits", 300, 16),
    Row("TIFF, 16 bits", 2048, 16),
    Row("mixed", 1000, 16, files=15),
    Row("mixed", 2048, 16, megapixels=100, files=5),
    Row("bucket", 1000, 16, files=10),
    Row("mixed", 1500, 4, files=15),  # the container of docs/untrusted.md, of 3 GB
    Row("mixed", 5000, 16, megapixels=100, files=5),  # that of docs/cluster/job.yaml, of 8 GB
)


@click.command()
@click.option("--only", multiple=True, type=int, help="Number of a row, from 1.")
def main(only: tuple[int, ...]) -> None:
    """Print a row for each run."""
    click.echo("| folder | `--memory` | peak, MB | limit, MB | colored | too large |")
    click.echo("| --- | ---: | ---: | ---: | ---: | ---: |")
    for number, row in enumerate(ROWS, 1):
        if only and number not in only:
            continue
        with TemporaryDirectory(prefix="colorgan-memory-") as name:
            work = Path(name)
            scans: Path | ObjectPath = work / "scans"
            make(work / "scans", "mixed" if row.folder == "bucket" else row.folder, row)
            if row.folder == "bucket":
                with bucket(work, 0.01) as (store, _):
                    for path in (work / "scans").iterdir():
                        OBJECTS.write(store / "scans" / path.name, path.read_bytes())
                    peak, events = run(store / "scans", store / "results", row)
            else:
                peak, events = run(scans, work / "results", row)
        made = sum(event["status"] in ("colored", "copied") for event in events)
        refused = sum("needs --memory" in event["error"] for event in events)
        if made + refused != row.files:
            click.echo(f"{row}: {[event['error'] for event in events]}", err=True)
        words = f"{row.files} {row.folder}, {row.megapixels} megapixels"
        limit = BASE + 1.3 * row.memory
        more = "" if peak <= limit else " TOO MUCH"
        click.echo(f"| {words} | {row.memory:,} | {peak:,.0f}{more} | {limit:,.0f} | {made} | {refused} |")


def run(scans: PurePath, results: PurePath, row: Row) -> tuple[float, list[dict[str, Any]]]:
    """The peak of a run, in MB, and what became of its files."""
    words = ["batch", scans, results, "--memory", row.memory, "--workers", row.workers, "--json"]
    command = [sys.executable, "-c", RUN, *map(str, [*words, "--processes", 1])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    *lines, peak = done.stdout.splitlines()
    events = [json.loads(line) for line in lines]
    return int(peak) / 1000, [event for event in events if event["event"] == "file"]


def make(folder: Path, kind: str, row: Row) -> None:
    """Write a folder of large photographs; one file has other names, too, as links."""
    folder.mkdir()
    kinds = KINDS if kind == "mixed" else (kind,)
    for number in range(row.files):
        each = kinds[number % len(kinds)]
        first = folder / f"{kinds.index(each)}{SUFFIXES[each]}"
        if first.exists():
            (folder / f"{number:04}{SUFFIXES[each]}").hardlink_to(first)
        else:
            write(first, each, row.megapixels)


SUFFIXES = dict(zip(KINDS, (".jpg", ".tif", ".tif", ".png", ".webp"), strict=True))


def write(path: Path, kind: str, megapixels: int) -> None:
    """Write one photograph: soft shapes with grain."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = height * 4 // 3
    rows, columns = np.arange(height)[:, None] / height, np.arange(width)[None] / height
    pixels = (128 + 80 * np.sin(9 * rows) * np.cos(7 * columns)).astype(np.uint8)
    pixels += np.random.default_rng(0).integers(0, 8, pixels.shape, dtype=np.uint8)
    if "16" not in kind:
        options = {"TIFF, 8 bits": {"compression": "raw"}}.get(kind, {})
        Image.fromarray(pixels).save(path, **options)
    elif "TIFF" in kind:
        tifffile.imwrite(path, pixels.astype(np.uint16) * np.uint16(257))
    else:
        Image.fromarray(pixels.astype(np.uint16) * np.uint16(257)).save(path, compress_level=1)


if __name__ == "__main__":
    main()
