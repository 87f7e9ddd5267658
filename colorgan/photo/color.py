"""Luma and chroma as 8-bit planes: full-range YCbCr of ITU-T T.871 (JFIF), which is BT.601's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

RED, GREEN, BLUE = 0.299, 0.587, 0.114  # ITU-R BT.601-7, 2.5.1: the weights of Y
CB_TO_BLUE, CR_TO_RED = 2 * (1 - BLUE), 2 * (1 - RED)  # 1.772 and 1.402, ITU-T T.871, clause 7

Planes = npt.NDArray[np.uint8]
DeepPlanes = npt.NDArray[np.uint16]
Floats = npt.NDArray[np.floating]

TONED = 4.5
"""Chroma spread, in steps of 255, up to which a photograph counts as black and white, sepia included.

Scans of 34 old black-and-white photographs, some of them stained, have 0 to 4.0; of 1,500 color
photographs 3 % have less than 4.5.
"""

LUMA_BANDS = 16

DEEPER = np.float32(65535 / 255)

FLAT = 2000.0
"""Variance of luma, in steps of 255 squared, below which chroma hardly follows its edges."""

STRIP = 256
"""Rows of chroma that are worked on at once."""
IN_CACHE = 16
"""Rows of floats that are worked on at once."""


def chroma_spread(ycbcr: Planes) -> float:
    """How far the chroma of uint8 (H, W, 3) YCbCr strays from that of a toned gray, in steps of 255.

    In a black-and-white photograph, neutral or toned, chroma depends on luma alone. So it is compared with
    its mean in the same sixteenth of the luma range. Returns the root mean square.
    """
    band = (ycbcr[..., 0] // (256 // LUMA_BANDS)).ravel()
    chroma = ycbcr[..., 1:].reshape(-1, 2).astype(np.float64)
    counts = np.maximum(np.bincount(band, minlength=LUMA_BANDS), 1)
    total = 0.0
    for plane in chroma.T:
        means = np.bincount(band, weights=plane, minlength=LUMA_BANDS) / counts
        total += float(np.mean((plane - means[band]) ** 2))
    return float(np.sqrt(total))


def saturate(chroma: Planes, saturation: float) -> Planes:
    """Move chroma uint8, of any shape, away from neutral by this factor; 1 leaves it, 0 makes it gray."""
    if saturation == 1:
        return chroma
    return np.asarray(np.rint(128 + saturation * (chroma - 128.0)).clip(0, 255), dtype=np.uint8)


def merge(luma: Planes | DeepPlanes, chroma: Planes, guide: Planes | None = None) -> Planes | DeepPlanes:
    """Lay chroma, as `fit_chroma` scales it, over luma uint8 or uint16 (H, W): RGB of its type (H, W, 3)."""
    merged = np.empty((*luma.shape, 3), luma.dtype)
    if luma.dtype != np.uint16 and guide is None and luma.shape == chroma.shape[1:]:  # nothing to enlarge
        light = np.asarray(luma, np.uint8)
        _lay_over(luma, fit_gamut(light, light, *chroma), merged)
        return merged
    fitting = Fitting(luma.shape, chroma, 1, guide)
    for top in range(0, len(luma), STRIP):
        merged[top : top + STRIP] = merge_strip(luma[top : top + STRIP], top, fitting)
    return merged


def merge_strip(luma: Planes | DeepPlanes, top: int, fitting: Fitting) -> Planes | DeepPlanes:
    """The same for STRIP rows, or the last ones, that begin at `top`."""
    merged = np.empty((*luma.shape, 3), luma.dtype)
    if luma.dtype == np.uint16:
        light = luma.astype("<u2", copy=False).view(np.uint8)[:, 1::2]
        _lay_over_deep(luma, fitting.strip(top, light), merged)
    else:
        _lay_over(luma, fitting.strip(top, np.asarray(luma, np.uint8)), merged)
    return merged


def deep_luma_of(rgb: DeepPlanes) -> DeepPlanes:
    """The luma uint16 (H, W) of RGB uint16 (H, W, 3)."""
    luma = np.empty(rgb.shape[:2], np.uint16)
    for top in range(0, len(rgb), STRIP):
        strip = rgb[top : top + STRIP] @ np.array([RED, GREEN, BLUE])
        luma[top : top + STRIP] = np.rint(strip).clip(0, 65535)
    return luma


def _lay_over(luma: Planes | DeepPlanes, planes: tuple[Planes, Planes], merged: npt.NDArray[Any]) -> None:
    merged[:] = Image.merge("YCbCr", [Image.fromarray(plane) for plane in (luma, *planes)]).convert("RGB")


def _lay_over_deep(
    luma: Planes | DeepPlanes, planes: tuple[Planes, Planes], merged: npt.NDArray[Any]
) -> None:
    for top in range(0, len(luma), IN_CACHE):
        rows = slice(top, top + IN_CACHE)
        differences = _differences(*(plane[rows].astype(np.float32) - 128 for plane in planes))
        for channel, sum_ in enumerate(differences):
            sum_ *= DEEPER
            sum_ += luma[rows]
            np.rint(sum_, out=sum_)
            np.maximum(sum_, 0, out=sum_)
            np.minimum(sum_, 65535, out=sum_)
            merged[rows, :, channel] = sum_


def fit_chroma(luma: Planes, chroma: Planes, step: int, guide: Planes | None = None) -> Planes:
    """Scale chroma uint8 (2, h, w) to luma uint8 (H, W), a sample for each step x step pixels.

    Gives uint8 (2, ceil(H / step), ceil(W / step)). `guide` is the luma uint8 (h, w) that belongs to the
    chroma given: with it, chroma follows the edges of the luma; without, it is interpolated bilinearly.

    Where luma and chroma together are no color that RGB has, a viewer would clip it and show another luma:
    chroma is reduced towards neutral there. Between the samples a viewer interpolates. That moves the luma
    that it shows by 2 steps of 255 or less in 99.86 % of the pixels of each of 34 old photographs, JPEG
    coding included (`benchmarks/displayed_luma.py`).
    """
    fitting = Fitting(luma.shape, chroma, step, guide)
    fitted = np.empty((2, fitting.rows, fitting.columns), np.uint8)
    for top in range(0, fitting.rows, STRIP):
        fitted[:, top : top + STRIP] = fitting.strip(top, luma[step * top : step * (top + STRIP)])
    return fitted


class Fitting:
    """What `fit_chroma` does, strip by strip: of the luma, no more than a strip need be in memory."""

    def __init__(self, shape: tuple[int, ...], chroma: Planes, step: int, guide: Planes | None) -> None:
        self.rows, self.columns = (-(-side // step) for side in shape)
        self.step = step
        # Pillow scales four planes as one image (its mode CMYK) faster than two planes and two more.
        self._planes = Image.merge("CMYK", [Image.fromarray(plane) for plane in (*chroma, *_reach(chroma))])
        slopes = () if guide is None else _slopes(guide, chroma)
        self._slopes = [Image.fromarray(plane) for plane in slopes]

    def strip(self, top: int, luma: Planes) -> tuple[Planes, Planes]:
        """Cb and Cr of STRIP rows, or the last ones, that begin at `top`; the luma is that of these rows."""
        bottom = min(top + STRIP, self.rows)

        def scale(image: Image.Image) -> Image.Image:
            box = (0, top / self.rows * image.height, image.width, bottom / self.rows * image.height)
            return image.resize((self.columns, bottom - top), Image.Resampling.BILINEAR, box)

        cb, cr, up, down = (np.asarray(plane) for plane in scale(self._planes).split())
        darkest, lightest = (_reduce(luma, self.step, keep) for keep in (np.minimum, np.maximum))
        if not self._slopes:
            return _fit_few(darkest, lightest, cb, cr, (up > 255 - lightest) | (down > darkest))
        detail = (darkest / np.float32(2) + lightest / np.float32(2)) - np.asarray(scale(self._slopes[2]))
        cb, cr = (
            np.rint(plane + np.asarray(scale(slope)) * detail).clip(0, 255).astype(np.uint8)
            for plane, slope in zip((cb, cr), self._slopes[:2], strict=True)
        )
        return fit_gamut(darkest, lightest, cb, cr)


def _slopes(guide: Planes, chroma: Planes) -> tuple[Floats, Floats, Floats]:
    """How Cb and Cr change with luma around each pixel, and luma itself: float32 (h, w).

    The slopes are those of the guided filter (He, Sun and Tang, "Guided Image Filtering", ECCV 2010, eq. 5)
    in windows of 3 x 3. Here they give what a finer luma adds to chroma that stays as it is.
    """
    light, *planes = (plane.astype(np.float32) for plane in (guide, *chroma))

    def mean(values: Floats) -> Floats:
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, 1, mode="edge"), (3, 3))
        return np.asarray(windows.mean(axis=(2, 3)), dtype=np.float32)

    variance = mean(light * light) - mean(light) ** 2 + FLAT
    cb, cr = ((mean(light * plane) - mean(light) * mean(plane)) / variance for plane in planes)
    return cb, cr, light


def _fit_few(
    darkest: Planes, lightest: Planes, cb: Planes, cr: Planes, outside: npt.NDArray[np.bool_]
) -> tuple[Planes, Planes]:
    """What `fit_gamut` gives, when few samples are out of gamut: as indices they are looked for only once."""
    at = np.flatnonzero(outside)
    cb, cr = cb.copy(), cr.copy()
    flat = [plane.reshape(-1) for plane in (darkest, lightest, cb, cr)]
    flat[2][at], flat[3][at] = fit_gamut(*(plane[at] for plane in flat))
    return cb, cr


def fit_gamut(darkest: Planes, lightest: Planes, cb: Planes, cr: Planes) -> tuple[Planes, Planes]:
    """Reduce chroma, keeping its hue, to what RGB can show from the darkest to the lightest luma beside it.

    All are uint8 of one shape. With full-range YCbCr (ITU-T T.871, clause 7), each of R, G and B is luma plus
    a difference that is linear in the chroma. The largest share of it that leaves all three in [0, 255] is
    kept.
    """
    blue, red = (plane.astype(np.float32) - 128 for plane in (cb, cr))
    differences = _differences(blue, red)
    up, down = np.maximum.reduce(differences), -np.minimum.reduce(differences)
    room = np.minimum((255.0 - lightest) / np.maximum(up, 1e-6), darkest / np.maximum(down, 1e-6))
    share = np.minimum(room, 1).astype(np.float32)
    # Truncated, that is towards neutral: rounding must not leave the gamut again.
    fitted_cb, fitted_cr = ((128 + np.trunc(share * plane)).astype(np.uint8) for plane in (blue, red))
    return fitted_cb, fitted_cr


def _differences(blue: Floats, red: Floats) -> list[Floats]:
    """What chroma around 0 adds to the luma to make R, G and B."""
    to_red, to_blue = CR_TO_RED * red, CB_TO_BLUE * blue
    to_green = -(RED * to_red + BLUE * to_blue) / GREEN
    return [to_red, to_green, to_blue]


def _reach(chroma: Planes) -> Planes:
    """How far R, G or B are above and below the luma with chroma uint8 (2, h, w), rounded up.

    Both are convex in the chroma: between samples, what is interpolated is no less than what holds there.
    """
    differences = _differences(*(chroma.astype(np.float32) - 128))
    reach = np.stack([np.maximum.reduce(differences), -np.minimum.reduce(differences)])
    return np.asarray(np.ceil(reach).clip(0, 255), dtype=np.uint8)


def _reduce(luma: Planes, step: int, keep: Callable[[Planes, Planes], Planes]) -> Planes:
    """Keep one pixel of each step x step block, step being 1 or 2; blocks at the edge may be smaller."""
    if step == 1:
        return luma
    luma = pad_to_even(luma)
    rows = keep(luma[::2], luma[1::2])
    return keep(rows[:, ::2], rows[:, 1::2])


def pad_to_even(luma: Planes) -> Planes:
    """Luma (H, W) with its last row and column repeated where their number is odd; else the same array."""
    height, width = luma.shape
    if height % 2 == width % 2 == 0:
        return luma
    return np.pad(luma, ((0, height % 2), (0, width % 2)), mode="edge")


def colorfulness(rgb: Planes) -> float:
    """Colorfulness M of an sRGB image, uint8 (H, W, 3), with signed opponents; 0 is gray.

    Hasler and Suesstrunk, "Measuring colorfulness in natural images" (2003), equation 8.
    """
    red, green, blue = np.moveaxis(rgb.astype(np.float64), -1, 0)
    opponents = np.stack([red - green, (red + green) / 2 - blue])
    spread, mean = opponents.std(axis=(1, 2)), opponents.mean(axis=(1, 2))
    return float(np.hypot(*spread) + 0.3 * np.hypot(*mean))
