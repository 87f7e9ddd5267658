"""Peak memory of runs against --memory: folders of large photographs, some of them too large.

    python -m benchmarks.memory [--megapixels 24] [--count 40]

Each row is a run of `colorgan-batch` in a process of its own; peak is its VmHWM, the most memory that it ever
had. A run is to stay within BASE and 1.3 times --memory, whatever the folder holds.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import tifffile
from PIL import Image

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

ROWS = (
    ("gray JPEG", 2048, 16),
    ("TIFF, 8 bits", 2048, 16),
    ("TIFF, 16 bits", 300, 16),
    ("TIFF, 16 bits", 2048, 16),
    ("PNG, 16 bits", 1000, 4),
    ("mixed", 1000, 16),
)
KINDS = ("gray JPEG", "TIFF, 8 bits", "TIFF, 16 bits", "PNG, 16 bits", "WebP")


@click.command()
@click.option("--megapixels", default=24.0, show_default=True)
@click.option("--count", default=40, show_default=True, help="Files in a folder.")
@click.option("--alone", is_flag=True, help="One file of each kind instead, for bytes per pixel.")
def main(megapixels: float, count: int, alone: bool) -> None:
    """Print a row for each run."""
    click.echo(
        f"{'folder':16} {'--memory':>8} {'workers':>7} {'peak, MB':>8} {'allowed':>7}  files colored, failed"
    )
    rows = [(kind, 100_000, 1) for kind in KINDS] if alone else ROWS
    for kind, memory, workers in rows:
        with TemporaryDirectory(prefix="colorgan-memory-") as folder:
            scans = Path(folder, "scans")
            make(scans, kind, megapixels, 1 if alone else count)
            words = ["batch", scans, Path(folder, "results"), "--memory", memory, "--workers", workers]
            done = subprocess.run(
                [sys.executable, "-c", RUN, *map(str, words)], capture_output=True, text=True, check=False
            )
            peak = int(done.stdout.split()[-1]) / 1000
            made = len(list(Path(folder, "results").glob("colorized_*")))
            allowed = BASE + 1.3 * memory
            each = f"  {(peak - 200) / megapixels:.1f} bytes a pixel" if alone else ""
            failed = len(list(scans.iterdir())) - made
            row = f"{kind:16} {memory:8} {workers:7} {peak:8.0f} {allowed:7.0f}  {made}, {failed}"
            click.echo(row + each + ("" if peak <= allowed else "  TOO MUCH"))


def make(folder: Path, kind: str, megapixels: float, count: int) -> None:
    """Write a folder of large photographs; one file has other names, too, as links."""
    folder.mkdir()
    kinds = KINDS if kind == "mixed" else (kind,)
    for number in range(count):
        each = kinds[number % len(kinds)]
        first = folder / f"{kinds.index(each)}{SUFFIXES[each]}"
        if first.exists():
            (folder / f"{number:04}{SUFFIXES[each]}").hardlink_to(first)
        else:
            write(first, each, megapixels)


SUFFIXES = dict(zip(KINDS, (".jpg", ".tif", ".tif", ".png", ".webp"), strict=True))


def write(path: Path, kind: str, megapixels: float) -> None:
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
