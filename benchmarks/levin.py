"""Colorization by optimization, to compare with: Levin, Lischinski and Weiss, SIGGRAPH 2004.

A pixel is to be like its eight neighbors, as far as their luma is; points are fixed. As here, it is the
difference to a prediction that spreads.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from colorgan.corrections.spread import Seed
from colorgan.photo.color import Planes

LEAST_VARIANCE = 2e-6
"""Of luma 0 to 1 around a pixel, as the authors' program has it."""


def levin(
    luma: Planes, seeds: Sequence[Seed], changes: Sequence[tuple[float, float]], pull: float = 0
) -> npt.NDArray[np.float64]:
    """What to add to the chroma of luma uint8 (h, w): float64 (2, h, w).

    Weights are exp(-(difference of luma)^2 / (2 variance around the pixel)). `pull` is a weight towards no
    change, for want of which one point changes the whole picture.
    """
    from scipy.sparse import csc_array  # type: ignore[import-untyped]
    from scipy.sparse.linalg import splu  # type: ignore[import-untyped]

    height, width = luma.shape
    levels = luma / 255.0
    number = np.arange(height * width).reshape(height, width)
    padded, inside = np.pad(levels, 1), np.pad(np.ones_like(levels), 1)
    shifts = [(y, x) for y, x in product(range(3), repeat=2)]
    around = np.stack([padded[y : y + height, x : x + width] for y, x in shifts])
    there = np.stack([inside[y : y + height, x : x + width] for y, x in shifts])
    mean = (around * there).sum(0) / there.sum(0)
    variance = np.maximum(0.6 * ((around - mean) ** 2 * there).sum(0) / there.sum(0), LEAST_VARIANCE)
    weights = np.exp(-((around - levels) ** 2) / variance) * there
    weights[4] = 0  # the pixel itself
    weights /= np.maximum(weights.sum(0), 1e-9)
    rows, columns, values = [number.ravel()], [number.ravel()], [np.full(number.size, 1 + pull)]
    for (y, x), weight in zip(shifts, weights, strict=True):
        kept = weight > 0
        rows.append(number[kept])
        columns.append(number[kept] + (y - 1) * width + x - 1)
        values.append(-weight[kept])
    row, column, value = map(np.concatenate, (rows, columns, values))
    wanted = np.zeros((number.size, 2))
    fixed = [seed.row * width + seed.column for seed in seeds]
    wanted[fixed] = changes
    is_free = ~np.isin(row, fixed)
    row = np.concatenate([row[is_free], fixed])
    column = np.concatenate([column[is_free], fixed])
    value = np.concatenate([value[is_free], np.ones(len(fixed))])
    matrix = csc_array((value, (row, column)), shape=(number.size, number.size))
    return np.asarray(splu(matrix).solve(wanted)).T.reshape(2, height, width)
