"""What counts as colour, and how chroma is laid over luma."""

import numpy as np
import pytest
from conftest import MakePhoto
from PIL import Image, ImageOps

from colorgan.color import TONED, chroma_spread, fit_gamut, merge


def spread(image: Image.Image) -> float:
    return chroma_spread(np.asarray(image.convert("YCbCr")))


def test_gray_and_sepia_are_black_and_white(make_photo: MakePhoto) -> None:
    gray = make_photo(256, 256)
    sepia = ImageOps.colorize(gray, (30, 15, 5), (255, 240, 200), (160, 120, 80))
    assert spread(gray) == 0
    assert spread(sepia) < TONED


def test_a_colour_photograph_is_not(make_photo: MakePhoto) -> None:
    assert spread(make_photo(256, 256, "RGB")) > TONED


def test_merged_luma_is_the_original(make_photo: MakePhoto) -> None:
    luma = make_photo(50, 34)
    merged = merge(luma, np.full((2, 16, 16), (100,), dtype=np.uint8))
    assert merged.mode == "YCbCr"
    assert np.array_equal(np.asarray(merged)[..., 0], np.asarray(luma))
    inside = (np.asarray(luma) > 60) & (np.asarray(luma) < 195)
    assert inside.any()
    assert (np.asarray(merged)[inside][:, 1:] == 100).all()


def displayed_luma(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB").convert("L"), dtype=int)


@pytest.mark.parametrize("strength", [20, 60, 127])
def test_a_viewer_shows_the_original_luma(strength: int) -> None:
    random = np.random.default_rng(strength)
    luma = random.integers(0, 256, (96, 96), dtype=np.uint8)
    chroma = random.integers(128 - strength, 129 + strength, (2, 96, 96)).astype(np.uint8)
    merged = merge(Image.fromarray(luma), chroma)
    assert np.abs(displayed_luma(merged) - luma).max() <= 2
    plain = Image.merge("YCbCr", [Image.fromarray(plane) for plane in (luma, *chroma)])
    assert np.abs(displayed_luma(plain) - luma).max() > 5  # what a viewer would show without


def test_chroma_is_reduced_only_where_it_must_be_and_keeps_its_hue() -> None:
    luma = np.array([[128, 250, 5]], dtype=np.uint8)
    cb, cr = np.full((1, 3), 108, np.uint8), np.full((1, 3), 168, np.uint8)
    fitted_cb, fitted_cr = fit_gamut(luma, luma, cb, cr)
    assert (fitted_cb[0, 0], fitted_cr[0, 0]) == (108, 168)
    for column in (1, 2):
        toward_red, toward_yellow = fitted_cr[0, column] - 128.0, 128.0 - fitted_cb[0, column]
        assert 0 <= toward_yellow <= toward_red < 40
        assert abs(toward_red - 2 * toward_yellow) <= 2
