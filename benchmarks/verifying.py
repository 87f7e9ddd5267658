"""What it costs to unpack a lossless result again and to compare it, before it gets its name.

    python -m benchmarks.verifying --megapixels 12

Processor seconds of one thread for a photograph without the model: all from its bytes to those of its result,
and the check alone. Prints a table of medians.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from time import thread_time

import click
import numpy as np

from colorgan.photo.encode import encode, full_luma
from colorgan.photo.image import Photo
from colorgan.photo.png import encode_png
from colorgan.photo.verify import check_lossless
from colorgan.photo.xmp import Credit

CREDIT = Credit("benchmark", "0" * 64)
NAME = Path("photograph.png")


@click.command()
@click.option("--megapixels", default=12.0, show_default=True)
@click.option("--rounds", default=3, show_default=True)
def main(megapixels: float, rounds: int) -> None:
    """Measure the check on a picture of soft shapes with grain."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:height, : height * 4 // 3].astype(np.float32) / height
    shapes = 128 + 80 * np.sin(9 * rows) * np.cos(7 * columns) + random.normal(0, 3, rows.shape)
    gray = shapes.clip(0, 255).astype(np.uint8)
    chroma = random.integers(110, 150, (2, 192, 256)).astype(np.uint8)
    click.echo("bits  format  whole, s  check, s")
    for pixels in (gray, gray.astype(np.uint16) * np.uint16(257)):
        file = encode_png(pixels)
        for format in ("PNG", "TIFF"):
            whole, check = zip(*(_times(file, chroma, format) for _ in range(rounds)), strict=True)
            bits = 8 * pixels.dtype.itemsize
            click.echo(f"{bits:4}  {format:6}  {median(whole):8.2f}  {median(check):8.2f}")


def _times(file: bytes, chroma: np.ndarray, format: str) -> tuple[float, float]:
    """Seconds for one result, and for its check."""
    start = thread_time()
    photo = Photo.of(NAME, file)
    data = encode(photo, full_luma(photo, format), chroma, format, 0, CREDIT)
    whole = thread_time() - start
    result = Photo.of(NAME, data)
    samples = result._pixels.deep if result._pixels.deep is not None else np.asarray(result._pixels.image)
    start = thread_time()
    check_lossless(NAME, data, format, samples)
    return whole, thread_time() - start


if __name__ == "__main__":
    main()
