"""A picture that a library decodes to plain samples, whatever its format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from colorgan.photo.color import DeepPlanes, Planes
from colorgan.photo.damage import PictureError
from colorgan.photo.metadata import Metadata


@dataclass(frozen=True)
class Coded:
    """What the header of such a file says, and how its samples are read."""

    format: str
    """Pillow's name of it, or HEIF, or JXL."""
    width: int
    height: int
    channels: int
    """1, 3 or 4 for CMYK, without transparency."""
    has_alpha: bool
    bits: int
    """Of a sample as it is read, 1 to 16."""
    metadata: Metadata = field(repr=False)
    read: Callable[[], npt.NDArray[Any]] = field(repr=False)
    """The samples, uint8 or uint16 (H, W) or (H, W, N), in the lower `bits`; raises as its library does."""
    depth: int = 0
    """Bits of a sample in the file, if they are not those as it is read."""
    is_upright: bool = False
    """Whether it is read as seen, so that the orientation in its metadata does not count."""

    @property
    def stored_bits(self) -> int:
        """Bits of a sample in the file."""
        return self.depth or self.bits

    @property
    def mode(self) -> str:
        """Pillow's mode that is nearest."""
        return {1: "I;16" if self.bits > 8 else "L", 3: "RGB", 4: "CMYK"}[self.channels]

    def samples(self) -> Planes | DeepPlanes:
        """The samples (H, W, N), scaled to 8 bits, uint8, or to 16, uint16; ValueError if they do not fit."""
        found = self.read()
        found = found[..., None] if found.ndim == 2 else found
        expected = (self.height, self.width, self.channels + self.has_alpha)
        if found.shape != expected:
            raise PictureError(f"it holds {found.shape} samples in place of {expected}")
        if self.bits == 8:
            return found.astype(np.uint8)
        to = 255 if self.bits < 8 else 65535
        return scaled(found, self.bits, to)


def scaled(samples: npt.NDArray[Any], bits: int, to: int) -> npt.NDArray[Any]:
    """Samples of so many bits with 0 and the most at 0 and `to`, 255 or 65,535."""
    most = (1 << bits) - 1
    type = np.uint8 if to == 255 else np.uint16
    if most == to:
        return samples.astype(type, copy=False)
    table = ((np.arange(most + 1) * to + most // 2) // most).astype(type)
    return np.asarray(table[np.minimum(samples, most)])


def divided(samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Colors of uint8 or uint16 (H, W, N) divided by the last channel, the transparency they hold."""
    most = np.iinfo(samples.dtype).max
    colors, alpha = samples[..., :-1].astype(np.uint64), samples[..., -1:].astype(np.uint64)
    straight = (colors * most + alpha // 2) // np.maximum(alpha, 1)
    return np.dstack([np.minimum(straight, most).astype(samples.dtype), samples[..., -1:]])


def fewer_bits(samples: Planes | DeepPlanes, bits: int) -> DeepPlanes:
    """Samples of 16 bits rounded to fewer, in the lower bits."""
    most = (1 << bits) - 1
    return ((samples.astype(np.uint32) * most + 32767) // 65535).astype(np.uint16)
