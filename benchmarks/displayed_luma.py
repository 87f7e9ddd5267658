"""How many pixels of results a viewer shows with another gray than the photograph has.

    python -m benchmarks.displayed_luma PHOTOS_DIR RESULTS_DIR

For each photograph with a result of its name: the share of pixels whose gray, Pillow's `L` of the decoded
RGB, is more than 2 steps of 255 off.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median

import click
import numpy as np
from PIL import Image

from colorgan.batch.job import PREFIX
from colorgan.batch.sources import find_images
from colorgan.evaluation.scores import read_rgb

STEPS = 2


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("results", type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(photos: Path, results: Path) -> None:
    """Compare the photographs in PHOTOS with what colorgan-batch made of them in RESULTS."""
    shares = []
    for path in find_images(photos):
        relative = path.relative_to(photos)
        result = results / relative.with_name(PREFIX + relative.name)
        if result.is_file():
            difference = np.abs(displayed_gray(result) - displayed_gray(path))
            shares.append((float(np.mean(difference > STEPS)), relative))
    worst, name = max(shares)
    middle = median(share for share, _ in shares)
    click.echo(f"{len(shares)} photographs: median {middle:.3%}, worst {worst:.2%} ({name})")


def displayed_gray(path: Path) -> np.ndarray:
    """Gray int (H, W), upright, as a viewer shows it."""
    return np.asarray(Image.fromarray(read_rgb(path)).convert("L"), dtype=int)


if __name__ == "__main__":
    main()
