"""Chroma as a choice among classes (Zhang et al. 2016, "Colorful Image Colorization", arXiv:1603.08511).

A class is a square of Cb and Cr. What is predicted is a probability for each class, and the chroma is the
mean of the class centers under the sharpened probabilities: the paper's annealed mean.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

SIDE = 10
"""Of a class, in steps of 255; as in the paper, whose steps are those of a*b*."""

SPREAD = 200
"""Chroma is a class if the largest and smallest of R, G and B that it gives differ by less, in steps
of 255. In 1,400 photographs 99.5 % of the pixels lie in these 281 classes; all 465 take longer."""

TEMPERATURE = 0.35
"""Divides the logits for the mean: less than 1 makes colors stronger (0.38 in the paper)."""

NEAREST, SIGMA = 5, 6.0
"""The target of a pixel: Gaussian weights of its nearest classes, sigma in steps of 255."""


def class_centers() -> Tensor:
    """Cb and Cr (K, 2) of the classes, in [-1, 1], from the gamut of RGB alone: the same in every file."""
    steps = torch.arange(-120, 121, SIDE, dtype=torch.float64, device="cpu")  # even where others are on none
    cb, cr = torch.meshgrid(steps, steps, indexing="ij")
    rgb = torch.stack([1.402 * cr, -0.344136 * cb - 0.714136 * cr, 1.772 * cb])
    inside = rgb.amax(0) - rgb.amin(0) < SPREAD
    return torch.stack([cb[inside], cr[inside]], dim=1).float() / 127.5


class ClassHead(nn.Module):
    """Logits of the classes by a 1x1 convolution, and the chroma that they mean."""

    centers: Tensor
    temperature: Tensor

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        centers = class_centers()
        self.logits = nn.Conv2d(in_channels, len(centers), 1)
        self.register_buffer("centers", centers)
        self.register_buffer("temperature", torch.tensor(TEMPERATURE))

    def forward(self, features: Tensor) -> Tensor:
        """Map features (N, C, H, W) to Cb and Cr (N, 2, H, W) in [-1, 1]."""
        # Classes last: onnxruntime's softmax takes seven times as long over channels that come first.
        weight = self.logits.weight[:, :, 0, 0] / self.temperature
        assert self.logits.bias is not None
        logits = linear(features.permute(0, 2, 3, 1), weight, self.logits.bias / self.temperature)
        return (torch.softmax(logits, dim=-1) @ self.centers).permute(0, 3, 1, 2)

    def logits_at(self, features: Tensor, pixels: Tensor) -> Tensor:
        """Logits (N, K, P) at P pixels, given by their numbers in rows: all others cost nothing."""
        chosen = features.flatten(2).index_select(2, pixels)[..., None]
        found: Tensor = self.logits(chosen)
        return found[..., 0]

    def mean(self, logits: Tensor) -> Tensor:
        """Cb and Cr (N, 2, P) in [-1, 1] of logits (N, K, P)."""
        return torch.einsum("nkp,kc->ncp", torch.softmax(logits / self.temperature, dim=1), self.centers)


class ClassTargets(nn.Module):
    """True chroma as soft targets, looked up in a table of all chroma of 8 bits."""

    numbers: Tensor
    weights: Tensor

    def __init__(self) -> None:
        super().__init__()
        steps = torch.arange(256) - 128.0
        every = torch.cartesian_prod(steps, steps)
        distances, numbers = torch.cdist(every, class_centers() * 127.5).topk(NEAREST, largest=False)
        weights = torch.exp(-(distances**2) / (2 * SIGMA**2)).clamp(min=1e-30)
        self.register_buffer("numbers", numbers, persistent=False)
        self.register_buffer("weights", weights / weights.sum(1, keepdim=True), persistent=False)

    def forward(self, chroma: Tensor) -> tuple[Tensor, Tensor]:
        """Map chroma (N, 2, P) in [-1, 1] to the numbers and weights (N, 5, P) of its nearest classes."""
        cb, cr = (chroma * 127.5 + 128).round().clamp(0, 255).long().unbind(1)
        index = cb * 256 + cr
        return self.numbers[index].movedim(-1, 1), self.weights[index].movedim(-1, 1)
