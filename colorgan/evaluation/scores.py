"""How near colored photographs come to the true ones, image by image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps
from skimage.color import rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from colorgan.errors import ImageError
from colorgan.evaluation.metrics import RGB8, Lab, ciede2000_of_lab
from colorgan.photo.color import colorfulness
from colorgan.photo.damage import damage
from colorgan.photo.pillow import DECODE_ERRORS, open_image

RESAMPLES = 2000
"""Of the bootstrap."""

TILE = 200
"""Sides of the pictures on a contact sheet, in pixels."""


@dataclass(frozen=True)
class Scores:
    """One photograph's. Lower is better of CIEDE2000 and chroma error, higher of PSNR (dB) and SSIM."""

    path: str
    ciede2000: float
    chroma_error: float
    """Mean distance in the a*b* plane of CIELAB."""
    psnr: float
    ssim: float
    colorfulness: float
    """By Hasler and Suesstrunk (2003), signed opponents."""
    true_colorfulness: float
    colorless_ciede2000: float
    """That of the gray photograph, as all others of this name."""
    colorless_chroma_error: float
    colorless_psnr: float
    colorless_ssim: float
    lpips: float | None = None
    """If its network was given, as that of the gray photograph."""
    colorless_lpips: float | None = None
    feature_distance: float | None = None
    """Of a classifier; `recognition.Recognized` says more of this and what follows."""
    colorless_feature_distance: float | None = None
    same_class: float | None = None
    colorless_same_class: float | None = None


@dataclass(frozen=True)
class Estimate:
    """A figure over all photographs, with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g})"


def read_rgb(path: Path) -> RGB8:
    """A photograph, upright: uint8 (H, W, 3); raises ImageError."""
    try:
        with open_image(path, path.read_bytes()) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except DECODE_ERRORS as error:
        raise ImageError(path, f"cannot be decoded ({damage(error)})") from error


def colorless(truth: RGB8) -> RGB8:
    """The gray version, as RGB."""
    return np.repeat(np.asarray(Image.fromarray(truth).convert("L"))[..., None], 3, axis=2)


def score(name: str, result: RGB8, truth: RGB8) -> Scores:
    """Compare a result with the truth, both uint8 (H, W, 3) of one size of 7 pixels a side or more."""
    gray = colorless(truth)
    lab = rgb2lab(truth)
    mine, baseline = (_distances(image, truth, lab) for image in (result, gray))
    return Scores(name, *mine, colorfulness(result), colorfulness(truth), *baseline)


def _distances(image: RGB8, truth: RGB8, true_lab: Lab) -> tuple[float, float, float, float]:
    """CIEDE2000, chroma error, PSNR and SSIM."""
    lab = rgb2lab(image)
    chroma_error = float(np.hypot(*np.moveaxis((lab - true_lab)[..., 1:], -1, 0)).mean())
    with np.errstate(divide="ignore"):  # equal images: infinite
        psnr = float(peak_signal_noise_ratio(truth, image))
    ssim = float(structural_similarity(truth, image, channel_axis=2))
    return ciede2000_of_lab(lab, true_lab), chroma_error, min(psnr, 100.0), ssim


def summarize(scores: Sequence[Scores]) -> dict[str, Estimate]:
    """Means over the photographs and, of CIEDE2000 and colorfulness, the change and the ratio of means.

    The intervals are those of the percentile bootstrap over photographs, with a fixed seed.
    """
    names = [name for name, value in asdict(scores[0]).items() if name != "path" and value is not None]
    table = np.array([[getattr(row, name) for name in names] for row in scores])
    chosen = np.random.default_rng(0).integers(0, len(table), (RESAMPLES, len(table)))
    every, means = table.mean(0), table[chosen].mean(1)

    def estimate(value: np.ndarray, resampled: np.ndarray) -> Estimate:
        return Estimate(float(value), *map(float, np.percentile(resampled, [2.5, 97.5])))

    figures = {name: estimate(every[i], means[:, i]) for i, name in enumerate(names)}
    for label, above, below in (
        ("colorfulness_ratio", "colorfulness", "true_colorfulness"),
        ("ciede2000_ratio", "ciede2000", "colorless_ciede2000"),
        ("feature_ratio", "feature_distance", "colorless_feature_distance"),
    ):
        if above in names:
            figures[label] = ratio(table[:, names.index(above)], table[:, names.index(below)])
    return figures


def ratio(above: npt.NDArray[np.floating], below: npt.NDArray[np.floating]) -> Estimate:
    """The ratio of two sums over photographs (N), with its interval by the same bootstrap."""
    chosen = np.random.default_rng(0).integers(0, len(above), (RESAMPLES, len(above)))
    with np.errstate(divide="ignore", invalid="ignore"):  # where what is chosen has nothing
        resampled = above[chosen].sum(1) / below[chosen].sum(1)
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    return Estimate(float(above.sum() / below.sum()), float(low), float(high))


def contact_sheet(rows: Sequence[tuple[RGB8, RGB8]]) -> Image.Image:
    """A picture of gray, result and truth side by side, from pairs of result and truth."""
    sheet = Image.new("RGB", (3 * TILE, TILE * len(rows)), "white")
    for number, (result, truth) in enumerate(rows):
        true = Image.fromarray(truth)
        for column, image in enumerate((true.convert("L"), Image.fromarray(result), true)):
            tile = ImageOps.contain(image.convert("RGB"), (TILE - 4, TILE - 4))
            sheet.paste(tile, (column * TILE + 2, number * TILE + 2))
    return sheet
