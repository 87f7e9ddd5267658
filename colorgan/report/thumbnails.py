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
from colorgan.storage.files import atomic_file

FOLDER = "report"
"""In a results folder."""

SIDE = 400
"""The longer side, in pixels."""

QUALITY = 80


class Thumbnails:
    """A folder of pictures, two for each photograph; their names depend on its path alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, results: Path) -> Thumbnails:
        """Those of a results folder."""
        return cls(results / THUMBNAILS)

    def pair(self, path: str) -> tuple[Path, Path]:
        """Where the pictures before and after are, for a photograph's path as it is in the manifest."""
        name = hashlib.sha256(os.fsencode(path)).hexdigest()[:20]
        place = self.folder / name[:2]
        return place / f"{name[2:]}-before.jpg", place / f"{name[2:]}-after.jpg"

    def add(self, path: str, photo: Photo, chroma: Planes) -> None:
        """Make both of a photograph and the chroma uint8 (2, h, w) that was predicted for it."""
        small = photo.reduced(*_fit(*photo.size))
        luma = np.asarray(small if small.mode == "L" else small.getchannel(0))
        before, after = self.pair(path)
        _save(before, small.convert("RGB"))
        _save(after, Image.fromarray(merge(luma, chroma)))

    def add_result(self, path: str, result: Path) -> None:
        """Make both from a result: its gray is what the photograph was. Raises ImageError."""
        photo = Photo.read(result, pages=True)
        small = photo.reduced(*_fit(*photo.size))
        before, after = self.pair(path)
        _save(before, small.convert("L"))
        _save(after, small.convert("RGB"))

    def ensure(self, path: str, result: Path) -> bool:
        """See that both are there and no older than the result; no if it cannot be read."""
        with suppress(OSError):
            made = min(picture.stat().st_mtime_ns for picture in self.pair(path))
            if made >= result.stat().st_mtime_ns:
                return True
        try:
            self.add_result(path, result)
        except (ImageError, OSError):
            return False
        return True


def _fit(width: int, height: int) -> tuple[int, int]:
    """Width and height of the picture of a photograph of this size, which is never enlarged."""
    factor = min(1.0, SIDE / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def _save(path: Path, image: Image.Image) -> None:
    with atomic_file(path) as temporary:
        image.save(temporary, "JPEG", quality=QUALITY)
