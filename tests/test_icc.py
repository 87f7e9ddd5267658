"""A profile for gray becomes one for color in which neutrals look the same."""

import io

import numpy as np
import pytest
from conftest import linear_gray_profile
from PIL import Image, ImageCms

from colorgan.photo.icc import is_for_gray, is_for_rgb, rgb_from_gray


def to_srgb(image: Image.Image, profile: bytes) -> np.ndarray:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    shown = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert shown is not None
    return np.asarray(shown, dtype=int)


def test_neutrals_look_as_they_did() -> None:
    gray = Image.linear_gradient("L")
    profile = rgb_from_gray(linear_gray_profile())
    assert profile is not None
    assert is_for_rgb(profile)
    assert not is_for_gray(profile)
    before, after = to_srgb(gray, linear_gray_profile()), to_srgb(gray.convert("RGB"), profile)
    assert np.abs(before - after)[8:].max() <= 1  # the darkest are not exact with the gray one
    light = np.asarray(gray, dtype=float)[..., None] / 255  # the curve is a straight line
    expected = np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)  # IEC 61966-2-1
    assert np.abs(after - 255 * expected).max() <= 1


def test_colors_are_those_of_srgb() -> None:
    profile = rgb_from_gray(linear_gray_profile())
    assert profile is not None
    red, green, blue = (np.array([[color]], np.uint8) for color in ([255, 0, 0], [0, 255, 0], [0, 0, 255]))
    for color in (red, green, blue):
        assert np.abs(to_srgb(Image.fromarray(color), profile) - color).max() <= 2


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        b"junk" * 50,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        linear_gray_profile().replace(b"kTRC", b"A2B0"),
        linear_gray_profile().replace(b"XYZ ", b"Lab ", 1),
        linear_gray_profile()[:140],
        linear_gray_profile()[:-8],
    ],
)
def test_what_has_no_tone_curve_is_refused(profile: bytes) -> None:
    assert rgb_from_gray(profile) is None
