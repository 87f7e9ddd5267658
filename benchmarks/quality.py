"""Color the gray versions of color photographs, and compare with the truth.

    python -m benchmarks.quality VALIDATION_DIR --native-sizes 96,128,160
    python -m benchmarks.quality VALIDATION_DIR --saturations 1,1.25,1.5

Whole photographs go through the product's own engine. CIEDE2000 is the mean over pixels, then over
photographs; colorfulness (Hasler and Suesstrunk 2003, signed) is the mean over photographs, divided by
that of the true colors.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import click
import numpy as np
from PIL import Image

from colorgan import Colorizer
from colorgan.batch.sources import find_images
from colorgan.config import ColorizeConfig
from colorgan.evaluation.metrics import ciede2000
from colorgan.photo.color import colorfulness


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--model", type=click.Path(path_type=Path), help="Default: the embedded model.")
@click.option("--native-sizes", help="Sizes to try, such as 96,128.  [default: the model's own]")
@click.option(
    "--saturations", default="1", show_default=True, help="Strengths of the colors, such as 1,1.25."
)
def main(folder: Path, model: Path | None, native_sizes: str | None, saturations: str) -> None:
    """Compare what the model makes of the photographs in FOLDER with their own colors."""
    colorizer = Colorizer(model)
    truths = [np.asarray(Image.open(path).convert("RGB")) for path in find_images(folder)]
    grays = [Image.fromarray(truth).convert("L") for truth in truths]
    colorless = score([np.asarray(gray.convert("RGB")) for gray in grays], truths)
    click.echo(f"{len(truths)} photographs")
    click.echo("| native size | saturation | CIEDE2000 | beside colorless | colorfulness ratio |")
    click.echo("| ---: | ---: | ---: | ---: | ---: |")
    click.echo(f"| colorless | | {colorless[0]:.2f} | | {colorless[1]:.2f} |")
    sizes = native_sizes.split(",") if native_sizes else [colorizer.model.native_size]
    strengths = map(float, saturations.split(","))
    for size, strength in product(map(int, sizes), strengths):
        colorizer.config = ColorizeConfig(saturation=strength)
        colorizer.model = replace(colorizer.model, native_size=size)
        difference, ratio = score([np.asarray(colorizer(gray)) for gray in grays], truths)
        beside = difference / colorless[0] - 1
        click.echo(f"| {size} | {strength:g} | {difference:.2f} | {beside:+.1%} | {ratio:.2f} |")


def score(results: list[np.ndarray], truths: list[np.ndarray]) -> tuple[float, float]:
    """Mean CIEDE2000, and colorfulness as a ratio, of RGB uint8 (H, W, 3) images."""
    difference = np.mean([ciede2000(*pair) for pair in zip(results, truths, strict=True)])
    return float(difference), float(
        np.mean([colorfulness(result) for result in results])
        / np.mean([colorfulness(truth) for truth in truths])
    )


if __name__ == "__main__":
    main()
