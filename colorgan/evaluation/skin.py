"""How near the colors of skin come to the true ones, by how light the skin is.

Skin is where the *true* Cb is from 77 to 127 and Cr from 133 to 173 (Chai and Ngan 1999, "Face segmentation
using skin-color map in videophone applications"). That takes some sand and wood for skin, in the result's
favor as in its disfavor. Light, medium and dark are by the individual typology angle (Chardon et al. 1991),
above 41, from 10 to 41, and below 10 degrees.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab

from colorgan.evaluation.metrics import RGB8
from colorgan.evaluation.scores import Estimate, ratio

TONES = ("light", "medium", "dark")
CB, CR = (77, 127), (133, 173)
ANGLES = (41.0, 10.0)
"""In degrees: lighter than the first is light, darker than the second is dark."""


def find_skin(truth: RGB8) -> npt.NDArray[np.bool_]:
    """Where there is skin in RGB uint8 (H, W, 3): bool (H, W)."""
    _, cb, cr = np.moveaxis(np.asarray(Image.fromarray(truth).convert("YCbCr")), 2, 0)
    found: npt.NDArray[np.bool_] = (CB[0] <= cb) & (cb <= CB[1]) & (CR[0] <= cr) & (cr <= CR[1])
    return found


class Skin:
    """Sums over the pixels of skin, photograph by photograph."""

    def __init__(self) -> None:
        self._sums: list[npt.NDArray[np.floating]] = []

    def add(self, result: RGB8, gray: RGB8, truth: RGB8) -> None:
        """Take in a result, the gray photograph and the true one, uint8 (H, W, 3)."""
        where = find_skin(truth)
        lab, colorless, true = (rgb2lab(image[where][:, None])[:, 0] for image in (result, gray, truth))
        lightness, a, b = true.T
        angle = np.degrees(np.arctan2(lightness - 50, b))
        hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1]) - np.arctan2(b, a))
        off = np.abs((hue + 180) % 360 - 180)
        values = np.stack(
            [np.ones(len(a)), deltaE_ciede2000(lab, true), deltaE_ciede2000(colorless, true), off]
        )
        tones = np.digitize(-angle, [-ANGLES[0], -ANGLES[1]])
        self._sums.append(np.stack([values[:, tones == number].sum(1) for number in range(len(TONES))]))

    def rows(self) -> dict[str, tuple[Estimate, Estimate, Estimate]]:
        """By tone, where there is any: mean CIEDE2000, that of the gray photographs, hue error in degrees."""
        table = np.array(self._sums)
        return {
            tone: (
                ratio(sums[:, 1], sums[:, 0]),
                ratio(sums[:, 2], sums[:, 0]),
                ratio(sums[:, 3], sums[:, 0]),
            )
            for number, tone in enumerate(TONES)
            if (sums := table[:, number])[:, 0].sum() > 0
        }
