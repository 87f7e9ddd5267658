"""Colour photographs whose colours are known, and compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import interpolate
from torchvision.utils import save_image

from colorgan.color import colorfulness
from colorgan.metrics import ciede2000
from colorgan.networks import prepare_input

METRIC_SIZE = 256
"""Larger images are reduced to this side before their colours are compared."""


@dataclass(frozen=True)
class Validation:
    """Means over photographs: L1 in [0, 2], CIEDE2000, and the same of the gray itself.

    `colorfulness_ratio` is the mean colourfulness of the predictions over that of the true colours.
    """

    l1: float
    ciede2000: float
    colorless_ciede2000: float
    colorfulness_ratio: float


def validate(
    colorize: Callable[[Tensor], Tensor], photos: Iterable[Tensor], grid: Path, rows: int
) -> Validation:
    """Compare what `colorize` makes of the gray with the photographs, RGB (N, 3, H, W) in [-1, 1].

    Writes a PNG, `grid`, of the first `rows` of them: gray, predicted, true.
    """
    samples: list[Tensor] = []
    scores: list[tuple[float, ...]] = []
    for real in photos:
        gray = prepare_input(real)
        fake = colorize(gray).clamp(-1, 1)
        samples += torch.stack([gray.expand_as(real), fake, real], dim=1)[: rows - len(samples)].cpu()
        l1 = (fake - real).abs().mean(dim=(1, 2, 3)).tolist()
        views = [_to_rgb8(images) for images in (gray.expand_as(real), fake, real)]
        for error, one_gray, one_fake, one_real in zip(l1, *views, strict=True):
            scores.append(
                (
                    error,
                    ciede2000(one_fake, one_real),
                    ciede2000(one_gray, one_real),
                    colorfulness(one_fake),
                    colorfulness(one_real),
                )
            )
    grid.parent.mkdir(parents=True, exist_ok=True)
    save_image(torch.cat(samples), grid, nrow=3, normalize=True, value_range=(-1, 1))
    l1_mean, difference, colorless, predicted, true = np.mean(scores, axis=0).tolist()
    return Validation(l1_mean, difference, colorless, predicted / true if true else 0.0)


def _to_rgb8(images: Tensor) -> npt.NDArray[np.uint8]:
    if max(images.shape[2:]) > METRIC_SIZE:
        images = interpolate(images, size=METRIC_SIZE, mode="area")
    pixels: npt.NDArray[np.uint8] = (
        ((images + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
    )
    return pixels
