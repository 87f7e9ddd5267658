"""Spread the colors of single points over a picture, up to the edges of its luma.

Each point has a geodesic distance to every pixel, which grows with the way and with each step of luma on it.
Colors are blended by the inverse of that distance (Yatziv and Sapiro, "Fast image and video colorization
using chrominance blending", IEEE Transactions on Image Processing 15(5), 2006). Here, the strength of a point
also ends at its reach. Distances are whole numbers, and the blend uses +, -, * and / alone: the editor of the
report computes the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from colorgan.photo.color import Planes

SIDE = 512
"""The longer side of the picture on which colors are spread, in pixels; it is never enlarged."""
WHOLE = 1 << 14
"""Distance along the longer side of an even picture."""
NOISE = 8
"""Steps of luma from one pixel to the next, in steps of 255, that cost nothing: grain and shading."""
EDGE = 300
"""Distance that each further step of luma adds."""
ROUNDS = 4
"""Passes down and up at most; distances that wind more than that are a little too long."""
FAR = 1 << 28
TOGETHER = 8
"""Points whose distances are found side by side, which bounds the memory."""
TURN = Lock()
"""One photograph at a time: memory is bounded, and Python's own lock would let hardly two work at once."""

Whole = npt.NDArray[np.int32]
Reals = npt.NDArray[np.float64]


class Seed(NamedTuple):
    """A point, by its column and row in the picture."""

    column: int
    row: int
    reach: float
    """How far its color goes, as a share of the longer side where nothing is in the way."""


def spread(luma: Planes, seeds: Sequence[Seed], changes: Sequence[tuple[float, float]]) -> Reals:
    """What to add to the chroma of each pixel of luma uint8 (h, w), for these changes at the seeds.

    Gives float64 (2, h, w). At a seed it is the seed's own change; beyond its reach it is 0.
    """
    total, weights = np.zeros((2, luma.size)), np.zeros(luma.size)
    order = sorted(range(len(seeds)), key=lambda number: seeds[number].row)  # neighbors have rows in common
    for start in range(0, len(order), TOGETHER):
        numbers = order[start : start + TOGETHER]
        with TURN:
            distances = _distances(luma, [seeds[number] for number in numbers])
        for at, number in enumerate(numbers):
            own, reach = distances[:, at].ravel(), seeds[number].reach * WHOLE
            near = np.flatnonzero(own < reach)
            distance = own[near].astype(np.float64)
            part = distance / reach
            strength = 1 - part * part
            weight = strength / ((1 + distance) * (1 + distance))
            weights[near] += weight
            for plane, change in zip(total, changes[number], strict=True):
                plane[near] += change * (strength * weight)
    return np.asarray(total / np.where(weights > 0, weights, 1)).reshape(2, *luma.shape)


def _distances(luma: Planes, seeds: Sequence[Seed]) -> Whole:
    """The distance of each pixel to each seed, where it is within reach: int32 (h, len(seeds), w).

    A seed is its pixel and those around it, as it may be on a speck.
    """
    height, width = luma.shape
    levels = luma.astype(np.int32)
    straight = WHOLE // max(height, width)
    slanted = straight * 181 // 128  # the root of 2
    along = np.zeros((height, 1, width), np.int32)  # from the left end of each row
    np.cumsum(_cost(levels[:, 1:], levels[:, :-1]) + straight, axis=1, out=along[:, 0, 1:])
    down = _cost(levels[1:], levels[:-1])[:, None] + straight
    right = _cost(levels[1:, 1:], levels[:-1, :-1])[:, None] + slanted
    left = _cost(levels[1:, :-1], levels[:-1, 1:])[:, None] + slanted
    distances = np.full((height, len(seeds), width), FAR, np.int32)
    reach = np.array([[seed.reach * WHOLE] for seed in seeds])
    news = {step: np.zeros(height, bool) for step in (1, -1)}  # rows that the next one does not know of yet
    for number, seed in enumerate(seeds):
        rows = slice(max(0, seed.row - 1), min(seed.row + 2, height))
        distances[rows, number, max(0, seed.column - 1) : seed.column + 2] = 0
        for row in range(rows.start, rows.stop):
            _along_row(distances[row], along[row])
        news[1][rows] = news[-1][rows] = True
    for _ in range(ROUNDS):
        for step, sweep in ((1, range(1, height)), (-1, range(height - 2, -1, -1))):
            ways = (right, left) if step == 1 else (left, right)
            for row in sweep:
                other = row - step
                if not news[step][other]:
                    continue
                news[step][other] = False
                before, edge = distances[row].copy(), min(row, other)
                _from_row(distances[row], distances[other], down[edge], *(way[edge] for way in ways))
                _along_row(distances[row], along[row])
                if ((distances[row] < before) & (distances[row] < reach)).any():
                    news[1][row] = news[-1][row] = True
    return distances


def _cost(here: Whole, there: Whole) -> Whole:
    return np.asarray(np.maximum(np.abs(here - there) - NOISE, 0) * EDGE, dtype=np.int32)


def _from_row(row: Whole, other: Whole, straight: Whole, rightward: Whole, leftward: Whole) -> None:
    """Shorten the distances (k, w) of a row by ways from one beside it."""
    np.minimum(row, other + straight, out=row)
    np.minimum(row[:, 1:], other[:, :-1] + rightward, out=row[:, 1:])
    np.minimum(row[:, :-1], other[:, 1:] + leftward, out=row[:, :-1])


def _along_row(row: Whole, along: Whole) -> None:
    """Shorten the distances (k, w) of a row by ways within it."""
    np.minimum(row, np.minimum.accumulate(row - along, axis=1) + along, out=row)
    np.minimum(row, np.minimum.accumulate((row + along)[:, ::-1], axis=1)[:, ::-1] - along, out=row)
