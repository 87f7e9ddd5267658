"""The three losses of the original recipe, for a gray photograph x and its colours y.

    discriminator   L_D   = BCE(D(y), 1) + BCE(D(G(x)), 0)
    adversarial     L_adv = BCE(D(G(x)), 1)
    generator       L_G   = L_adv + l1_weight * mean |G(x) - y|,  l1_weight = 100

BCE(p, t) = -t log p - (1 - t) log(1 - p), with p the sigmoid of the discriminator's logits.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """L_D of logits for real and for predicted colours, each (N, 1): real is 1, fake is 0."""
    return adversarial_loss(real_logits) + binary_cross_entropy_with_logits(
        fake_logits, torch.zeros_like(fake_logits)
    )


def adversarial_loss(logits: Tensor) -> Tensor:
    """L_adv of logits (N, 1): how far the discriminator is from calling them real."""
    return binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def reconstruction_loss(predicted: Tensor, real: Tensor) -> Tensor:
    """Mean absolute difference of two RGB images (N, 3, H, W) in [-1, 1], without its weight."""
    return l1_loss(predicted, real)
