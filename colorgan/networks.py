"""The generator and the discriminator, and the gray that the generator sees.

The original system speaks of five convolutional blocks that halve the size and of four up-blocks.
Four up-blocks double the size four times, so the input's size comes back only if it is halved four
times: there is a pooling between one block and the next, and none after the fifth.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from colorgan.config import GeneratorConfig
from colorgan.photo.color import BLUE, CB_TO_BLUE, CR_TO_RED, GREEN, RED


def prepare_input(rgb: Tensor) -> Tensor:
    """Turn RGB (N, 3, H, W) into gray (N, 1, H, W) of the same range, the generator's input; float.

    The weights are those of Pillow's mode `L` (BT.601), which rounds the result to 8 bits.
    """
    return RED * rgb[:, :1] + GREEN * rgb[:, 1:2] + BLUE * rgb[:, 2:]


def compose(gray: Tensor, chroma: Tensor) -> Tensor:
    """Lay chroma (N, 2, H, W) over gray (N, 1, H, W): RGB (N, 3, H, W), unclamped.

    Full-range YCbCr to RGB of ITU-T T.871 (JFIF), clause 7, with all of them scaled to [-1, 1].
    """
    red, blue = gray + CR_TO_RED * chroma[:, 1:], gray + CB_TO_BLUE * chroma[:, :1]
    green = (gray - RED * red - BLUE * blue) / GREEN
    return torch.cat([red, green, blue], dim=1)


def extract_chroma(rgb: Tensor) -> Tensor:
    """Take the Cb and Cr (N, 2, H, W) of RGB (N, 3, H, W), all in [-1, 1]; undoes `compose`."""
    gray = prepare_input(rgb)
    return torch.cat([(rgb[:, 2:] - gray) / CB_TO_BLUE, (rgb[:, :1] - gray) / CR_TO_RED], dim=1)


class ConvBlock(nn.Sequential):
    """Twice a 3x3 convolution with batch normalisation and LeakyReLU; keeps the size."""

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
    """Double the size, halve the channels, and mix in the skip of that size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(channels, channels // 2, 2, stride=2)
        self.fuse = ConvBlock(channels, channels // 2)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Map x (N, C, H, W) and skip (N, C/2, 2H, 2W) to (N, C/2, 2H, 2W)."""
        fused: Tensor = self.fuse(torch.cat([self.up(x), skip], dim=1))
        return fused


class UNetGenerator(nn.Module):
    """Predict the colour of a grayscale image."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.save_memory = False
        """Whether training keeps no block's inner values, and computes them again for the gradients."""
        c = config.base_channels
        self.stem = ConvBlock(1, c)
        self.downs = nn.ModuleList(
            nn.Sequential(nn.MaxPool2d(2), ConvBlock(c * scale, 2 * c * scale)) for scale in (1, 2, 4, 8)
        )
        self.ups = nn.ModuleList(UpBlock(c * scale) for scale in (16, 8, 4, 2))
        self.head = nn.Conv2d(c, 2 if config.head == "chroma" else 3, 1)

    def forward(self, gray: Tensor, clean: Tensor | None = None) -> Tensor:
        """Map gray (N, 1, H, W) in [-1, 1] to RGB (N, 3, H, W); H and W are multiples of 16.

        Head `rgb`: in [-1, 1]. Head `chroma`: the gray with the predicted chroma, which may leave
        [-1, 1] where it is no colour of RGB; unclamped, so that the losses have a gradient there. It is laid
        over `clean` (N, 1, H, W) where that is given: the gray before it was made to look old.
        """
        predicted = self._predict(gray)
        if self.config.head == "rgb":
            return predicted
        return compose(gray if clean is None else clean, predicted)

    def chroma(self, gray: Tensor) -> Tensor:
        """Map gray (N, 1, H, W) to Cb and Cr (N, 2, H, W), all in [-1, 1], for either head."""
        predicted = self._predict(gray)
        return predicted if self.config.head == "chroma" else extract_chroma(predicted)

    def _predict(self, gray: Tensor) -> Tensor:
        x, skips = self._run(self.stem, gray), []
        for down in self.downs:
            skips.append(x)
            x = self._run(down, x)
        for up, skip in zip(self.ups, reversed(skips), strict=True):
            x = self._run(up, x, skip)
        return torch.tanh(self.head(x))

    def _run(self, block: nn.Module, *inputs: Tensor) -> Tensor:
        result: Tensor = (
            checkpoint(block, *inputs, use_reentrant=False, preserve_rng_state=False)
            if self.save_memory and self.training
            else block(*inputs)
        )
        return result


class ChromaPredictor(nn.Module):
    """A generator with 8-bit planes on both sides: what is exported, and what backends run."""

    def __init__(self, generator: UNetGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, luma: Tensor) -> Tensor:
        """Map luma uint8 (N, 1, H, W) to chroma uint8 (N, 2, H, W), 128 being neutral."""
        chroma = self.generator.chroma(luma.float() / 127.5 - 1)
        return (128 + 127.5 * chroma).round().clamp(0, 255).to(torch.uint8)


class RgbPredictor(nn.Module):
    """A generator with gray and RGB in [0, 1]: what is exported for programs that know no YCbCr."""

    def __init__(self, generator: UNetGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, gray: Tensor) -> Tensor:
        """Map gray float (N, 1, H, W) to RGB float (N, 3, H, W), both in [0, 1]: the chroma over the gray."""
        signed = 2 * gray - 1
        rgb: Tensor = (compose(signed, self.generator.chroma(signed)) + 1) / 2
        return rgb.clamp(0, 1)


class Discriminator(nn.Module):
    """Score a colour image or, with `patches`, each patch of 70 x 70: a plain strided CNN for any size.

    The layers for patches are pix2pix's (Isola et al. 2017, appendix 6.1.2).
    """

    def __init__(self, base_channels: int = 64, *, patches: bool = False) -> None:
        super().__init__()
        c = base_channels
        layers: list[nn.Module] = [nn.Conv2d(3, c, 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        for scale in (1, 2, 4):
            stride = 1 if patches and scale == 4 else 2
            layers += [
                nn.Conv2d(c * scale, 2 * c * scale, 4, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(2 * c * scale),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        if patches:
            self.features = nn.Sequential(*layers)
            self.score: nn.Module = nn.Conv2d(8 * c, 1, 4, padding=1)
        else:
            self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
            self.score = nn.Linear(8 * c, 1)

    def forward(self, rgb: Tensor) -> Tensor:
        """Map RGB (N, 3, H, W) in [-1, 1], 32 pixels or more a side, to logits: real is above 0.

        They are (N, 1) or, of patches, (N, 1, H / 8 - 2, W / 8 - 2).
        """
        score: Tensor = self.score(self.features(rgb))
        return score
