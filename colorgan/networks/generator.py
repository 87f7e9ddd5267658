"""The generator: a U-Net whose encoder is the original's or one that was trained on ImageNet.

The original system speaks of five convolutional blocks that halve the size and of four up-blocks. Four
up-blocks double the size four times. So the plain encoder pools between its blocks, and the input's size
comes back. A pretrained encoder halves five times; its prediction at half of the input's size is doubled
bilinearly.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.utils.checkpoint import checkpoint

from colorgan.config import GeneratorConfig
from colorgan.networks.batch_norm import keep_statistics
from colorgan.networks.chroma_classes import ClassHead
from colorgan.networks.color_space import compose, extract_chroma


class ConvBlock(nn.Sequential):
    """Twice a 3x3 convolution with batch normalization and LeakyReLU; keeps the size."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        layers: list[nn.Module] = []
        for channels in (in_channels, out_channels):
            layers += [
                nn.Conv2d(channels, out_channels, 3, padding=1, bias=False),  # the norm has the bias
                nn.BatchNorm2d(out_channels),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        super().__init__(*layers)


class UpBlock(nn.Module):
    """Double the size, and mix in the skip of that size."""

    def __init__(self, in_channels: int, skip_channels: int, out_channels: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(in_channels, out_channels, 2, stride=2)
        self.fuse = ConvBlock(out_channels + skip_channels, out_channels)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Map x (N, C, H, W) and the skip (N, S, 2H, 2W) to (N, out_channels, 2H, 2W)."""
        fused: Tensor = self.fuse(torch.cat([self.up(x), skip], dim=1))
        return fused


class UNetGenerator(nn.Module):
    """Predict the color of a grayscale image; its sides are multiples of `config.stride`."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.save_memory = False
        """Whether training keeps no block's inner values, and computes them again for the gradients."""
        self.encoder: nn.Module | None = None
        """A pretrained one, where it is not the plain one."""
        if config.encoder == "plain":
            c = config.base_channels
            channels = [c, 2 * c, 4 * c, 8 * c, 16 * c]
            self.stem = ConvBlock(1, c)
            self.downs = nn.ModuleList(
                nn.Sequential(nn.MaxPool2d(2), ConvBlock(above, below)) for above, below in pairwise(channels)
            )
        else:
            from colorgan.networks.encoders import build_encoder  # timm takes over a second to import

            self.encoder, channels = build_encoder(config.encoder)
        widths = config.up_widths
        self.ups = nn.ModuleList(
            UpBlock(below, skip, width)
            for below, skip, width in zip(
                [channels[-1], *widths], reversed(channels[:-1]), widths, strict=False
            )
        )
        self.head: nn.Module
        if config.head == "classes":
            self.head = ClassHead(widths[-1])
        else:
            self.head = nn.Conv2d(widths[-1], 2 if config.head == "chroma" else 3, 1)

    @property
    def reduction(self) -> int:
        """Sides of the input over those of `features`."""
        return 2 if self.encoder else 1

    def forward(self, gray: Tensor, clean: Tensor | None = None) -> Tensor:
        """Map gray (N, 1, H, W) in [-1, 1] to RGB (N, 3, H, W).

        Head `rgb`: in [-1, 1]. The others: the gray with the predicted chroma, which may leave [-1, 1]
        where it is no color of RGB; unclamped, so that the losses have a gradient there. It is laid over
        `clean` (N, 1, H, W) where that is given: the gray before it was made to look old.
        """
        return self.paint(self.features(gray), gray if clean is None else clean)

    def chroma(self, gray: Tensor) -> Tensor:
        """Map gray (N, 1, H, W) to Cb and Cr (N, 2, H, W), all in [-1, 1], for any head."""
        predicted = self._predict(self.features(gray))
        return extract_chroma(predicted) if self.config.head == "rgb" else predicted

    def paint(self, features: Tensor, gray: Tensor) -> Tensor:
        """Map the features of a gray image to RGB (N, 3, H, W), laid over this gray (N, 1, H, W)."""
        predicted = self._predict(features)
        return predicted if self.config.head == "rgb" else compose(gray, predicted)

    def features(self, gray: Tensor) -> Tensor:
        """Map gray (N, 1, H, W) to what the head predicts from: (N, C, H, W), or half of H and W."""
        skips = self._encode(gray)
        x = skips.pop()
        for up, skip in zip(self.ups, reversed(skips), strict=True):
            x = self._run(up, x, skip)
        return x

    def _predict(self, features: Tensor) -> Tensor:
        """Chroma (N, 2, H, W), or RGB of the head `rgb`, of the input's size."""
        predicted: Tensor = self.head(features)
        if self.config.head != "classes":
            predicted = torch.tanh(predicted)
        if self.encoder:
            predicted = interpolate(predicted, scale_factor=2.0, mode="bilinear", align_corners=False)
        return predicted

    def _encode(self, gray: Tensor) -> list[Tensor]:
        """The features at five scales, from the largest to the smallest."""
        if self.encoder:
            return list(self._run(self.encoder, gray))
        scales = [self._run(self.stem, gray)]
        for down in self.downs:
            scales.append(self._run(down, scales[-1]))
        return scales

    def _run(self, block: nn.Module, *inputs: Tensor) -> Any:
        if not (self.save_memory and self.training):
            return block(*inputs)
        return checkpoint(
            block,
            *inputs,
            use_reentrant=False,
            preserve_rng_state=False,
            context_fn=lambda: (keep_statistics(), keep_statistics(block)),
        )
