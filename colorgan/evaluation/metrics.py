"""How near predicted colors are to the true ones, and how colorful they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from skimage.color import deltaE_ciede2000, rgb2lab

RGB8 = npt.NDArray[np.uint8]
Lab = npt.NDArray[np.floating]


def ciede2000(predicted: RGB8, truth: RGB8) -> float:
    """Mean CIEDE2000 color difference of two sRGB images, uint8 (H, W, 3); lower is better."""
    return ciede2000_of_lab(rgb2lab(predicted), rgb2lab(truth))


def ciede2000_of_lab(predicted: Lab, truth: Lab) -> float:
    """The same of two CIELAB images, float (H, W, 3)."""
    return float(deltaE_ciede2000(predicted, truth).mean())
