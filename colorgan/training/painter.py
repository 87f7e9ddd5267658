"""Both networks as they are trained: one call of each gives all that the losses need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from colorgan.errors import ImageError
from colorgan.networks.chroma_classes import ClassHead, ClassTargets, class_centers
from colorgan.networks.color_space import extract_chroma
from colorgan.networks.discriminator import Discriminator
from colorgan.networks.generator import UNetGenerator
from colorgan.training.dataset import load_square
from colorgan.training.losses import class_importance, class_loss
from colorgan.training.photographs import Photograph

COUNTED = 2000
"""Photographs whose pixels are counted, to know which classes are rare."""

COUNTED_SIZE = 32
"""Their side in pixels."""


class Painted(NamedTuple):
    """What the generator makes of a batch."""

    rgb: Tensor | None
    """(N, 3, H, W) in [-1, 1], unclamped; None where no loss asks for it."""
    logits: Tensor | None
    """Of the classes (N, K, P), at the pixels asked for."""


class Painter(nn.Module):
    """The generator with its losses' needs in one call, as several processes gather gradients once a call."""

    def __init__(self, generator: UNetGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, gray: Tensor, clean: Tensor, pixels: Tensor | None, whole: bool) -> Painted:
        """Paint gray (N, 1, H, W): RGB over the clean gray if `whole`, and logits at P pixels if given."""
        features = self.generator.features(gray)
        head, logits = self.generator.head, None
        if pixels is not None:
            assert isinstance(head, ClassHead)
            logits = head.logits_at(features, pixels)
        return Painted(self.generator.paint(features, clean) if whole else None, logits)


class Judge(nn.Module):
    """The discriminator on real and predicted colors in one call, as gradients are gathered once a call."""

    def __init__(self, discriminator: Discriminator) -> None:
        super().__init__()
        self.discriminator = discriminator

    def forward(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of both, each judged with the batch statistics of its own kind."""
        return self.discriminator(real), self.discriminator(fake)


class ClassObjective(nn.Module):
    """What a generator with a head of classes is told about true chroma."""

    importance: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.targets = ClassTargets()
        self.register_buffer("importance", torch.zeros(len(class_centers())))

    @property
    def is_ready(self) -> bool:
        """Whether the classes were counted, in this run or before it was resumed."""
        return bool(self.importance.any())

    def count(self, photographs: Sequence[Photograph], seed: int) -> None:
        """Find out how rare each class is in some of the photographs; unreadable ones do not count."""
        order = torch.randperm(len(photographs), generator=torch.Generator().manual_seed(seed))
        numbers = []
        for number in order[:COUNTED].tolist():
            try:
                rgb = load_square(photographs[number], COUNTED_SIZE).movedim(2, 0)[None].float() / 127.5 - 1
            except ImageError:
                continue
            chroma = chroma_of_features(rgb, 1).to(self.importance.device)
            numbers.append(self.targets(chroma)[0][:, 0].flatten())
        found = torch.cat(numbers) if numbers else torch.zeros(0, dtype=torch.long)
        share = torch.bincount(found, minlength=len(self.importance)).float() / max(1, len(found))
        self.importance.copy_(class_importance(share))

    def forward(self, logits: Tensor, chroma: Tensor) -> Tensor:
        """The cross-entropy of logits (N, K, P) with true chroma (N, 2, P) in [-1, 1]."""
        numbers, weights = self.targets(chroma)
        return class_loss(logits, numbers, weights, self.importance)


def chroma_of_features(rgb: Tensor, reduction: int) -> Tensor:
    """True chroma (N, 2, P) of RGB (N, 3, H, W), all in [-1, 1], of so many pixels less a side."""
    chroma = extract_chroma(rgb)
    return (avg_pool2d(chroma, reduction) if reduction > 1 else chroma).flatten(2)
