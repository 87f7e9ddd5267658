"""Find photographs that show the same picture: reduced, cut a little, or stored anew.

By difference hashes, whose bits say where a tiny gray version gets brighter from one pixel to the next, to
the right and downwards (N. Krawetz, "Kind of Like That", 2013): 128 bits, of which near duplicates share all
but a few.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from PIL import Image

from colorgan.devices import available_cpus
from colorgan.errors import ImageError
from colorgan.training.dataset import open_reduced
from colorgan.training.photographs import Photograph

BITS = 12
"""Near duplicates differ in so many bits of 128 at most; other photographs do in some 50."""

SIDE = 8


def difference_hash(image: Image.Image) -> str:
    """The hash of an image, 32 hexadecimal digits."""
    pixels = np.asarray(image.convert("L").resize((SIDE + 1, SIDE + 1), Image.Resampling.BOX), int)
    right, down = np.diff(pixels, axis=1)[:SIDE] > 0, np.diff(pixels, axis=0)[:, :SIDE] > 0
    return np.packbits(np.concatenate([right.ravel(), down.ravel()])).tobytes().hex()


def without_near_duplicates(
    photographs: Sequence[Photograph], others: Sequence[Photograph]
) -> list[Photograph]:
    """The photographs that show no picture of `others`; one that is unreadable shows none."""
    with ThreadPoolExecutor(available_cpus()) as pool:
        mine, theirs = (list(pool.map(_hash_of, each)) for each in (photographs, others))
    known = _bits([each for each in theirs if each])
    return [
        photo
        for photo, found in zip(photographs, mine, strict=True)
        if not found or not len(known) or (_bits([found]) != known).sum(1).min() > BITS
    ]


def _hash_of(photo: Photograph) -> str:
    if photo.difference_hash:
        return photo.difference_hash
    try:
        with open_reduced(photo, 4 * SIDE) as image:
            return difference_hash(image)
    except ImageError:
        return ""


def _bits(hashes: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Bits (N, 128) of hashes."""
    data = np.frombuffer(bytes.fromhex("".join(hashes)), np.uint8)
    return np.unpackbits(data.reshape(len(hashes), -1), axis=1) if hashes else np.zeros((0, 128), np.uint8)
