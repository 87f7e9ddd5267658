"""Color of more than 8 bits in the family of PPM (Netpbm), of which Pillow reads 8."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from colorgan.photo.coded import Coded
from colorgan.photo.metadata import Metadata

HEADER = re.compile(rb"P6(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)\s")


def open_pnm(data: bytes) -> Coded | None:
    """The picture, if it is in color and has more than 8 bits a sample; ValueError if it is cut short."""
    found = HEADER.match(data[:4096])
    if found is None:
        return None
    width, height, most = map(int, found.groups())
    if not 255 < most <= 65535:
        return None
    start, count = found.end(), 3 * width * height
    if len(data) < start + 2 * count:
        raise ValueError("it is cut short")

    def read() -> npt.NDArray[Any]:
        samples = np.frombuffer(data, ">u2", count, start).reshape(height, width, 3)
        if most == 65535:
            return samples.astype(np.uint16)
        table = ((np.arange(most + 1) * 65535 + most // 2) // most).astype(np.uint16)
        return np.asarray(table[np.minimum(samples, most)])

    return Coded("PPM", width, height, 3, False, 16, Metadata(), read)
