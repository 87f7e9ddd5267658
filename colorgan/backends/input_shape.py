"""From a photograph's size to what the generator sees of it: its aspect ratio, on sides the network takes.

A network takes heights and widths that are multiples of its stride. A photograph is not squeezed to them:
it keeps its aspect ratio, to within a pixel, and is padded to the multiples by its own mirror image.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from colorgan.photo.color import Planes

LONGEST_ASPECT = 3.0
"""Longer photographs are squeezed to this aspect ratio, which bounds the number of shapes."""

WASTE = 0.5
"""What padding counts against a size that is not the native one, both as logarithms of areas."""


def input_shape(
    width: int, height: int, native_size: int, stride: int, fixed: tuple[int, int] = (0, 0)
) -> tuple[int, int]:
    """Height and width, in pixels, at which the generator sees a photograph of this width and height.

    Its area is near that of a square of `native_size`. It fills a box, but for the padding that its aspect
    ratio needs. The box has the `fixed` height and width if those are not 0; else its sides are multiples of
    the stride.
    """
    aspect = min(max(width / height, 1 / LONGEST_ASPECT), LONGEST_ASPECT)
    if all(fixed):
        return _fit(aspect, *fixed)
    sides = native_size / math.sqrt(aspect), native_size * math.sqrt(aspect)
    near = [[max(1, math.floor(side / stride)) * stride, math.ceil(side / stride) * stride] for side in sides]

    def cost(box: tuple[int, ...]) -> float:
        content = math.prod(_fit(aspect, *box))
        return abs(math.log(content / native_size**2)) + WASTE * math.log(math.prod(box) / content)

    return _fit(aspect, *min(product(*near), key=cost))


def _fit(aspect: float, height: int, width: int) -> tuple[int, int]:
    """The largest height and width of this aspect ratio in a box."""
    scale = min(height, width / aspect)
    return max(1, min(height, round(scale))), max(1, min(width, round(scale * aspect)))


def pad(luma: Planes, stride: int, fixed: tuple[int, int] = (0, 0)) -> Planes:
    """Pad luma uint8 (H, W) below and on the right, mirrored, to multiples of the stride or a fixed size."""
    sides = zip(luma.shape, fixed, strict=True)
    missing = [(0, (whole or -(-side // stride) * stride) - side) for side, whole in sides]
    return np.pad(luma, missing, mode="symmetric") if any(after for _, after in missing) else luma
