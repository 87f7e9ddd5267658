"""Look at a TIFF: where its picture is, and how Pillow or `TiffLayout` is to read it."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace
from typing import NamedTuple

from PIL import UnidentifiedImageError

from colorgan.errors import ImageError
from colorgan.photo import metadata
from colorgan.photo.coded import Coded
from colorgan.photo.damage import PictureError
from colorgan.photo.icc import fitting
from colorgan.photo.ifd import LONG8, SHORT, Block, Directory, Entry, Folder, whole_numbers, with_directory
from colorgan.photo.metadata import Metadata
from colorgan.photo.pillow import check_size, open_picture, opening
from colorgan.photo.tiff_bands import Bands
from colorgan.photo.tiff_codecs import open_coded_tiff
from colorgan.photo.tiff_pages import copy_page, pictures_of, reductions_of
from colorgan.photo.tiff_pixels import (
    COMPRESSION,
    COUNTS,
    DEPTH,
    OFFSETS,
    PLANAR,
    TILE_COUNTS,
    TILE_OFFSETS,
    TILE_WIDTH,
    YCC,
    TiffLayout,
)
from colorgan.storage.file_bytes import Bytes, FileBytes
from colorgan.storage.paths import AnyPath

TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
UNTURNED = metadata.OF_LAYOUT - {metadata.ORIENTATION}
DEFLATE = 8


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
        directory = _with_tiles(pages[page])
        layout, reductions = TiffLayout.of(directory), reductions_of(block, pages, page)
    if (depth := directory.number(DEPTH, 1)) > 1:
        reason = f"is a volume of {depth} planes one behind the other (tag ImageDepth)"
        raise ImageError(path, f"{reason}; save them as pages, or one of them as an image")
    with opening(path):
        bands = Bands.of(data, layout) if isinstance(data, FileBytes) else None
        if isinstance(data, FileBytes) and not bands:
            copied = io.BytesIO()
            copy_page(data, block, directory, copied)
            facts = open_tiff(path, copied.getvalue(), max_pixels)
            return facts._replace(reductions=reductions, pages=_several(pictures, number))
        described = metadata.of_tiff(block, directory)
        if layout.further:
            described = replace(described, besides=(*described.besides, "further channels"))
        picture = b"" if isinstance(data, FileBytes) else data
        coded = None if bands else open_coded_tiff(picture, block, directory, layout, described)
    size = (layout.width, layout.height)
    check_size(path, size, max_pixels)
    if (there := layout.rows_there) < layout.height:
        raise ImageError(
            path,
            f"is cut short: {there:,} of its {layout.height:,} rows are there; take it from a backup",
        )
    found = directory.number(metadata.ORIENTATION)
    orientation = found if found in range(1, 9) else described.orientation
    by_pillow = not (layout.is_read_here or coded)
    if by_pillow and not bands and (page or orientation != 1 or _is_not_for_pillow(block, pages[page])):
        with opening(path):
            picture, page = _alone(picture, block, directory), 0
    if coded:
        mode = coded.mode
    elif by_pillow:
        mode = _mode(path, *((bands.file(0), 0) if bands else (picture, page)), layout)
    elif reason := layout.refuse():
        raise ImageError(path, reason)
    else:
        mode = {1: "I;16" if layout.is_deep else "L", 3: "RGB", 4: "CMYK"}[layout.channels]
    profile = fitting(path, described.icc, mode)
    deep = layout if layout.is_read_here and not coded else None
    several = _several(pictures, number)
    facts = TiffFacts(
        picture, "TIFF", mode, size, described, orientation, profile, page, deep, several, reductions
    )
    return facts._replace(coded=coded, bands=bands)


def _several(pictures: list[int], number: int | None) -> tuple[int, ...]:
    return tuple(pictures) if len(pictures) > 1 and number is None else ()


def _mode(path: AnyPath, picture: bytes, page: int, layout: TiffLayout) -> str:
    """Pillow's, of a picture that it reads; raises ImageError."""
    with opening(path):
        try:
            return open_picture(picture, page).mode
        except (UnidentifiedImageError, KeyError) as error:
            compression = layout.directory.number(COMPRESSION, 1)
            what = f"{layout.samples} samples of {layout.bits} bits a pixel"
            kind = f"photometric interpretation {layout.photometric} and compression {compression}"
            raise ImageError(path, f"has {what}, {kind}, which are not read; save it as RGB") from error


def _with_tiles(page: Directory) -> Directory:
    """A page with its tiles under their tags: old programs have them under those of strips."""
    if TILE_WIDTH not in page.entries or TILE_OFFSETS in page.entries:
        return page
    renamed = {OFFSETS: TILE_OFFSETS, COUNTS: TILE_COUNTS}
    return replace(page, entries={renamed.get(tag, tag): entry for tag, entry in page.entries.items()})


def _is_plain_ycc(page: Directory) -> bool:
    layout = TiffLayout.of(page)
    return layout.photometric == YCC and layout.samples == 3 and page.number(COMPRESSION, 1) == 1


def _is_not_for_pillow(block: Block, page: Directory) -> bool:
    """Whether a page must be written anew for Pillow, which would turn it besides when it is loaded."""
    return (
        metadata.XMP in page.entries  # it fails where that has a type of its own
        or _with_tiles(page) is not page
        or _is_plain_ycc(page)
        or (block.is_big and block.order == ">")
    )


def _alone(data: bytes, block: Block, page: Directory) -> bytes:
    """A file of this page alone, as stored, in a form that Pillow and libtiff read.

    Of a later directory that libtiff cannot read, Pillow gives black. It knows nothing of how plain YCbCr is
    subsampled, but libtiff does, which it leaves compressed parts to.
    """
    folder: Folder = {tag: value for tag, value in page.entries.items() if tag in UNTURNED}
    is_big = block.is_big and block.order == "<"
    if is_big != block.is_big:
        for tag, entry in page.entries.items():
            if tag in folder and entry.type == LONG8:
                folder[tag] = whole_numbers(page.numbers(tag), block.order)
    if _is_plain_ycc(page) and page.number(PLANAR, 1) == 1:
        folder[COMPRESSION] = Entry(SHORT, 1, struct.pack(block.order + "H", DEFLATE))
        for offsets, counts in ((OFFSETS, COUNTS), (TILE_OFFSETS, TILE_COUNTS)):
            starts, lengths = page.numbers(offsets), page.numbers(counts)
            if len(starts) != len(lengths):
                raise PictureError("its parts are not all there")
            parts = [
                zlib.compress(data[start : start + size], 1)
                for start, size in zip(starts, lengths, strict=True)
            ]
            if parts:
                sizes = [len(part) for part in parts]
                places = [len(data) + sum(sizes[:number]) for number in range(len(sizes))]
                folder[offsets] = whole_numbers(places, block.order, is_big)
                folder[counts] = whole_numbers(sizes, block.order, is_big)
                data += b"".join(parts)
    return with_directory(data, folder, block.order, is_big)
