"""Look at a TIFF: where its picture is, and how Pillow or `TiffLayout` is to read it."""

from __future__ import annotations

import io
from typing import NamedTuple

from colorgan.errors import ImageError
from colorgan.photo import metadata
from colorgan.photo.coded import Coded
from colorgan.photo.icc import fitting
from colorgan.photo.ifd import Block, Folder, with_directory
from colorgan.photo.metadata import Metadata
from colorgan.photo.pillow import check_size, open_picture, opening
from colorgan.photo.tiff_bands import Bands
from colorgan.photo.tiff_codecs import open_coded_tiff
from colorgan.photo.tiff_pages import copy_page, pictures_of, reductions_of
from colorgan.photo.tiff_pixels import TiffLayout
from colorgan.storage.file_bytes import Bytes, FileBytes
from colorgan.storage.paths import AnyPath

TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
UNTURNED = metadata.OF_LAYOUT - {metadata.ORIENTATION}


class TiffFacts(NamedTuple):
    """What a `Photo` knows of a TIFF."""

    picture: bytes
    format: str
    mode: str
    stored_size: tuple[int, int]
    metadata: Metadata
    orientation: int
    profile: bytes
    page: int
    tiff: TiffLayout | None
    pages: tuple[int, ...]
    reductions: tuple[tuple[int, int], ...]
    coded: Coded | None = None
    bands: Bands | None = None


def open_tiff(path: AnyPath, data: Bytes, max_pixels: int, number: int | None = None) -> TiffFacts:
    """The facts of a file, which `path` names in messages, or of one of its directories; raises ImageError.

    Without a number, it is the first directory that is a picture. A page that cannot be read by bands from a
    file which is not in memory is taken there.
    """
    with opening(path):
        block = Block.parse(data)
        pages = list(block.directories())
        pictures = pictures_of(pages)
        page = pictures[0] if number is None else number
        layout, reductions = TiffLayout.of(pages[page]), reductions_of(block, pages, page)
        bands = Bands.of(data, layout) if isinstance(data, FileBytes) else None
        if isinstance(data, FileBytes) and not bands:
            copied = io.BytesIO()
            copy_page(data, block, pages[page], copied)
            facts = open_tiff(path, copied.getvalue(), max_pixels)
            return facts._replace(reductions=reductions, pages=_several(pictures, number))
        described = metadata.of_tiff(block, pages[page])
        picture = b"" if isinstance(data, FileBytes) else data
        coded = None if bands else open_coded_tiff(picture, block, pages[page], layout, described)
    size = (layout.width, layout.height)
    if coded:
        mode = coded.mode
    elif not layout.is_deep:
        with opening(path):
            mode = open_picture(bands.file(0)).mode if bands else open_picture(picture, page).mode
    elif reason := layout.refuse():
        raise ImageError(path, reason)
    else:
        mode = {1: "I;16", 3: "RGB", 4: "CMYK"}[layout.channels]
    check_size(path, size, max_pixels)
    if (there := layout.rows_there) < layout.height:
        raise ImageError(
            path,
            f"is cut short: {there:,} of its {layout.height:,} rows are there; take it from a backup",
        )
    found = pages[page].number(metadata.ORIENTATION)
    orientation = found if found in range(1, 9) else described.orientation
    profile = fitting(path, described.icc, mode)
    deep = layout if layout.is_deep and not coded else None
    if not (bands or deep or coded) and (page or orientation != 1 or metadata.XMP in pages[page].entries):
        # Pillow would turn it when it is loaded, fail where XMP has a type of its own, and give black for a
        # later directory that libtiff cannot read.
        folder: Folder = {tag: value for tag, value in pages[page].entries.items() if tag in UNTURNED}
        picture, page = with_directory(picture, folder, block.order, block.is_big), 0
    several = _several(pictures, number)
    facts = TiffFacts(
        picture, "TIFF", mode, size, described, orientation, profile, page, deep, several, reductions
    )
    return facts._replace(coded=coded, bands=bands)


def _several(pictures: list[int], number: int | None) -> tuple[int, ...]:
    return tuple(pictures) if len(pictures) > 1 and number is None else ()
