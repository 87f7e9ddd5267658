"""A scan too large for memory, from the top down, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from colorgan.errors import ImageError
from colorgan.photo.color import STRIP, deep_luma_of
from colorgan.photo.icc import is_for_gray, rgb_from_gray
from colorgan.photo.ifd import Block
from colorgan.photo.orientation import SIDEWAYS, upright_plane
from colorgan.photo.pixels import Pixels, as_deep
from colorgan.photo.tiff_pixels import TiffLayout

if TYPE_CHECKING:
    from colorgan.photo.image import Photo
    from colorgan.photo.tiff_bands import Bands

Rows = npt.NDArray[Any]
"""Rows of a picture, uint8 or uint16 (rows, W, N)."""
BOTTOM_UP = (3, 4)
"""Orientations whose last row is seen first."""
FROM_THE_RIGHT = (6, 7)
"""Those whose first row is the column at the right."""
GAP = 3.0
"""How much larger than asked for a picture is before its last reduction, as of `Image.resize`."""


def pixels_by_bands(photo: Photo, bands: Bands, *, bottom_up: bool = False) -> Iterator[tuple[int, Pixels]]:
    """What `Pixels.of` gives, as stored, for one band after the other, with the number of its first row.

    Raises ImageError.
    """
    tops = range(0, bands.layout.height, bands.rows)
    for top in reversed(tops) if bottom_up else tops:
        try:
            file = bands.file(top)
        except OSError as error:
            raise ImageError(photo.path, f"cannot be read ({error.strerror})") from error
        layout = TiffLayout.of(next(Block.parse(file).directories()))
        size, tiff = (layout.width, layout.height), layout if photo.tiff else None
        yield top, Pixels.of(replace(photo, picture=file, page=0, tiff=tiff, stored_size=size, bands=None))


def reduced_as_stored(photo: Photo, bands: Bands, width: int, height: int) -> Image.Image:
    """The picture scaled to this size, pixel by pixel what Pillow makes of the whole: mode L or YCbCr."""
    full = (bands.layout.width, bands.layout.height)
    factors = (int(full[0] / width / GAP) or 1, int(full[1] / height / GAP) or 1)
    size = (-(-full[0] // factors[0]), -(-full[1] // factors[1]))
    whole: Image.Image | None = None
    waiting: Image.Image | None = None
    place = 0
    for top, pixels in pixels_by_bands(photo, bands):
        image = pixels.image if pixels.image.mode in ("L", "YCbCr") else pixels.image.convert("YCbCr")
        whole = Image.new(image.mode, size) if whole is None else whole
        image = _below(waiting, image)
        is_last = top + bands.rows >= full[1]
        taken = image.height if is_last else image.height // factors[1] * factors[1]
        if taken:
            part = image.crop((0, 0, image.width, taken)).reduce(factors)
            whole.paste(part, (0, place))
            place += part.height
        waiting = image.crop((0, taken, image.width, image.height)) if taken < image.height else None
    assert whole is not None
    box = (0, 0, full[0] / factors[0], full[1] / factors[1])
    return whole.resize((width, height), Image.Resampling.BICUBIC, box)


def _below(first: Image.Image | None, second: Image.Image) -> Image.Image:
    """One image with another below it."""
    if first is None:
        return second
    both = Image.new(second.mode, (second.width, first.height + second.height))
    both.paste(first, (0, 0))
    both.paste(second, (0, first.height))
    return both


def has_deep_luma(photo: Photo) -> bool:
    """Whether all bits of the luma can be kept, as `Photo.deep_luma` does: the file has more than 8."""
    lost = photo.profile and is_for_gray(photo.profile) and rgb_from_gray(photo.profile) is None
    return photo.tiff is not None and photo.tiff.is_deep and not lost


def strips_as_seen(photo: Photo, bands: Bands, folder: Path | None) -> Iterator[Rows]:
    """Luma, and transparency if there is any, as seen, STRIP rows at a time: (rows, W, 1 or 2).

    They are uint16 if the luma has more than 8 bits. What lies on its side is turned in a temporary file in
    the folder.
    """
    deep = has_deep_luma(photo)
    found = pixels_by_bands(photo, bands, bottom_up=photo.orientation in BOTTOM_UP)
    parts = (_seen(pixels, photo.orientation, deep) for _, pixels in found)
    if photo.orientation in SIDEWAYS:
        yield from _turned(parts, photo, folder)
    else:
        yield from in_strips(parts, STRIP)


def _seen(pixels: Pixels, orientation: int, deep: bool) -> Rows:
    """Luma and transparency of a band, turned."""
    luma: Rows
    if deep:
        assert pixels.deep is not None
        luma = pixels.deep if pixels.deep.ndim == 2 else deep_luma_of(pixels.deep)
    else:
        luma = np.asarray(pixels.image.convert("L"))
    planes = [luma] if pixels.alpha is None else [luma, as_deep(pixels.alpha, deep)]
    return np.dstack([upright_plane(plane, orientation) for plane in planes])


def in_strips(parts: Iterable[Rows], rows: int) -> Iterator[Rows]:
    """The same rows in arrays of so many, but for the last one."""
    waiting = list[Rows]()
    for part in parts:
        waiting.append(part)
        if sum(map(len, waiting)) >= rows:
            joined = np.concatenate(waiting)
            whole = len(joined) // rows * rows
            for top in range(0, whole, rows):
                yield joined[top : top + rows]
            waiting = [joined[whole:]] if whole < len(joined) else []
    if waiting:
        yield np.concatenate(waiting)


def _turned(parts: Iterator[Rows], photo: Photo, folder: Path | None) -> Iterator[Rows]:
    """Strips of a picture whose bands are columns of it as seen: each is a block in a temporary file."""
    blocks = list[tuple[int, Rows]]()  # where each is, and a row of it
    with TemporaryFile(dir=folder) as file:
        for part in parts:
            blocks.append((file.tell(), part[:1].copy()))
            file.write(np.ascontiguousarray(part).data)
        height = photo.size[1]
        for top in range(0, height, STRIP):
            rows, columns = min(STRIP, height - top), list[Rows]()
            for place, row in reversed(blocks) if photo.orientation in FROM_THE_RIGHT else blocks:
                file.seek(place + top * row.nbytes)
                read = np.frombuffer(file.read(rows * row.nbytes), row.dtype)
                columns.append(read.reshape(rows, *row.shape[1:]))
            yield np.concatenate(columns, axis=1)
