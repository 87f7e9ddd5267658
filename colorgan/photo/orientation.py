"""Turn pictures upright, by the orientation that EXIF gives, 1 to 8."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes an image of an orientation upright."""

SIDEWAYS = (5, 6, 7, 8)
"""Those that swap width and height."""


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """An image as seen."""
    return image if orientation not in TURNS else image.transpose(TURNS[orientation])


def as_stored(image: Image.Image, orientation: int) -> Image.Image:
    """Turn an image as seen to how it is stored."""
    return upright(image, {6: 8, 8: 6}.get(orientation, orientation))


def upright_plane(plane: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """A plane (H, W) of any type as seen."""
    turned = plane.T if orientation in SIDEWAYS else plane
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(turned[::rows, ::columns])
