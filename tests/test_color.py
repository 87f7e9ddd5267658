"""What counts as color, and how chroma is laid over luma."""

import numpy as np
import pytest
from conftest import MakePhoto
from PIL import Image, ImageOps

from colorgan.photo.color import TONED, chroma_spread, fit_chroma, fit_gamut, merge


def spread(image: Image.Image) -> float:
    return chroma_spread(np.asarray(image.convert("YCbCr")))


def test_gray_and_sepia_are_black_and_white(make_photo: MakePhoto) -> None:
    gray = make_photo(256, 256)
    sepia = ImageOps.colorize(gray, (30, 15, 5), (255, 240, 200), (160, 120, 80))
    assert spread(gray) == 0
    assert spread(sepia) < TONED


def test_a_color_photograph_is_not(make_photo: MakePhoto) -> None:
    assert spread(make_photo(256, 256, "RGB")) > TONED


def test_merged_luma_is_the_original(make_photo: MakePhoto) -> None:
    luma = make_photo(50, 34)
    merged = Image.fromarray(merge(np.asarray(luma), np.full((2, 16, 16), (100,), dtype=np.uint8)))
    assert merged.mode == "RGB"
    pixels = np.asarray(merged.convert("YCbCr"), dtype=int)
    assert np.abs(pixels[..., 0] - np.asarray(luma)).max() <= 1
    inside = (np.asarray(luma) > 60) & (np.asarray(luma) < 195)
    assert inside.any()
    assert np.abs(pixels[inside][:, 1:] - 100).max() <= 1


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("size", [(1, 1), (3, 700), (40, 513), (601, 1025)])
def test_strips_leave_no_seam(make_photo: MakePhoto, size: tuple[int, int], step: int) -> None:
    luma = Image.new("L", size, 128)
    chroma = np.stack([np.asarray(make_photo(9, 12, seed=seed)) // 4 + 96 for seed in (0, 1)])
    fitted = fit_chroma(np.asarray(luma), chroma, step)
    half = (-(-size[0] // step), -(-size[1] // step))
    whole = [Image.fromarray(plane).resize(half, Image.Resampling.BILINEAR) for plane in chroma]
    assert np.abs(fitted.astype(int) - np.stack([np.asarray(plane) for plane in whole])).max() <= 1


def test_guided_chroma_does_not_bleed_over_edges() -> None:
    luma = np.full((64, 64), 60, np.uint8)
    luma[:, 29:] = 180  # an edge inside of a pixel of the small image
    true = np.where(luma == 60, 100, 150)
    small = np.asarray(Image.fromarray(luma).resize((8, 8), Image.Resampling.BOX))
    chroma = np.asarray(Image.fromarray(true.astype(np.uint8)).resize((8, 8), Image.Resampling.BOX))
    plain, guided = (
        fit_chroma(luma, np.stack([chroma, chroma]), 1, guide)[0].astype(int) for guide in (None, small)
    )
    assert np.abs(guided - true).mean() < 0.75 * np.abs(plain - true).mean()
    flat = np.full((64, 64), 60, np.uint8)
    even = np.full((2, 8, 8), 100, np.uint8)
    assert np.array_equal(fit_chroma(flat, even, 2), fit_chroma(flat, even, 2, small))


def displayed_luma(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB").convert("L"), dtype=int)


@pytest.mark.parametrize("strength", [20, 60, 127])
def test_a_viewer_shows_the_original_luma(strength: int) -> None:
    random = np.random.default_rng(strength)
    luma = random.integers(0, 256, (96, 96), dtype=np.uint8)
    chroma = random.integers(128 - strength, 129 + strength, (2, 96, 96)).astype(np.uint8)
    merged = Image.fromarray(merge(luma, chroma))
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
