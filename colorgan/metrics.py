"""How near predicted colours are to the true ones, and how colourful they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from skimage.color import deltaE_ciede2000, rgb2lab

RGB8 = npt.NDArray[np.uint8]


def ciede2000(predicted: RGB8, truth: RGB8) -> float:
    """Mean CIEDE2000 colour difference of two sRGB images, uint8 (H, W, 3); lower is better."""
    return float(deltaE_ciede2000(rgb2lab(predicted), rgb2lab(truth)).mean())


def colorfulness(rgb: RGB8) -> float:
    """Colourfulness M of an sRGB image, uint8 (H, W, 3), with signed opponents; 0 is gray.

    Hasler and Suesstrunk, "Measuring colourfulness in natural images" (2003), equation 8.
    """
    red, green, blue = np.moveaxis(rgb.astype(np.float64), -1, 0)
    opponents = np.stack([red - green, (red + green) / 2 - blue])
    spread, mean = opponents.std(axis=(1, 2)), opponents.mean(axis=(1, 2))
    return float(np.hypot(*spread) + 0.3 * np.hypot(*mean))
