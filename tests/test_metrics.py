"""Color difference and colorfulness."""

import numpy as np

from colorgan.evaluation.metrics import ciede2000
from colorgan.photo.color import colorfulness


def flat(red: int, green: int, blue: int) -> np.ndarray:
    return np.full((4, 4, 3), (red, green, blue), dtype=np.uint8)


def test_same_colors_have_no_difference_and_gray_has_no_color() -> None:
    assert ciede2000(flat(10, 200, 30), flat(10, 200, 30)) == 0
    assert colorfulness(flat(77, 77, 77)) == 0


def test_red_is_further_from_gray_than_rose() -> None:
    gray = flat(128, 128, 128)
    assert ciede2000(flat(220, 80, 80), gray) > ciede2000(flat(150, 120, 120), gray) > 1


def test_colorfulness_keeps_the_sign_of_the_opponents() -> None:
    # Half red, half green: the opponents' means cancel out but their spread stays.
    image = np.concatenate([flat(100, 0, 0), flat(0, 100, 0)])
    assert np.isclose(colorfulness(image), 100 + 0.3 * 50)
