"""The samples of a TIFF of any depth and layout, of which Pillow reads but some (TIFF 6.0).

Pillow decompresses, from a TIFF whose "gray pixels of 8 bits" are the bytes of the samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from colorgan.photo.color import DeepPlanes, Planes
from colorgan.photo.ifd import LONG, SHORT, Directory, Entry, Folder, with_directory
from colorgan.photo.pillow import load, open_picture

SUBFILE_TYPE, OLD_SUBFILE_TYPE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = (
    254,
    255,
    256,
    257,
    258,
    259,
    262,
)
FILL_ORDER, OFFSETS, SAMPLES, STRIP_ROWS, COUNTS, PLANAR, PREDICTOR = 266, 273, 277, 278, 279, 284, 317
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS, EXTRA, SAMPLE_FORMAT = 322, 323, 324, 325, 338, 339
DEPTH = 32997
"""Planes of a volume, one behind the other (of SGI, and in libtiff)."""
OLD_JPEG = 513
"""A tag of pictures whose parts lie anywhere in the file (TIFF 6.0, section 22)."""
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCC, LAB = 0, 1, 2, 3, 5, 6, 8
CHANNELS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, CMYK: 4}
OF_BYTES = {
    1: "none",
    5: "LZW",
    8: "deflate",
    32946: "deflate",
    32773: "PackBits",
    34925: "LZMA",
    50000: "Zstd",
}
"""Compressions that know nothing of samples."""
UNPREDICTED = (1, 32773)
"""Compressions with which libtiff takes no notice of a predictor."""
AT_ONCE = 1 << 22
"""Samples that are unpacked at once."""
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
PREMULTIPLIED, STRAIGHT, COREL = 1, 2, 999  # kinds of transparency; Corel Draw 10 has one of its own
REDUCED, MASK, OLD_REDUCED = 1, 4, 2  # what a page is that is not the picture itself


def is_preview(directory: Directory) -> bool:
    """Whether a page shows the picture smaller, or is its mask."""
    kind = directory.number(SUBFILE_TYPE)
    return bool(kind & (REDUCED | MASK)) or directory.number(OLD_SUBFILE_TYPE) == OLD_REDUCED


def is_reduced(directory: Directory) -> bool:
    """Whether a page shows a picture smaller."""
    reduced = bool(directory.number(SUBFILE_TYPE) & REDUCED) and not directory.number(SUBFILE_TYPE) & MASK
    return reduced or directory.number(OLD_SUBFILE_TYPE) == OLD_REDUCED


@dataclass(frozen=True)
class TiffLayout:
    """How the samples of a page lie in the file."""

    directory: Directory
    width: int
    height: int
    bits: int
    """Of a sample."""
    samples: int
    """Of a pixel, transparency included."""
    photometric: int
    sample_format: int

    @classmethod
    def of(cls, directory: Directory) -> TiffLayout:
        """That of a page."""
        number = directory.number
        width, height, samples = number(WIDTH), number(HEIGHT), number(SAMPLES, 1)
        bits, kind = max(directory.numbers(BITS, (1,))), max(directory.numbers(SAMPLE_FORMAT, (UNSIGNED,)))
        return cls(directory, width, height, bits, samples, number(PHOTOMETRIC), kind)

    @property
    def is_deep(self) -> bool:
        """Whether its samples are not unsigned ones of 8 bits or less."""
        return self.bits > 8 or self.sample_format in (SIGNED, FLOAT)

    @property
    def is_read_here(self) -> bool:
        """Whether Pillow does not read its samples, or not all as they are."""
        if self.is_deep:
            return True
        number = self.directory.number
        is_planar = number(PLANAR, 1) == 2 and self.samples > 1
        if self.photometric not in CHANNELS or number(COMPRESSION, 1) not in OF_BYTES:
            return is_planar and self.photometric == PALETTE
        few = (1, 2, 4) if self.samples == 1 and self._predictor == 1 else ()
        is_usual = self.bits in (*few, 8) and (self.samples == 1 or number(FILL_ORDER, 1) == 1)
        return self.samples != self.channels or is_planar or not is_usual

    @property
    def channels(self) -> int:
        """Samples of a pixel without transparency."""
        return CHANNELS[self.photometric]

    @property
    def _extra(self) -> tuple[int, ...]:
        """What the samples after the channels are; without a word, a fourth one of RGB is transparency."""
        more = max(0, self.samples - CHANNELS.get(self.photometric, 3))
        kinds = self.directory.numbers(EXTRA, (STRAIGHT,) if self.photometric == RGB and more == 1 else ())
        return tuple(STRAIGHT if kind == COREL else kind for kind in kinds[:more])

    @property
    def alpha(self) -> int:
        """PREMULTIPLIED or STRAIGHT transparency is among its samples; 0: it is not."""
        return next((kind for kind in self._extra if kind in (PREMULTIPLIED, STRAIGHT)), 0)

    @property
    def further(self) -> int:
        """Samples of a pixel that are neither color nor transparency, such as masks and spot colors."""
        if self.photometric not in CHANNELS:
            return 0
        return max(0, self.samples - self.channels - bool(self.alpha))

    @property
    def rows_there(self) -> int:
        """Rows that strips or tiles are there for; the file may claim more than it holds."""
        number, numbers = self.directory.number, self.directory.numbers
        planes = self.samples if number(PLANAR, 1) == 2 else 1
        if tiles := numbers(TILE_OFFSETS):
            across = -(-self.width // max(1, number(TILE_WIDTH)))
            return len(tiles) // planes // max(1, across) * number(TILE_HEIGHT)
        strips = numbers(OFFSETS)  # there are none with the JPEG compression of TIFF 6.0
        return len(strips) // planes * number(STRIP_ROWS, self.height) if strips else self.height

    def refuse(self) -> str:
        """Why its samples cannot be read; empty if they can."""
        remedy = "save it with 8 or 16 bits a channel"
        if self.sample_format == FLOAT:
            return f"has floating-point samples of {self.bits} bits; {remedy}"
        if self.sample_format == SIGNED:
            return f"has signed samples of {self.bits} bits; {remedy}, unsigned"
        if self.bits > 16:
            return f"has samples of {self.bits} bits; {remedy}"
        if self.photometric not in CHANNELS:
            return (
                f"has samples of {self.bits} bits of photometric interpretation {self.photometric}; {remedy}"
            )
        compression = self.directory.number(COMPRESSION, 1)
        if compression not in OF_BYTES:
            return f"has samples of {self.bits} bits with compression {compression}; save it with LZW or none"
        if len(set(self.directory.numbers(BITS))) > 1:
            return f"has samples of different depths; {remedy}"
        if self.samples < self.channels or self._predictor not in (1, 2):
            return f"has {self.samples} samples a pixel and predictor {self._predictor}, which do not fit"
        return ""

    @property
    def _predictor(self) -> int:
        """2: each sample is stored as its difference from the one to the left."""
        if self.directory.number(COMPRESSION, 1) in UNPREDICTED:
            return 1
        return self.directory.number(PREDICTOR, 1)

    def read(self, data: bytes) -> Planes | DeepPlanes:
        """The samples as they are stored, black being 0: (H, W, channels), or one more with transparency.

        They are scaled to 8 bits, uint8, or if they have more, to 16, uint16. What `refuse` names must be
        refused before; raises what Pillow raises.
        """
        planar = self.directory.number(PLANAR, 1) == 2 and self.samples > 1
        planes, together = (self.samples, 1) if planar else (1, self.samples)
        read = [self._plane(data, number, planes, together) for number in range(planes)]
        samples: npt.NDArray[Any] = np.dstack(read) if planar else read[0]
        if self.further:
            wanted = [*range(self.channels)]
            wanted += [self.channels + self._extra.index(self.alpha)] if self.alpha else []
            samples = samples[..., wanted]
        most, to = (1 << self.bits) - 1, 255 if self.bits <= 8 else 65535
        scaled = ((np.arange(most + 1) * to + most // 2) // most).astype(np.uint16)
        if self.alpha == PREMULTIPLIED:
            _divide(samples, self.channels, to)
            samples[..., self.channels] = scaled[samples[..., self.channels]]
            if self.photometric == WHITE_IS_ZERO:
                samples[..., 0] = to - samples[..., 0]
        elif most < to or self.photometric == WHITE_IS_ZERO:
            inverted = scaled[::-1] if self.photometric == WHITE_IS_ZERO else scaled
            for number in range(samples.shape[2]):
                table = inverted if number < self.channels else scaled
                samples[..., number] = table[samples[..., number]]
        return samples.astype(np.uint8) if to == 255 else samples

    def _plane(self, data: bytes, number: int, planes: int, together: int) -> DeepPlanes:
        """One of the planes, uint16 (H, W, together)."""
        tile_width = self.directory.number(TILE_WIDTH) or self.width
        across = -(-self.width // tile_width)
        row = -(-tile_width * together * self.bits // 8)
        with open_picture(self._of_bytes(data, row, across, number, planes)) as image:
            rows = np.asarray(load(image)).reshape(self.height, across, row)
        samples = self._unpack(rows, tile_width * together).reshape(self.height, across, tile_width, together)
        if self._predictor == 2:
            np.cumsum(samples, axis=2, dtype=np.uint16, out=samples)
            samples &= np.uint16((1 << self.bits) - 1)
        return samples.reshape(self.height, across * tile_width, together)[:, : self.width]

    def _unpack(self, rows: npt.NDArray[np.uint8], count: int) -> DeepPlanes:
        """The samples of rows of bytes (..., N), uint16 (..., count): of 16 bits or packed bit by bit."""
        if self.bits == 16:
            return np.array(rows.view(f"{self.directory.order}u2"), np.uint16)
        if self.bits == 8:
            return rows.astype(np.uint16)
        lines = rows.reshape(-1, rows.shape[-1])
        unpacked, bit = np.empty((len(lines), count), np.uint16), np.arange(count) * self.bits
        step = max(1, AT_ONCE // count)
        for top in range(0, len(lines), step):
            packed = np.pad(lines[top : top + step], ((0, 0), (0, 2))).astype(np.uint32)
            three = packed[:, :-2] << 16 | packed[:, 1:-1] << 8 | packed[:, 2:]
            shifted = three[:, bit >> 3] >> (24 - self.bits - (bit & 7)).astype(np.uint32)
            unpacked[top : top + step] = shifted & ((1 << self.bits) - 1)
        return unpacked

    def _of_bytes(self, data: bytes, row: int, across: int, plane: int, planes: int) -> bytes:
        """The file with another directory: a gray picture of 8 bits, of the bytes of one plane."""
        folder: Folder = {}
        order, numbers = self.directory.order, self.directory.numbers

        def put(tag: int, *values: int) -> None:
            folder[tag] = Entry(LONG, len(values), np.array(values, f"{order}u4").tobytes())

        def put_share(tag: int) -> None:
            if values := numbers(tag):
                share = len(values) // planes
                put(tag, *values[plane * share : (plane + 1) * share])

        put(WIDTH, across * row)
        put(HEIGHT, self.height)
        for tag, value in {BITS: 8, PHOTOMETRIC: BLACK_IS_ZERO, SAMPLES: 1}.items():
            folder[tag] = _short(value, order)
        folder[COMPRESSION] = _short(self.directory.number(COMPRESSION, 1), order)
        folder[FILL_ORDER] = _short(self.directory.number(FILL_ORDER, 1), order)
        if numbers(TILE_OFFSETS):
            put(TILE_WIDTH, row)
            put(TILE_HEIGHT, self.directory.number(TILE_HEIGHT))
            put_share(TILE_OFFSETS)
            put_share(TILE_COUNTS)
        else:
            put(STRIP_ROWS, min(self.height, self.directory.number(STRIP_ROWS, self.height)))
            put_share(OFFSETS)
            put_share(COUNTS)
        return with_directory(data, folder, order)


def _short(value: int, order: str) -> Entry:
    return Entry(SHORT, 1, np.array(value, f"{order}u2").tobytes())


def _divide(samples: npt.NDArray[Any], channels: int, to: int) -> None:
    """Divide what was multiplied by transparency by it, and scale it up to `to`."""
    alpha = samples[..., channels].astype(np.float32) / np.float32(to)
    for number in range(channels):
        divided = np.divide(samples[..., number], alpha, where=alpha > 0, out=np.zeros_like(alpha))
        samples[..., number] = np.rint(divided).clip(0, to)
