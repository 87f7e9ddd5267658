"""Time and bleeding of points of a correction: python benchmarks/corrections.py PHOTOS_DIR.

Of color photographs with chroma at 30 % of its strength, some places get their true chroma. `left` is the
error of all chroma that is left, and `worse` what pixels lose that were nearer to the truth before, both as
shares of the error at first.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))

import click
import numpy as np
from PIL import Image

from benchmarks.report import write_report
from colorgan.batch.sources import require_images
from colorgan.corrections.correction import REACH
from colorgan.corrections.spread import SIDE, Seed, spread

POINTS = (1, 8)


@click.command()
@click.argument("photos", type=click.Path(path_type=Path))
@click.option("--limit", default=20, show_default=True, help="Photographs to measure.")
def main(photos: Path, limit: int) -> None:
    """Measure on the first photographs of the folder PHOTOS."""
    rows = [measure(path, count) for path in require_images(photos)[:limit] for count in POINTS]
    for count in POINTS:
        own = [row for row in rows if row["points"] == count]
        left, worse, seconds = (median(row[name] for row in own) for name in ("left", "worse", "seconds"))
        click.echo(f"{count} points: {1000 * seconds:.0f} ms, left {left:.1%}, worse {worse:.1%}")
    click.echo(write_report("corrections", {"side": SIDE, "reach": REACH, "rows": rows}), err=True)


def measure(path: Path, count: int) -> dict[str, float]:
    """Set points in one photograph, always in the same places."""
    with Image.open(path) as image:
        picture = image.convert("YCbCr")
    picture.thumbnail((SIDE, SIDE))
    luma, *planes = np.moveaxis(np.asarray(picture), -1, 0)
    missing = 0.7 * (np.stack(planes) - 128.0)
    random = np.random.default_rng(0)
    places = [tuple(int(random.integers(0, side)) for side in luma.shape) for _ in range(count)]
    seeds = [Seed(column, row, REACH) for row, column in places]
    changes = [(float(missing[0, row, column]), float(missing[1, row, column])) for row, column in places]
    start = perf_counter()
    added = spread(luma, seeds, changes)
    seconds = perf_counter() - start
    before, after = np.hypot(*missing), np.hypot(*(missing - added))
    worse = np.maximum(after - before, 0).mean()
    shares = {"left": float(after.mean() / before.mean()), "worse": float(worse / before.mean())}
    return {"points": count, "seconds": seconds, **shares}


if __name__ == "__main__":
    main()
