"""A batch of photographs as the networks see it: some mirrored, some aged, all decided by a generator."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from colorgan.networks.color_space import prepare_input
from colorgan.training.aging import Aging


class Batch(NamedTuple):
    """What a step learns from, all in [-1, 1]."""

    rgb: Tensor
    """(N, 3, H, W)."""
    clean: Tensor
    """Its gray, (N, 1, H, W)."""
    gray: Tensor
    """What the generator sees: `clean`, or what age has made of it."""
    pixels: Tensor | None
    """Numbers of the pixels whose classes are learned, in rows of the features; a quarter of them."""


def prepare_batch(pixels: Tensor, random: torch.Generator, aging: float, reduction: int) -> Batch:
    """Make a batch of pixels uint8 (N, H, W, 3) on the generator's device; half are mirrored.

    `aging` is the share whose gray is made to look old. Classes are learned at features that have
    `reduction` times fewer pixels a side; 0 if there are none to learn.
    """
    rgb = pixels.to(random.device, non_blocking=True).permute(0, 3, 1, 2).float() / 255
    mirrored = torch.rand(len(rgb), 1, 1, 1, generator=random, device=rgb.device) < 0.5
    rgb = torch.where(mirrored, rgb.flip(3), rgb)
    clean = prepare_input(rgb)
    gray = Aging(rgb, clean, random).gray(aging) if aging else clean
    chosen = None
    if reduction:
        count = (rgb.shape[2] // reduction) * (rgb.shape[3] // reduction)
        chosen = torch.randperm(count, generator=random, device=rgb.device)[: -(-count // 4)]
    return Batch(2 * rgb - 1, 2 * clean - 1, 2 * gray - 1, chosen)
