"""Folders of scans as archives hold them, made from the photographs of a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageOps

from benchmarks.photographs import make_photographs


def keep(path: Path) -> None:
    """A grayscale JPEG, as it was made."""


def tone(path: Path) -> None:
    """A sepia photograph in a color JPEG."""
    gray = Image.open(path).convert("L")
    ImageOps.colorize(gray, "black", "#fff2dc").save(path, quality=90)


def to_png(path: Path) -> None:
    """A grayscale PNG."""
    Image.open(path).save(path.with_suffix(".png"))
    path.unlink()


def to_tiff(path: Path) -> None:
    """A 16-bit TIFF, compressed as the results are."""
    deep = np.asarray(Image.open(path), np.uint16) * 257
    tifffile.imwrite(path.with_suffix(".tif"), deep, compression="zlib", predictor=True)
    path.unlink()


@dataclass(frozen=True)
class Corpus:
    """So many scans of each size in megapixels, made from gray JPEGs."""

    counts: dict[float, int]
    convert: Callable[[Path], None] = keep

    def make(self, photos: Path, folder: Path) -> None:
        """Write the scans."""
        for megapixels, count in self.counts.items():
            make_photographs(photos, folder / f"{megapixels:g}", megapixels, count)
            for path in list((folder / f"{megapixels:g}").iterdir()):
                self.convert(path)


CORPORA = {
    "0.3 MP, gray JPEG": Corpus({0.3: 60}),
    "1 MP, gray JPEG": Corpus({1: 40}),
    "4 MP, gray JPEG": Corpus({4: 16}),
    "12 MP, gray JPEG": Corpus({12: 8}),
    "mixed, gray JPEG": Corpus({0.3: 12, 1: 12, 4: 4, 12: 2}),
    "1 MP, color JPEG": Corpus({1: 30}, tone),
    "1 MP, PNG": Corpus({1: 16}, to_png),
    "1 MP, 16-bit TIFF": Corpus({1: 10}, to_tiff),
}
