"""Look at a TIFF: where its picture is, and how Pillow or `TiffLayout` is to read it."""

from __future__ import annotations

from typing import NamedTuple

from colorgan.errors import ImageError
from colorgan.photo import metadata
from colorgan.photo.coded import Coded
from colorgan.photo.icc import fitting
from colorgan.photo.ifd import Block, Folder, with_directory
from colorgan.photo.metadata import Metadata
from colorgan.photo.pillow import check_size, open_picture, opening
from colorgan.photo.tiff_codecs import open_coded_tiff
from colorgan.photo.tiff_pages import pictures_of, reductions_of
from colorgan.photo.tiff_pixels import TiffLayout
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
    coded: Coded | None


def open_tiff(path: AnyPath, data: bytes, max_pixels: int, number: int | None = None) -> TiffFacts:
    """The facts of a file, which `path` names in messages, or of one of its directories; raises ImageError.

    Without a number, it is the first directory that is a picture.
    """
    with opening(path):
        block = Block.parse(data)
        pages = list(block.directories())
        pictures = pictures_of(pages)
        page = pictures[0] if number is None else number
        layout, reductions = TiffLayout.of(pages[page]), reductions_of(block, pages, page)
        described = metadata.of_tiff(block, pages[page])
        coded = open_coded_tiff(data, block, pages[page], layout, described)
    size = (layout.width, layout.height)
    if coded:
        mode = coded.mode
    elif not layout.is_deep:
        with opening(path):
            mode = open_picture(data, page).mode
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
    profile = fitting(described.icc, mode)
    picture, deep = data, layout if layout.is_deep and not coded else None
    if not (deep or coded) and (page or orientation != 1 or metadata.XMP in pages[page].entries):
        # Pillow would turn it when it is loaded, fail where XMP has a type of its own, and give black for a
        # later directory that libtiff cannot read.
        folder: Folder = {tag: value for tag, value in pages[page].entries.items() if tag in UNTURNED}
        picture, page = with_directory(data, folder, block.order, block.is_big), 0
    several = tuple(pictures) if len(pictures) > 1 and number is None else ()
    return TiffFacts(
        picture, "TIFF", mode, size, described, orientation, profile, page, deep, several, reductions, coded
    )
