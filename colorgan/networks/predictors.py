"""A generator with arrays that other programs have on both sides: what is exported, and what backends run."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from colorgan.networks.color_space import compose
from colorgan.networks.generator import UNetGenerator


class Predictor(nn.Module):
    """Base of both; the sides of its input are multiples of `stride`."""

    def __init__(self, generator: UNetGenerator) -> None:
        super().__init__()
        self.generator, self.stride = generator, generator.config.stride


class ChromaPredictor(Predictor):
    """A generator with 8-bit planes on both sides: what is exported, and what backends run."""

    def forward(self, luma: Tensor) -> Tensor:
        """Map luma uint8 (N, 1, H, W) to chroma uint8 (N, 2, H, W), 128 being neutral."""
        chroma = self.generator.chroma(luma.float() / 127.5 - 1)
        return (128 + 127.5 * chroma).round().clamp(0, 255).to(torch.uint8)


class RgbPredictor(Predictor):
    """A generator with gray and RGB in [0, 1]: what is exported for programs that know no YCbCr."""

    def forward(self, gray: Tensor) -> Tensor:
        """Map gray float (N, 1, H, W) to RGB float (N, 3, H, W), both in [0, 1]: the chroma over the gray."""
        signed = 2 * gray - 1
        rgb: Tensor = (compose(signed, self.generator.chroma(signed)) + 1) / 2
        return rgb.clamp(0, 1)
