"""A photograph reaches the network with its own aspect ratio, on sides that the network takes."""

import numpy as np
import pytest

from colorgan.backends import Model
from colorgan.backends.input_shape import input_shape, pad
from colorgan.photo.color import Planes
from colorgan.photo.xmp import Credit

SIZES = [(4000, 3000), (3000, 4000), (100, 100), (101, 100), (6000, 4000), (1920, 1080), (2390, 1000)]


@pytest.mark.parametrize("stride", [16, 32])
@pytest.mark.parametrize("native_size", [96, 128, 160, 256])
@pytest.mark.parametrize("size", SIZES)
def test_the_aspect_ratio_is_kept_to_within_a_pixel(
    size: tuple[int, int], native_size: int, stride: int
) -> None:
    height, width = input_shape(*size, native_size, stride)
    aspect = size[0] / size[1]
    assert abs(width - height * aspect) <= 0.5 * aspect + 0.5
    assert 0.55 < height * width / native_size**2 < 1.6
    padded = pad(np.zeros((height, width), np.uint8), stride).shape
    assert padded[0] % stride == padded[1] % stride == 0
    assert height * width > 0.7 * padded[0] * padded[1]


@pytest.mark.parametrize("size", [(10, 3000), (3000, 10), (1, 1), (1, 2)])
def test_very_long_photographs_are_squeezed_to_three_to_one(size: tuple[int, int]) -> None:
    height, width = input_shape(*size, 96, 32)
    assert 1 / 3.1 < width / height < 3.1
    assert 0 < height <= 192
    assert 0 < width <= 192


def test_there_are_few_padded_shapes() -> None:
    shapes = {
        pad(np.zeros(input_shape(width, 1000, 128, 32), np.uint8), 32).shape for width in range(1, 5000, 7)
    }
    assert len(shapes) < 12


def test_a_fixed_size_is_filled_without_squeezing() -> None:
    height, width = input_shape(3000, 2000, 96, 32, (96, 128))
    assert (height, width) == (85, 128)
    assert pad(np.zeros((height, width), np.uint8), 32, (96, 128)).shape == (96, 128)


def test_a_model_gives_the_chroma_of_the_photograph_without_that_of_the_padding() -> None:
    class Echo:
        """Gives the luma back as chroma."""

        def predict(self, luma: Planes) -> Planes:
            assert luma.shape[2] % 32 == luma.shape[3] % 32 == 0
            return np.repeat(luma, 2, axis=1)

    luma = np.random.default_rng(0).integers(0, 256, (85, 100), dtype=np.uint8)
    model = Model(Echo(), 96, "nowhere", Credit("none", "0" * 64), stride=32)
    assert np.array_equal(model.predict(luma), np.stack([luma, luma]))
    assert np.array_equal(pad(luma, 32)[85:, :100], luma[85 - 11 :][::-1])  # the mirror image
