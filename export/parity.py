"""Check an exported model against the checkpoint, by running both."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from colorgan.backends import Backend, Planes

LIMIT = 1
"""Steps of 255 by which chroma may differ: float32 sums in another order, then rounding."""


def sample_batches() -> Iterator[Planes]:
    """Luma uint8 (N, 1, H, W) of several batch sizes and shapes: noise, flat, and soft waves."""
    random = np.random.default_rng(0)
    for count, height, width in ((1, 32, 32), (2, 64, 48), (3, 96, 160), (8, 128, 128)):
        down, across = np.mgrid[0:height, 0:width]
        phases = random.uniform(0.02, 0.4, (count, 2, 1, 1))
        waves = np.sin(down * phases[:, 0]) + np.sin(across * phases[:, 1])
        soft = 127.5 + 40 * waves + random.normal(0, 8, waves.shape)
        soft[0] = random.integers(0, 256, (height, width))
        soft[-1] = 255 * (count % 2) if count > 1 else soft[-1]
        yield soft.clip(0, 255).astype(np.uint8)[:, None]


def largest_difference(exported: Backend, reference: Backend) -> int:
    """Largest difference of the two chroma predictions, in steps of 255, over the sample batches."""
    return max(
        int(np.abs(exported.predict(luma).astype(int) - reference.predict(luma)).max())
        for luma in sample_batches()
    )
