"""Check an exported model against the checkpoint, by running both on photographs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image

from colorgan.backends import Backend, Planes
from colorgan.color import merge
from colorgan.errors import UsageError
from colorgan.images import Photo
from colorgan.metrics import ciede2000
from colorgan.sources import find_images

LIMIT = 1
"""Steps of 255 by which chroma may differ: float32 sums in another order, then rounding."""

LEAST_SPAN = 16
"""Steps of 255 that the checkpoint's chroma must span: two models that predict nothing are equal, too."""

SHAPES = ((1, 32, 32), (2, 64, 48), (3, 96, 160), (8, 128, 128))
"""Batch size, height and width of the luma that both models see."""

PHOTOS = Path(str(files("colorgan.export") / "photos"))
"""Gray photographs that ship with the package."""


@dataclass(frozen=True)
class Parity:
    """How far two models are apart."""

    largest: int
    """Difference of chroma, in steps of 255."""
    mean: float
    """Difference of chroma, in steps of 255."""
    ciede2000: float
    """Mean over all pixels of the coloured images."""
    span: int
    """From the reference's lowest chroma to its highest, in steps of 255."""

    def __str__(self) -> str:
        return (
            f"largest difference from the checkpoint {self.largest} of 255, mean {self.mean:.4f}, "
            f"CIEDE2000 {self.ciede2000:.4f}"
        )


def compare(exported: Backend, reference: Backend, photos: Path | None = None) -> Parity:
    """Run both models on the photographs in a folder, and on noise and flat images.

    Raises UsageError if there are no photographs.
    """
    differences, perceived, lowest, highest = [], [], 255, 0
    for luma in sample_batches(find_images(photos or PHOTOS)):
        chroma, expected = exported.predict(luma), reference.predict(luma)
        lowest, highest = min(lowest, int(expected.min())), max(highest, int(expected.max()))
        differences.append(np.abs(chroma.astype(int) - expected).ravel())
        for light, *pair in zip(luma[:, 0], chroma, expected, strict=True):
            perceived.append(ciede2000(*(np.asarray(merge(light, planes), np.uint8) for planes in pair)))
    every = np.concatenate(differences)
    return Parity(int(every.max()), float(every.mean()), float(np.mean(perceived)), highest - lowest)


def sample_batches(photos: Iterable[Path]) -> Iterator[Planes]:
    """Luma uint8 (N, 1, H, W) of several shapes: photographs, noise, and flat images in turn."""
    random = np.random.default_rng(0)
    sources = [Photo.read(path).luma() for path in photos]
    if not sources:
        raise UsageError("there are no photographs to verify the export on")
    sources += [Image.fromarray(random.integers(0, 256, (300, 300), dtype=np.uint8))]
    sources += [Image.new("L", (1, 1), value) for value in (0, 90, 255)]
    images = cycle(sources)
    for count, height, width in SHAPES:
        batch = [image.resize((width, height), Image.Resampling.BICUBIC) for image in islice(images, count)]
        yield np.stack([np.asarray(image) for image in batch])[:, None]
