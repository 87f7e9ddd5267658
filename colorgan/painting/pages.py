"""Color a TIFF of several pages, page by page."""

from __future__ import annotations

from dataclasses import replace

from colorgan.batch.engine import Predict
from colorgan.batch.outcome import How, Status
from colorgan.batch.timing import StageTimes
from colorgan.corrections.correction import Correction
from colorgan.errors import ImageError
from colorgan.painting.colored import Colored
from colorgan.painting.painter import Painted, Painter
from colorgan.photo.ifd import Block
from colorgan.photo.image import Photo
from colorgan.photo.pillow import DECODE_ERRORS
from colorgan.photo.tiff_pages import copy_page, join_pages


def paint(
    painter: Painter, photo: Photo, correction: Correction, times: StageTimes, predict: Predict | None = None
) -> Painted:
    """Do what `Painter.paint` does, for each page if the photograph has several.

    A page in color already is copied as it is. If all are, the file is copied or left out as a whole. Raises
    ImageError, which names the page.
    """
    if not photo.pages or correction.skip:
        return painter.paint(photo, correction, times, predict)
    config = painter.config
    number = len(photo.pages)
    pages = replace(painter, signer=None)  # joining would break the signatures of pages
    if config.format not in ("keep", "tiff"):
        raise ImageError(
            photo.path, f"holds {number} pages, for which {config.format} has no place; choose tiff or keep"
        )
    files, notes, left_out, copied = list[bytes](), list[str](), list[str](), 0
    first: Painted | None = None
    for at, place in enumerate(photo.pages, start=1):
        try:
            page = photo.of_page(place, config.max_pixels)
            painted = pages.paint(page, correction, times, predict)
            colored = painted.colored
            is_copied = colored.status is not Status.COLORED
            files.append(_copied(photo, place) if is_copied else colored.data)
        except ImageError as error:
            raise ImageError(photo.path, f"page {at} of {number} {error.reason}") from error
        first, copied = first or painted, copied + is_copied
        notes += [f"page {at}: {colored.note}"] if colored.note else []
        left_out += colored.left_out
    assert first is not None
    lost, note = tuple(dict.fromkeys(left_out)), "; ".join(notes)
    if copied < number:
        data = join_pages(files)
        unsigned = "it is not signed: it has several pages" if painter.signer else ""
        note = "; ".join(filter(None, (note, unsigned)))
        whole = Colored(data, "TIFF", Status.COLORED, How.ENCODED, note, lost, number, copied)
        return first._replace(colored=whole)
    is_skipped = config.if_color == "skip"
    status, how = (Status.SKIPPED, How.NOT_WRITTEN) if is_skipped else (Status.COPIED, How.COPIED)
    data = b"" if is_skipped else photo.data
    return first._replace(colored=Colored(data, "TIFF", status, how, note, (), number, copied))


def _copied(photo: Photo, place: int) -> bytes:
    try:
        block = Block.parse(photo.data)
        return copy_page(photo.data, block, list(block.directories())[place])
    except DECODE_ERRORS as error:
        raise ImageError(photo.path, f"cannot be copied ({error})") from error
