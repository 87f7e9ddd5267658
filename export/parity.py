"""How far an exported model is from its checkpoint, by running both on photographs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from colorgan.batch.sources import find_images
from colorgan.errors import ModelError, UsageError
from colorgan.evaluation.metrics import RGB8, ciede2000
from colorgan.networks.color_space import compose
from colorgan.networks.generator import UNetGenerator
from colorgan.photo.color import Planes, merge
from colorgan.photo.image import Photo

LIMITS = {"fp32": ("largest", 1), "fp16": ("ciede2000", 0.3), "int8": ("ciede2000", 1.0)}
"""What may differ, and by how much. In float32 sums come in another order, and are rounded to 8 bits."""

LEAST_SPAN = 16
"""Steps of 255 that the checkpoint's chroma must span: two models that predict nothing are equal, too."""

COUNTS = (1, 2, 3, 8)
SIDES = ((32, 32), (64, 48), (96, 160), (128, 128))
"""Batch sizes, and heights and widths in pixels, of the luma that both models see; up to
the next multiple of the stride."""

PHOTOS = Path(str(files("colorgan.export") / "photos"))
"""Gray photographs that ship with the package."""

Array = npt.NDArray[Any]
Run = Callable[[Array], Array]
"""An exported model: of planes, or of floats in [0, 1]."""


@dataclass(frozen=True)
class Parity:
    """How far two models are apart."""

    largest: int
    """Difference of chroma, or of RGB, in steps of 255."""
    mean: float
    """Difference of chroma, or of RGB, in steps of 255."""
    ciede2000: float
    """Mean over all pixels of the colored images."""

    def __str__(self) -> str:
        return (
            f"largest difference from the checkpoint {self.largest} of 255, mean {self.mean:.4f}, "
            f"CIEDE2000 {self.ciede2000:.4f}"
        )

    def excess(self, precision: str) -> str:
        """What is beyond the limit of the precision, if anything is."""
        name, limit = LIMITS[precision]
        within = getattr(self, name) <= limit
        return "" if within else f"{self}; allowed for {precision}: {name.replace('ciede', 'CIEDE')} {limit}"


@dataclass(frozen=True)
class Case:
    """A batch, and what the checkpoint makes of it."""

    luma: Planes
    input: Array
    """As the exported model takes it: luma uint8 (N, 1, H, W), or gray float32 in [0, 1]."""
    expected: Planes
    """Chroma uint8 (N, 2, H, W), or RGB uint8 (N, 3, H, W)."""


@torch.inference_mode()
def make_cases(
    checkpoint: Path,
    generator: UNetGenerator,
    signature: str,
    shape: tuple[int, int, int],
    photos: Path | None,
) -> list[Case]:
    """Run the checkpoint's generator on photographs, noise and flat images, without the export's own code.

    Raises ModelError if what it predicts could prove nothing, UsageError if there are no photographs.
    """
    cases, lowest, highest = [], 1.0, -1.0
    for luma in sample_batches(find_images(photos or PHOTOS), shape, generator.config.stride):
        gray = torch.from_numpy(luma).float() / 255 * 2 - 1
        chroma = generator.chroma(gray)
        if not chroma.isfinite().all():
            raise ModelError(checkpoint, "predicts NaN or infinity; retrain it")
        lowest, highest = min(lowest, float(chroma.min())), max(highest, float(chroma.max()))
        if signature == "planes":
            cases.append(Case(luma, luma, to_steps(chroma.numpy(), 127.5, 128)))
        else:
            rgb = compose(gray, chroma).numpy()
            cases.append(Case(luma, luma / np.float32(255), to_steps(rgb, 127.5, 127.5)))
    if (span := round((highest - lowest) * 127.5)) < LEAST_SPAN:
        spans = f"range {span} of 255, minimum {LEAST_SPAN}"
        raise ModelError(
            checkpoint,
            f"predicts almost no color ({spans}), so a comparison would be meaningless; train it first",
        )
    return cases


def compare(run: Run, cases: Sequence[Case]) -> Parity:
    """Run the exported model on the cases; what is no number, or of another shape, is as far as can be."""
    differences, perceived = [], []
    for case in cases:
        output = run(case.input)
        if output.shape != case.expected.shape or not np.isfinite(output).all():
            return Parity(255, math.nan, math.nan)
        if output.dtype != np.uint8:
            output = to_steps(output, 255, 0)
        differences.append(np.abs(output.astype(int) - case.expected).ravel())
        for luma, *pair in zip(case.luma[:, 0], output, case.expected, strict=True):
            perceived.append(ciede2000(*(_picture(luma, planes) for planes in pair)))
    every = np.concatenate(differences)
    return Parity(int(every.max()), float(every.mean()), float(np.mean(perceived)))


def to_steps(values: Array, scale: float, offset: float) -> Planes:
    """Scale floats to steps of 255, as uint8."""
    return np.clip(np.round(offset + scale * values), 0, 255).astype(np.uint8)


def sample_batches(photos: Iterable[Path], fixed: tuple[int, int, int], stride: int) -> Iterator[Planes]:
    """Luma uint8 (N, 1, H, W) of several shapes: photographs, noise, and flat images in turn.

    Batch, height and width may be fixed; 0 where they are not. Other sides are multiples of the stride.
    """
    random = np.random.default_rng(0)
    sources = [Photo.read(path).luma() for path in photos]
    if not sources:
        raise UsageError("there are no photographs to verify the export on")
    sources += [Image.fromarray(random.integers(0, 256, (300, 300), dtype=np.uint8))]
    sources += [Image.new("L", (1, 1), value) for value in (0, 90, 255)]
    images = cycle(sources)
    batch, *fixed_sides = fixed
    counts = [batch] * -(-sum(COUNTS) // batch) if batch else COUNTS
    for count, sides in zip(counts, cycle(SIDES), strict=False):
        height, width = fixed_sides if fixed_sides[0] else (-(-side // stride) * stride for side in sides)
        chosen = [image.resize((width, height), Image.Resampling.BICUBIC) for image in islice(images, count)]
        yield np.stack([np.asarray(image) for image in chosen])[:, None]


def _picture(luma: Planes, planes: Planes) -> RGB8:
    """RGB uint8 (H, W, 3) of luma and chroma, or of RGB (3, H, W)."""
    return np.asarray(merge(luma, planes) if len(planes) == 2 else planes.transpose(1, 2, 0), np.uint8)
