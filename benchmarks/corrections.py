"""Time and bleeding of points of a correction: python benchmarks/corrections.py PHOTOS_DIR.

Of color photographs with chroma at 30 % of its strength, some places get their true chroma. `left` is the
error of all chroma that is left, and `worse` what pixels lose that were nearer to the truth before, both as
shares of the error at first. `bleeds` is the change across an edge as a share of the change before it, and
the time of that point: a step of 30 of 255 in luma, with noise, divides a picture of 512 pixels. Beside what
is used, there is colorization by optimization (`levin.py`): as published, and with a pull towards no change.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import click
import numpy as np
from PIL import Image

from benchmarks.levin import levin
from benchmarks.report import write_report
from colorgan.batch.sources import require_images
from colorgan.corrections.correction import REACH
from colorgan.corrections.spread import SIDE, Seed, spread

Method = Callable[..., Any]
POINTS = (1, 8)
METHODS: dict[str, Method] = {
    "used here": spread,
    "used here, reach 0.2": lambda luma, seeds, changes: spread(
        luma, [seed._replace(reach=0.2) for seed in seeds], changes
    ),
    "optimization": levin,
    "optimization, pull 0.001": partial(levin, pull=0.001),
}


@click.command()
@click.argument("photos", type=click.Path(path_type=Path))
@click.option("--limit", default=20, show_default=True, help="Photographs to measure.")
def main(photos: Path, limit: int) -> None:
    """Measure on the first photographs of the folder PHOTOS."""
    paths = require_images(photos)[:limit]
    rows = [measure(path, count, name) for path in paths for count in POINTS for name in METHODS]
    edges = {name: bleeding(method) for name, method in METHODS.items()}
    for count in POINTS:
        for name in METHODS:
            own = [row for row in rows if row["points"] == count and row["method"] == name]
            left, worse, seconds = (median(row[key] for row in own) for key in ("left", "worse", "seconds"))
            click.echo(
                f"{name}, {count} points: {1000 * seconds:.0f} ms, left {left:.1%}, worse {worse:.1%}, "
                f"bleeds {edges[name][0]:.1%} in {1000 * edges[name][1]:.0f} ms"
            )
    results = {"side": SIDE, "reach": REACH, "bleeds": edges, "rows": rows}
    click.echo(write_report("corrections", results), err=True)


def bleeding(method: Method) -> tuple[float, float]:
    """The change across an edge, as a share of that on the side of the point; and seconds."""
    noise = np.random.default_rng(0).normal(0, 2, (384, SIDE))
    luma = (110 + 30 * (np.arange(SIDE) >= SIDE // 2) + noise).clip(0, 255).astype(np.uint8)
    start = perf_counter()
    added = np.abs(method(luma, [Seed(SIDE // 4, 192, REACH)], [(40.0, 0.0)])[0])
    seconds = perf_counter() - start
    gap = 8  # pixels beside the edge that do not count
    return float(added[:, SIDE // 2 + gap :].mean() / added[:, : SIDE // 2 - gap].mean()), seconds


def measure(path: Path, count: int, name: str) -> dict[str, Any]:
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
    added = METHODS[name](luma, seeds, changes)
    seconds = perf_counter() - start
    before, after = np.hypot(*missing), np.hypot(*(missing - added))
    worse = np.maximum(after - before, 0).mean()
    shares = {"left": float(after.mean() / before.mean()), "worse": float(worse / before.mean())}
    return {"method": name, "points": count, "seconds": seconds, **shares}


if __name__ == "__main__":
    main()
