"""JPEG files: planes encoded as they are, and the segments before the picture (ITU-T T.81, annex B)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import simplejpeg
from PIL import Image

from colorgan.color import Planes, fit_chroma

SOI = b"\xff\xd8"
SOS = 0xDA
DESCRIBING = frozenset({*range(0xE0, 0xF0), 0xFE})
"""Markers of segments that describe the picture and are not needed to decode it: APP0 to APP15 and COM."""


@dataclass(frozen=True)
class Segment:
    """A marker and what belongs to it, in the file from `start` to `end`."""

    marker: int
    start: int
    end: int


def header_segments(data: bytes) -> Iterator[Segment]:
    """The segments of a whole, undamaged JPEG up to its first scan (T.81, B.1.1.4 and B.2.1)."""
    at = len(SOI)
    while data[at + 1] != SOS:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        yield Segment(data[at + 1], at, end)
        at = end


def encode_jpeg(luma: Image.Image, chroma: Planes, quality: int, described_by: bytes) -> bytes:
    """Encode luma of mode L, and chroma uint8 (2, h, w) scaled to half its size, as a JPEG (4:2:0).

    The planes go to the encoder as they are, without a detour through RGB. `described_by` is another JPEG,
    whose metadata the result takes over. Raises ValueError for more than 65,500 pixels on a side.
    """
    light = np.asarray(luma)
    data = simplejpeg.encode_jpeg_yuv_planes(light, *fit_chroma(light, chroma, step=2), quality=quality)
    described, coded = _parts(described_by, describing=True), _parts(data, describing=False)
    return b"".join((SOI, *described, *coded, _scan(data)))


def _parts(data: bytes, *, describing: bool) -> Iterator[bytes]:
    for segment in header_segments(data):
        if (segment.marker in DESCRIBING) == describing:
            yield data[segment.start : segment.end]


def _scan(data: bytes) -> bytes:
    return data[max(segment.end for segment in header_segments(data)) :]
