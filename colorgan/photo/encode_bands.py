"""Write the result of a scan that is too large for memory, some rows at a time: a TIFF."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import numpy as np

from colorgan.errors import ImageError
from colorgan.photo.color import STRIP, Fitting, Planes, merge_strip
from colorgan.photo.damage import unwritten
from colorgan.photo.describe import for_tiff
from colorgan.photo.encode import Result, notes_on, reductions_of
from colorgan.photo.image import Photo
from colorgan.photo.left_out import left_out
from colorgan.photo.pillow import DECODE_ERRORS
from colorgan.photo.scan import strips_as_seen
from colorgan.photo.tiff import TiffWriter
from colorgan.photo.tiff_bands import Bands
from colorgan.photo.verify import check_strips
from colorgan.photo.xmp import Credit
from colorgan.storage.file_bytes import FileBytes


def encode_bands(
    photo: Photo,
    bands: Bands,
    chroma: Planes,
    credit: Credit,
    guide: Planes | None,
    file: IO[bytes],
    folder: Path | None,
) -> Result:
    """Do for a TIFF by its bands what `encode_result` does: the same bytes, but in this file, empty now.

    The folder is for a temporary file, which turns what lies on its side. What is written is decoded again
    and compared. Raises ImageError, or OSError if the disk is full.
    """
    width, height = photo.size
    fitting, writer, top = Fitting((height, width), chroma, 1, guide), None, 0
    for rows in strips_as_seen(photo, bands, folder):
        merged = merge_strip(np.ascontiguousarray(rows[..., 0]), top, fitting)
        if rows.shape[2] > 1:
            merged = np.dstack([merged, rows[..., 1]])
        if writer is None:
            order, tags = for_tiff(photo, credit, merged.dtype == np.uint16)
            shape = (height, width, merged.shape[2])
            writer = TiffWriter(file, shape, merged.dtype, order, reductions_of(photo))
        writer.add(merged)
        top += STRIP
    assert writer is not None
    try:
        writer.close(tags)
    except DECODE_ERRORS as error:
        if isinstance(error, OSError):
            raise
        raise ImageError(photo.path, f"cannot be written as TIFF ({unwritten(error, photo.size)})") from error
    check_strips(photo.path, FileBytes(file), writer.picture.checks)
    lost = left_out(photo, "TIFF")
    return Result(b"", "TIFF", kept_luma=False, notes=notes_on(photo), left_out=lost)
