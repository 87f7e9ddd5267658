"""Apply a correction to the chroma that was predicted for a photograph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from colorgan.corrections.correction import Correction, HueRule, Point, chroma_of
from colorgan.corrections.spread import SIDE, Seed, spread
from colorgan.photo.color import Planes, fit_chroma, saturate
from colorgan.photo.image import Photo


def sketch_of(photo: Photo) -> Planes:
    """The luma on which points are spread, uint8 (h, w): its longer side is up to SIDE pixels."""
    width, height = photo.size
    factor = min(1.0, SIDE / max(width, height))
    small = photo.reduced(max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(small if small.mode == "L" else small.getchannel(0))


def change_hues(chroma: Planes, rules: Sequence[HueRule]) -> Planes:
    """Apply hue rules, one after the other, to chroma uint8 (2, h, w)."""
    for rule in rules:
        blue, red = chroma.astype(np.float64) - 128
        off = np.abs(np.arctan2(red, blue) - rule.angle)
        off = np.degrees(np.minimum(off, 2 * np.pi - off)) / rule.within
        part = np.clip(2 - 2 * off, 0, 1)  # 1 to half of the width, then less
        share = part * part * (3 - 2 * part)
        factor, turn = 1 + (rule.times - 1) * share, rule.turn * share
        turned = (blue * np.cos(turn) - red * np.sin(turn), blue * np.sin(turn) + red * np.cos(turn))
        chroma = np.rint(128 + factor * np.stack(turned)).clip(0, 255).astype(np.uint8)
    return chroma


def add_points(chroma: Planes, luma: Planes, points: Sequence[Point], guide: Planes | None = None) -> Planes:
    """Give points their colors in chroma uint8 (2, h, w), scaled to luma uint8 (H, W): uint8 (2, H, W).

    The difference to what was predicted spreads, so that shades stay. `guide` is the luma of the chroma's
    size, for `fit_chroma`.
    """
    fitted = fit_chroma(luma, chroma, 1, guide)
    height, width = luma.shape
    seeds, changes = [], []
    for point in points:
        seed = Seed(min(int(point.x * width), width - 1), min(int(point.y * height), height - 1), point.reach)
        there = fitted[:, seed.row, seed.column].astype(np.float64) - 128
        blue, red = chroma_of(point.color) - there
        seeds.append(seed)
        changes.append((float(blue), float(red)))
    return np.asarray(np.rint(fitted + spread(luma, seeds, changes)).clip(0, 255), dtype=np.uint8)


def correct(
    photo: Photo, small: Planes, chroma: Planes, correction: Correction, guided: bool
) -> tuple[Planes, Planes]:
    """Correct chroma uint8 (2, h, w) for luma `small` uint8 (h, w); give both, larger if there are points.

    Hues of the correction are in the chroma already, by `change_hues`: a strength for all comes after them.
    """
    chroma = saturate(chroma, correction.saturation)
    if not correction.points:
        return chroma, small
    luma = sketch_of(photo)
    return add_points(chroma, luma, correction.points, small if guided else None), luma
