"""Photographs of any size to measure with, made from those of a folder."""

from __future__ import annotations

import math
from importlib.resources import files
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image

from colorgan.batch.sources import find_images
from colorgan.photo.color import Planes

SHIPPED = Path(str(files("colorgan.export") / "photos"))
"""Gray photographs in the package."""


def make_photographs(photos: Path, folder: Path, megapixels: float, count: int, mode: str = "L") -> None:
    """Write JPEGs of this size and mode (L or RGB), with grain, so that they cost a codec what scans do."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for number, path in enumerate(islice(cycle(find_images(photos)), count)):
        with Image.open(path) as image:
            scale = math.sqrt(megapixels * 1e6 / (image.width * image.height))
            size = round(image.width * scale), round(image.height * scale)
            pixels = np.asarray(image.convert(mode).resize(size, Image.Resampling.BICUBIC), dtype=np.float32)
        grain = random.normal(0, 4, pixels.shape[:2]).astype(np.float32)
        grainy = pixels + (grain if mode == "L" else grain[..., None])
        Image.fromarray(grainy.clip(0, 255).astype(np.uint8)).save(folder / f"{number:05}.jpg", quality=90)


def luma_batch(count: int, size: int) -> Planes:
    """Luma uint8 (count, 1, size, size) of the photographs that ship, no two alike."""
    paths = find_images(SHIPPED)
    batch = np.empty((count, 1, size, size), np.uint8)
    for number in range(count):
        with Image.open(paths[number % len(paths)]) as image:
            small = image.convert("L").resize((size, size), Image.Resampling.BICUBIC)
        batch[number, 0] = np.roll(np.asarray(small), 7 * (number // len(paths)), axis=1)
    return batch
