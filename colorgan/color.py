"""Luma and chroma as 8-bit planes: full-range YCbCr of ITU-T T.871 (JFIF), which is BT.601's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

RED, GREEN, BLUE = 0.299, 0.587, 0.114  # ITU-R BT.601-7, 2.5.1: the weights of Y
CB_TO_BLUE, CR_TO_RED = 2 * (1 - BLUE), 2 * (1 - RED)  # 1.772 and 1.402, ITU-T T.871, clause 7

Planes = npt.NDArray[np.uint8]

TONED = 4.5
"""Chroma spread, in steps of 255, up to which a photograph counts as black and white, sepia included.

Scans of 34 old black-and-white photographs, some of them stained, have 0 to 4.0; of 1,500 colour
photographs 3 % have less than 4.5.
"""

LUMA_BANDS = 16

ROUNDING = 1
"""Steps of 255 by which luma changes on its way to RGB and back without any clipping."""


def chroma_spread(ycbcr: Planes) -> float:
    """How far the chroma of uint8 (H, W, 3) YCbCr strays from that of a toned gray, in steps of 255.

    In a black-and-white photograph, be it neutral or toned, chroma depends on luma alone: it is compared
    with its mean in the same sixteenth of the luma range, and the root mean square is returned.
    """
    band = (ycbcr[..., 0] // (256 // LUMA_BANDS)).ravel()
    chroma = ycbcr[..., 1:].reshape(-1, 2).astype(np.float64)
    counts = np.maximum(np.bincount(band, minlength=LUMA_BANDS), 1)
    total = 0.0
    for plane in chroma.T:
        means = np.bincount(band, weights=plane, minlength=LUMA_BANDS) / counts
        total += float(np.mean((plane - means[band]) ** 2))
    return float(np.sqrt(total))


def merge(luma: Image.Image, chroma: Planes) -> Image.Image:
    """Lay chroma uint8 (2, h, w), scaled up, over luma of mode L and any size: an image of mode YCbCr.

    Where luma and chroma together are no colour that RGB has, a viewer would clip it and show another luma:
    chroma is reduced towards neutral there.
    """
    planes = [Image.fromarray(plane).resize(luma.size, Image.Resampling.BILINEAR) for plane in chroma]
    merged = Image.merge("YCbCr", (luma, *planes))
    shown = np.asarray(merged.convert("RGB").convert("L"))
    original = np.asarray(luma)
    moved = np.maximum(shown, original) - np.minimum(shown, original)
    clipped = np.flatnonzero(moved > ROUNDING)  # few: as indices, they are looked for only once
    if not len(clipped):
        return merged
    cb, cr = (np.array(plane) for plane in planes)
    flat_cb, flat_cr = cb.ravel(), cr.ravel()
    fitted = fit_gamut(original.ravel()[clipped], flat_cb[clipped], flat_cr[clipped])
    flat_cb[clipped], flat_cr[clipped] = fitted
    return Image.merge("YCbCr", (luma, Image.fromarray(cb), Image.fromarray(cr)))


def fit_gamut(luma: Planes, cb: Planes, cr: Planes) -> tuple[Planes, Planes]:
    """Reduce chroma, keeping its hue, to what RGB can show with this luma; all uint8 of one shape.

    With full-range YCbCr (ITU-T T.871, clause 7) each of R, G and B is luma plus a difference that is linear
    in the chroma; the largest share of it is kept with which all three stay in [0, 255].
    """
    light = luma.astype(np.float32)
    blue, red = (plane.astype(np.float32) - 128 for plane in (cb, cr))
    to_red, to_blue = CR_TO_RED * red, CB_TO_BLUE * blue
    to_green = -(RED * to_red + BLUE * to_blue) / GREEN
    share = np.ones_like(light)
    for difference in (to_red, to_green, to_blue):
        room = np.where(difference > 0, 255 - light, light)
        np.minimum(share, room / np.maximum(np.abs(difference), 1e-6), out=share)
    # Truncated, that is towards neutral: rounding must not leave the gamut again.
    fitted_cb, fitted_cr = ((128 + np.trunc(share * plane)).astype(np.uint8) for plane in (blue, red))
    return fitted_cb, fitted_cr
