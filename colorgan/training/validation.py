"""Color photographs whose colors are known, and compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate
from torchvision.utils import make_grid

from colorgan.errors import ImageError
from colorgan.evaluation.metrics import RGB8
from colorgan.evaluation.scores import score
from colorgan.networks.color_space import prepare_input
from colorgan.networks.generator import UNetGenerator
from colorgan.training.dataset import load_square
from colorgan.training.photographs import Photograph

METRIC_SIZE = 256
"""Larger images are reduced to this side before their colors are compared."""

SAMPLES = 8
"""Photographs on a sample grid."""

Figures = tuple[float, ...]
"""Of one photograph, in the order of `Validation`, but for the last: colorfulness, and the true one."""


@dataclass(frozen=True)
class Validation:
    """Means over photographs: L1 in [0, 2], CIEDE2000 and that of the gray itself, PSNR (dB), SSIM.

    `colorfulness_ratio` is the mean colorfulness of the predictions over that of the true colors.
    """

    l1: float
    ciede2000: float
    colorless_ciede2000: float
    psnr: float
    ssim: float
    colorfulness_ratio: float


def share(photographs: Sequence[Photograph], number: int, count: int) -> Sequence[Photograph]:
    """The photographs that the `number`-th of `count` processes, from 0, is to compare."""
    start, end = (-(-each * len(photographs) // count) for each in (number, number + 1))
    return photographs[start:end]


@torch.inference_mode()
def compare(
    generator: UNetGenerator, photographs: Sequence[Photograph], size: int, unreadable: set[str]
) -> tuple[list[Figures], list[Tensor]]:
    """Compare what the generator, in evaluation mode, makes of the middle square of each photograph.

    Gives the figures of each, for `mean_of`, and the pictures of a grid of the first ones: gray, predicted,
    true; RGB (3, H, W) in [0, 1]. A photograph that cannot be read is left out, and added to `unreadable`
    with the reason.
    """
    device = next(generator.parameters()).device
    rows: list[Tensor] = []
    scores: list[Figures] = []
    for photo in photographs:
        try:
            pixels = load_square(photo, size)
        except ImageError as error:
            unreadable.add(str(error))
            continue
        real = pixels[None].to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
        gray = prepare_input(real)
        fake = generator(gray).clamp(-1, 1)
        if len(rows) < 3 * SAMPLES:
            rows += [(image[0].cpu() + 1) / 2 for image in (gray.expand_as(real), fake, real)]
        got = score(str(photo.path), _reduced(fake), _reduced(real))
        scores.append(
            (
                float((fake - real).abs().mean()),
                got.ciede2000,
                got.colorless_ciede2000,
                got.psnr,
                got.ssim,
                got.colorfulness,
                got.true_colorfulness,
            )
        )
    return scores, rows


def grid_of(rows: list[Tensor]) -> Tensor:
    """The pictures of `compare` as one, RGB (3, H, W) in [0, 1]."""
    grid: Tensor = make_grid(rows, nrow=3)
    return grid


def mean_of(scores: Sequence[Figures]) -> Validation:
    """The means of what `compare` gave."""
    l1, difference, colorless, psnr, ssim, predicted, true = np.mean(scores, axis=0).tolist()
    ratio = predicted / true if true else 0.0
    return Validation(l1, difference, colorless, psnr, ssim, ratio)


def to_rgb8(images: Tensor) -> list[RGB8]:
    """RGB (N, 3, H, W) in [-1, 1] as uint8 (H, W, 3) each."""
    pixels = ((images + 1) * 127.5).round().clamp(0, 255).byte()
    return list(pixels.permute(0, 2, 3, 1).cpu().numpy())


def _reduced(image: Tensor) -> RGB8:
    if max(image.shape[2:]) > METRIC_SIZE:
        image = interpolate(image, size=METRIC_SIZE, mode="area")
    return to_rgb8(image)[0]
