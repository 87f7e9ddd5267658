"""Small pictures of photographs before and after, for the report."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from colorgan.batch.job import THUMBNAILS
from colorgan.errors import ImageError
from colorgan.photo.color import Planes, merge
from colorgan.photo.image import Photo
from colorgan.report.planes import write_planes, write_planes_of_result
from colorgan.storage.files import atomic_file

FOLDER = "report"
"""In a results folder."""

SIDE = 400
"""The longer side, in pixels."""

QUALITY = 80


class Thumbnails:
    """A folder of pictures, two for each photograph, and planes; names depend on its path alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, results: Path) -> Thumbnails:
        """Those of a results folder."""
        return cls(results / THUMBNAILS)

    def pair(self, path: str) -> tuple[Path, Path]:
        """Where the pictures before and after are, for a photograph's path as it is in the manifest."""
        return self._place(path, "-before.jpg"), self._place(path, "-after.jpg")

    def planes(self, path: str) -> Path:
        """Where the script with its planes is."""
        return self._place(path, "-planes.js")

    def add(self, path: str, photo: Photo, chroma: Planes, predicted: Planes | None = None) -> None:
        """Make all of a photograph and its chroma uint8 (2, h, w).

        `predicted` is chroma before strength and points of a correction; without it, that is the same.
        """
        write_planes(self.planes(path), photo, chroma if predicted is None else predicted)
        small = photo.reduced(*_fit(*photo.size))
        luma = np.asarray(small if small.mode == "L" else small.getchannel(0))
        before, after = self.pair(path)
        _save(before, small.convert("RGB"))
        _save(after, Image.fromarray(merge(luma, chroma)))

    def add_result(self, path: str, result: Path, predicted: bool = True) -> None:
        """Make both from a result: its gray is what the photograph was. Raises ImageError.

        Its colors are those `predicted` unless it was corrected: then planes made before stay.
        """
        photo = Photo.read(result, pages=True)
        if predicted:
            write_planes_of_result(self.planes(path), photo)
        small = photo.reduced(*_fit(*photo.size))
        before, after = self.pair(path)
        _save(before, small.convert("L"))
        _save(after, small.convert("RGB"))

    def ensure(self, path: str, result: Path, predicted: bool = True) -> bool:
        """See that all are there and no older than the result; no if it cannot be read."""
        parts = [*self.pair(path), *([self.planes(path)] if predicted else [])]
        with suppress(OSError):
            made = min(part.stat().st_mtime_ns for part in parts)
            if made >= result.stat().st_mtime_ns:
                return True
        try:
            self.add_result(path, result, predicted)
        except (ImageError, OSError):
            return False
        return True

    def _place(self, path: str, end: str) -> Path:
        name = hashlib.sha256(os.fsencode(path)).hexdigest()[:20]
        return self.folder / name[:2] / f"{name[2:]}{end}"


def _fit(width: int, height: int) -> tuple[int, int]:
    """Width and height of the picture of a photograph of this size, which is never enlarged."""
    factor = min(1.0, SIDE / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def _save(path: Path, image: Image.Image) -> None:
    with atomic_file(path) as temporary:
        image.save(temporary, "JPEG", quality=QUALITY)
