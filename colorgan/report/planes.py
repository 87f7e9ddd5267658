"""Small planes of a photograph for the editor of the report: a script each, as a page on disk reads no other.

A script calls `planes` with the luma as a JPEG and the chroma that was predicted, before any correction's
strength and points.
"""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from colorgan.corrections.apply import sketch_of
from colorgan.photo.color import Planes
from colorgan.photo.image import Photo
from colorgan.storage.files import atomic_file

QUALITY = 85
"""Of the luma, for a preview."""
CHROMA_SIDE = 128
"""The longer side of chroma that is taken from a result, in pixels; the generator's is about that."""


def write_planes(path: Path, photo: Photo, predicted: Planes) -> None:
    """Write the script for a photograph and its chroma uint8 (2, h, w)."""
    luma = Image.fromarray(sketch_of(photo))
    _write(path, luma, predicted)


def write_planes_of_result(path: Path, result: Photo) -> None:
    """The same from a result that was not corrected: its chroma is what was predicted."""
    luma = Image.fromarray(sketch_of(result))
    factor = min(1.0, CHROMA_SIDE / max(luma.size))
    small = result.reduced(*(max(1, round(side * factor)) for side in luma.size)).convert("YCbCr")
    _write(path, luma, np.moveaxis(np.asarray(small), -1, 0)[1:])


def _write(path: Path, luma: Image.Image, chroma: Planes) -> None:
    buffer = io.BytesIO()
    luma.save(buffer, "JPEG", quality=QUALITY)
    _, height, width = chroma.shape
    values: dict[str, Any] = {
        "luma": base64.b64encode(buffer.getvalue()).decode(),
        "width": width,
        "height": height,
        "chroma": base64.b64encode(np.ascontiguousarray(chroma).tobytes()).decode(),
    }
    with atomic_file(path) as temporary:
        temporary.write_text(f"planes({json.dumps(values)});\n", "ascii")
