"""The three losses of the original recipe, for a gray photograph x and its colors y.

    discriminator   L_D   = BCE(D(y), 1) + BCE(D(G(x)), 0)
    adversarial     L_adv = BCE(D(G(x)), 1)
    generator       L_G   = L_adv + l1_weight * mean |G(x) - y|,  l1_weight = 100

BCE(p, t) = -t log p - (1 - t) log(1 - p), with p the sigmoid of the discriminator's logits.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor, smoothing: float = 0.0) -> Tensor:
    """L_D of logits for real and for predicted colors, each (N, ...): fake is 0, real 1 - `smoothing`.

    Only the real are smoothed: Salimans et al., "Improved techniques for training GANs" (2016), 3.4.
    """
    real = binary_cross_entropy_with_logits(real_logits, torch.full_like(real_logits, 1 - smoothing))
    return real + binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))


def adversarial_loss(logits: Tensor) -> Tensor:
    """L_adv of logits (N, ...): how far the discriminator is from calling them real."""
    return binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def reconstruction_loss(predicted: Tensor, real: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean absolute difference of two RGB images (N, 3, H, W) in [-1, 1], without its factor.

    `weight` (N, 1, H, W), of mean 1, says how much each pixel counts.
    """
    difference = (predicted - real).abs()
    return (difference if weight is None else weight * difference).mean()


def chroma_weights(chroma: Tensor, strength: float) -> Tensor:
    """How much each pixel of true chroma (N, 2, H, W) in [-1, 1] counts: (N, 1, H, W), of mean 1.

    Proportional to 1 + strength * m / 0.1, where m is the distance from gray. In photographs the mean of m is
    about 0.1, and most pixels have less. L1 is least at the median, which is duller than the mean.
    """
    weight = 1 + strength * chroma.norm(dim=1, keepdim=True) / 0.1
    normalized: Tensor = weight / weight.mean()
    return normalized


def class_loss(logits: Tensor, numbers: Tensor, weights: Tensor, importance: Tensor) -> Tensor:
    """Cross-entropy of logits (N, K, P) with the soft targets of P pixels, each times its importance.

    `numbers` and `weights` (N, 5, P) are the classes of the targets and their shares, nearest first;
    `importance` (K) is that of the nearest class. Zhang et al. 2016, equations 2 and 3.
    """
    entropy = -(weights * log_softmax(logits, dim=1).gather(1, numbers)).sum(1)
    return (importance[numbers[:, 0]] * entropy).mean()


def class_importance(share: Tensor) -> Tensor:
    """How much each class (K) counts: rare ones more, with a mean of 1 over pixels.

    `share` (K) of the pixels is in each class. (share / 2 + 1 / 2K) ** -0.5, normalized: between the paper's
    equation 4, whose power of -1 makes colors gaudy, and none, which makes them gray.
    """
    importance = (share / 2 + 1 / (2 * len(share))) ** -0.5
    normalized: Tensor = importance / (share * importance).sum()
    return normalized
