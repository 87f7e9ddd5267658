"""Color a TIFF of several pages, page by page."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from tempfile import TemporaryFile
from typing import IO

from colorgan.batch.engine import Predict
from colorgan.batch.outcome import How, Status
from colorgan.batch.results import DISK_FULL
from colorgan.batch.timing import StageTimes
from colorgan.corrections.correction import Correction
from colorgan.errors import ImageError
from colorgan.painting.colored import Colored
from colorgan.painting.painter import Painted, Painter
from colorgan.photo.damage import damage
from colorgan.photo.ifd import LAYERS, Block
from colorgan.photo.image import Photo
from colorgan.photo.pillow import DECODE_ERRORS
from colorgan.photo.tiff import CLASSIC_LIMIT
from colorgan.photo.tiff_pages import PagesWriter, copy_page
from colorgan.photo.tiff_pixels import HEIGHT, WIDTH, TiffLayout
from colorgan.storage.file_bytes import Bytes, FileBytes


def paint(
    painter: Painter, photo: Photo, correction: Correction, times: StageTimes, predict: Predict | None = None
) -> Painted:
    """Do what `Painter.paint` does, for each page if the photograph has several.

    A page in color already is copied as it is. If all are, the file is copied or left out as a whole. Raises
    ImageError, which names the page.
    """
    if not photo.pages or correction.skip:
        painted = painter.paint(photo, correction, times, predict)
    else:
        painted = _paint_pages(painter, photo, correction, times, predict)
    if photo.source and photo.source.has_changed:
        raise ImageError(photo.path, "cannot be read (it changed while it was read)")
    return painted


def _paint_pages(
    painter: Painter, photo: Photo, correction: Correction, times: StageTimes, predict: Predict | None
) -> Painted:
    config, number = painter.config, len(photo.pages)
    if config.format not in ("keep", "tiff"):
        raise ImageError(
            photo.path, f"holds {number} pages, for which {config.format} has no place; choose tiff or keep"
        )
    notes, left_out, copied = list[str](), list[str](), 0
    first: Painted | None = None
    file = io.BytesIO() if painter.file is None else painter.file
    writer = PagesWriter(file, _bytes_of_result(photo) > CLASSIC_LIMIT)
    for at, place in enumerate(photo.pages, start=1):
        try:
            with _file_of_page(painter) as page_file:
                # Joining would break the signatures of pages.
                page_painter = replace(painter, signer=None, file=page_file if photo.source else None)
                page = photo.of_page(place, config.max_pixels)
                painted = page_painter.paint(page, correction, times, predict)
                colored = painted.colored
                if is_copied := colored.status is not Status.COLORED:
                    left_out += ["layers"] * _copy(photo, place, page_file)
                writer.add(_contents(page_file) if is_copied else colored.contents)
        except ImageError as error:
            raise ImageError(photo.path, f"page {at} of {number} {error.reason}") from error
        first, copied = first or painted, copied + is_copied
        notes += [f"page {at}: {colored.note}"] if colored.note else []
        left_out += colored.left_out
    assert first is not None
    lost, note = tuple(dict.fromkeys(left_out)), "; ".join(notes)
    if copied < number:
        unsigned = "it is not signed: it has several pages" if painter.signer else ""
        note = "; ".join(filter(None, (note, unsigned)))
        whole = Colored(b"", "TIFF", Status.COLORED, How.ENCODED, note, lost, number, copied)
        if isinstance(file, io.BytesIO):
            return first._replace(colored=replace(whole, data=file.getvalue()))
        return first._replace(colored=replace(whole, source=FileBytes(file)))
    is_skipped = config.if_color == "skip"
    status, how = (Status.SKIPPED, How.NOT_WRITTEN) if is_skipped else (Status.COPIED, How.COPIED)
    data, source = (b"", None) if is_skipped else (photo.data, photo.source)
    return first._replace(colored=Colored(data, "TIFF", status, how, note, (), number, copied, source))


def _bytes_of_result(photo: Photo) -> int:
    """The most that all pages may take."""
    pages = list(Block.parse(photo.contents).directories())
    pixels = sum(
        (8 if TiffLayout.of(pages[place]).is_deep else 4)
        * pages[place].number(WIDTH)
        * pages[place].number(HEIGHT)
        for place in photo.pages
    )
    return pixels + len(photo.contents)


@contextmanager
def _file_of_page(painter: Painter) -> Iterator[IO[bytes]]:
    """Where a page goes, until it is joined to the others."""
    if painter.file is None:
        yield io.BytesIO()
        return
    with TemporaryFile(dir=painter.folder) as file:
        yield file


def _contents(file: IO[bytes]) -> Bytes:
    return file.getvalue() if isinstance(file, io.BytesIO) else FileBytes(file)


def _copy(photo: Photo, place: int, file: IO[bytes]) -> bool:
    """Copy a page; whether it has layers that stayed behind."""
    try:
        block = Block.parse(photo.contents)
        page = list(block.directories())[place]
        copy_page(photo.contents, block, page, file)
    except DECODE_ERRORS as error:
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            raise
        raise ImageError(photo.path, f"cannot be copied ({damage(error)})") from error
    return LAYERS in page.entries and photo.source is not None
