"""Photographs of any size to measure with, made from those of a folder."""

from __future__ import annotations

import math
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image

from colorgan.sources import find_images


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
