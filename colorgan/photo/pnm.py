"""Color of more than 8 bits in the family of PPM (Netpbm), of which Pillow reads 8."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from colorgan.photo.coded import Coded
from colorgan.photo.metadata import Metadata

HEAD = 4096
"""Bytes in which the header ends."""
HEADER = re.compile(rb"P6(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)\s")


def is_deep(data: bytes) -> bool:
    """Whether a file that begins so is in color and has more than 8 bits a sample."""
    found = HEADER.match(data[:HEAD])
    return found is not None and 255 < int(found[3]) <= 65535


def open_pnm(data: bytes) -> Coded | None:
    """The picture, if it is in color and has more than 8 bits a sample; ValueError if it is cut short."""
    if not is_deep(data):
        return None
    found = HEADER.match(data[:HEAD])
    assert found
    width, height, most = map(int, found.groups())
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
