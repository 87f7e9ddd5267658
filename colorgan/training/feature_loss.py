"""How far the features of a result are from those of the truth, in a network that knows things.

Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution" (arXiv:1603.08155),
with EfficientNet-Lite0 instead of VGG. L1 on pixels rewards gray where colors are doubtful; this rewards
colors by which a thing is told.
"""

from __future__ import annotations

from typing import Any

import timm
import torch
from torch import Tensor, nn

from colorgan.networks.encoders import compute_like_tensorflow, packaged_weights, read_weights, timm_name

NETWORK = "efficientnet_lite0"
"""Evaluation judges by another one, EfficientNet-Lite2."""

FEATURE_STRIDE = 32
"""Of the coarsest features that are compared, in pixels."""

LARGEST = 1.2
"""Results are unclamped, and the network was never shown values far from [-1, 1]."""


class FeatureLoss(nn.Module):
    """The network, frozen, with the weights of the extra `train`; UsageError if they are not installed."""

    def __init__(self) -> None:
        super().__init__()
        network: Any = timm.create_model(NETWORK, pretrained=False, features_only=True)
        compute_like_tensorflow(network)
        weights = read_weights(packaged_weights(NETWORK), network)
        network.load_state_dict({name: weights[timm_name(name, weights)] for name in network.state_dict()})
        self._network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)

    def forward(self, predicted: Tensor, real: Tensor) -> Tensor:
        """The mean over four scales, 1/4 to 1/32, of L1 as a share of the true features' mean.

        Both are RGB (N, 3, H, W) in [-1, 1], with sides that are multiples of 32.
        """
        with torch.no_grad():
            true = self._network(real)[1:]
        found = self._network(predicted.clamp(-LARGEST, LARGEST))[1:]
        shares = [
            (a.float() - b.float()).abs().mean() / b.float().abs().mean()
            for a, b in zip(found, true, strict=True)
        ]
        return torch.stack(shares).mean()
