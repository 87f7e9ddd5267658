"""Make the gray of modern photographs look like that of old prints, in batches on the device.

What differs from one photograph to the next is drawn for each; each effect comes to some of them.
Strengths were set by eye, for photographs reduced to some 100 to 300 pixels, beside scans of old ones.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

BLIND = (0.05, 0.45, 0.50)
"""Weights of red, green and blue on a film that hardly sees red (orthochromatic), as those of before 1925."""

QUANTIZATION = 16 + 4 * torch.arange(8)[:, None] + 4 * torch.arange(8)[None, :]
"""About that of T.81, table K.1: finer detail is rounded more coarsely; steps of 255 at quality 50."""


class Aging:
    """The effects for one batch, RGB (N, 3, H, W) in [0, 1] with sides that are multiples of 16.

    `clean` is its gray (N, 1, H, W) in [0, 1] as it is without them.
    """

    def __init__(self, rgb: Tensor, clean: Tensor, random: torch.Generator) -> None:
        self.rgb, self.clean, self.random = rgb, clean, random
        self.shape = clean.shape

    def gray(self, share: float) -> Tensor:
        """The gray (N, 1, H, W) in [0, 1]; this share of the photographs look old."""
        old = self._film()
        effects = (self._tone, 0.6), (self._fade, 0.4), (self._blur, 0.3), (self._grain, 0.4)
        for effect, share_of_old in (*effects, (self._scratch, 0.2), (self._jpeg, 0.3)):
            old = torch.where(self._chance(share_of_old), effect(old).clamp(0, 1), old)
        return torch.where(self._chance(share), old, self.clean)

    def _film(self) -> Tensor:
        """Weights of the colors somewhere between those of the eye and those of an old film."""
        blind = torch.where(self._chance(0.5), self._uniform(0, 1), 0.0)
        weights = torch.tensor(BLIND, device=self.rgb.device).view(1, 3, 1, 1)
        return torch.lerp(self.clean, (self.rgb * weights).sum(1, keepdim=True), blind)

    def _tone(self, gray: Tensor) -> Tensor:
        """Another gamma, and more contrast."""
        curved = gray.clamp(min=1e-4) ** self._uniform(-0.45, 0.45).exp()
        return 0.5 + self._uniform(1, 1.4) * (curved - 0.5)

    def _fade(self, gray: Tensor) -> Tensor:
        """Blacks become gray and whites dull, not everywhere alike."""
        black, white = self._uniform(0, 0.25), self._uniform(0.75, 1)
        light = torch.rand(len(gray), 1, 3, 3, generator=self.random, device=gray.device) - 0.5
        patches = interpolate(light, size=self.shape[2:], mode="bicubic", align_corners=False)
        return black + (white - black) * gray + self._uniform(0, 0.2) * patches

    def _blur(self, gray: Tensor) -> Tensor:
        """A lens or a focus that was not sharp: a Gaussian of up to 1 pixel."""
        at = torch.arange(-4, 5, device=gray.device)
        kernel = (-(at**2) / (2 * self._uniform(0.3, 1).view(-1, 1) ** 2)).exp()
        kernel = (kernel / kernel.sum(1, keepdim=True)).view(-1, 1, 1, 9)
        rows = pad(gray.transpose(0, 1), (4, 4, 4, 4), mode="reflect")  # photographs as channels
        rows = conv2d(rows, kernel, groups=len(gray))
        return conv2d(rows, kernel.transpose(2, 3), groups=len(gray)).transpose(0, 1)

    def _grain(self, gray: Tensor) -> Tensor:
        """Noise, a little coarser than pixels in some."""
        fine = torch.randn(self.shape, generator=self.random, device=gray.device)
        coarse = interpolate(fine[..., ::2, ::2], size=self.shape[2:], mode="bilinear", align_corners=False)
        return gray + self._uniform(0, 0.05) * torch.where(self._chance(0.5), fine, coarse)

    def _scratch(self, gray: Tensor) -> Tensor:
        """A white and a black straight line, half transparent, and specks of dust."""
        height, width = self.shape[2:]
        y = torch.arange(height, device=gray.device).view(1, 1, -1, 1)
        x = torch.arange(width, device=gray.device).view(1, 1, 1, -1)
        for shade in (0.95, 0.05):
            angle = self._uniform(0, math.pi)
            across = (x - width * self._uniform(0, 1)) * angle.cos() + (y - height * self._uniform(0, 1)) * (
                angle.sin()
            )
            gray = torch.where(across.abs() < self._uniform(0, 0.7), (gray + shade) / 2, gray)
        dust = torch.rand(self.shape, generator=self.random, device=gray.device) < self._uniform(0, 0.001)
        return torch.where(dust, 0.95, gray)

    def _jpeg(self, gray: Tensor) -> Tensor:
        """What JPEG's quantization leaves of the luma, at a quality of about 40 to 90."""
        n, _, height, width = self.shape
        blocks = 255 * gray.view(n, height // 8, 8, width // 8, 8).transpose(2, 3) - 128
        at = torch.arange(8, device=gray.device)
        dct = (math.pi / 8 * at[:, None] * (at + 0.5)).cos() / 2  # T.81, A.3.3
        dct[0] /= math.sqrt(2)
        step = QUANTIZATION.to(gray.device) * self._uniform(0.2, 1.2).view(n, 1, 1, 1, 1)
        rounded = (dct @ blocks @ dct.T / step).round() * step
        blocks = (dct.T @ rounded @ dct + 128) / 255
        return blocks.transpose(2, 3).reshape(self.shape)

    def _chance(self, share: float) -> Tensor:
        return self._uniform(0, 1) < share

    def _uniform(self, low: float, high: float) -> Tensor:
        """A number for each photograph, (N, 1, 1, 1)."""
        numbers = torch.rand(len(self.rgb), 1, 1, 1, generator=self.random, device=self.rgb.device)
        return low + (high - low) * numbers
