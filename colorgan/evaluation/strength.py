"""Models at equal colorfulness: each is made as colorful as asked for, and then compared.

Weak colors are safe in CIEDE2000, so that a figure says little without the strength it was reached at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from colorgan.evaluation.metrics import RGB8, ciede2000
from colorgan.photo.color import colorfulness

RATIOS = (0.45, 0.55, 0.65)
"""Colorfulness of the results over that of the true photographs."""

STRONGEST = 4.0
"""That `ColorizeConfig.saturation` takes."""

ROUNDS, NEAR = 6, 0.005

Paint = Callable[[RGB8, float], RGB8]
"""Color the gray of a true photograph at a saturation."""


def at_ratio(paint: Paint, truths: Sequence[RGB8], target: float) -> tuple[float, float, float]:
    """The saturation that gives this ratio of colorfulness; the ratio reached; and the mean CIEDE2000 there.

    By the secant method: colorfulness grows nearly in proportion to saturation.
    """
    true = float(np.mean([colorfulness(truth) for truth in truths]))
    saturation, reached, results = 1.0, 0.0, list[RGB8]()
    for _ in range(ROUNDS):
        results = [paint(truth, saturation) for truth in truths]
        reached = float(np.mean([colorfulness(result) for result in results])) / true
        if abs(reached - target) < NEAR or not reached:
            break
        saturation = min(STRONGEST, saturation * target / reached)
    differences = [ciede2000(result, truth) for result, truth in zip(results, truths, strict=True)]
    return saturation, reached, float(np.mean(differences))
