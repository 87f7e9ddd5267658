"""Files that Pillow does not read, or not with all of their bits: which library opens them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from colorgan.photo import avif, heic, jpeg, jpeg2000, jpeg_xl, png, pnm
from colorgan.photo.coded import Coded
from colorgan.photo.damage import PictureError
from colorgan.photo.metadata import of_jpeg
from colorgan.photo.pillow import DECODE_ERRORS, UnreadError, load, open_picture

SGI = b"\x01\xda"
UNREAD = {
    b"8BPS": "Photoshop",
    b"II\xbc": "JPEG XR",
    b"v/1\x01": "OpenEXR",
    b"#?RADIANCE": "Radiance HDR",
    b"#?RGBE": "Radiance HDR",
    b"qoif": "QOI",
    b"DDS ": "DDS",
    b"icns": "ICNS",
    b"gimp xcf": "GIMP",
    b"AT&TFORM": "DjVu",
    b"%PDF-": "PDF",
    b"%!PS": "PostScript",
    b"SIMPLE  =": "FITS",
    b"BPG\xfb": "BPG",
    b"FLIF": "FLIF",
}
"""How files of other pictures begin, whatever they are called."""


def open_coded(data: bytes) -> Coded | None:
    """The picture in a file; None if Pillow reads all of it.

    Raises MissingError where a library of the extra is needed, ValueError that says what is wrong, or what
    the library raises.
    """
    if jpeg_xl.is_jpeg_xl(data):
        return jpeg_xl.open_jpeg_xl(data)
    if heic.is_heic(data):
        return heic.open_heic(data)
    if avif.is_avif(data):
        return avif.open_avif(data)
    if jpeg2000.is_jpeg2000(data):
        return jpeg2000.open_jpeg2000(data)
    if data.startswith(png.SIGNATURE):
        png.check_colors(data)
        return None
    if data.startswith(SGI) and data[3:4] == b"\2":
        raise PictureError("its samples have 16 bits, which is not read of SGI; save it as TIFF")
    if data.startswith(jpeg.SIGNATURE):
        if kind := jpeg.unusual(data):
            raise UnreadError(f"is a {kind}")
        return _lossless_jpeg(data) if jpeg.is_lossless(data) else None
    if kind := next((kind for beginning, kind in UNREAD.items() if data.startswith(beginning)), ""):
        raise UnreadError(f"is a {kind} file")
    return pnm.open_pnm(data)


def _lossless_jpeg(data: bytes) -> Coded:
    """One that Pillow decodes, but at no other size and to no other colors than its own."""
    with open_picture(data) as image:
        (width, height), channels = image.size, len(image.getbands())

    def read() -> npt.NDArray[Any]:
        with open_picture(data) as image:
            return np.asarray(load(image))

    return Coded("JPEG", width, height, channels, False, 8, of_jpeg(data), read)


def pixels_of_head(head: bytes) -> int:
    """Pixels of a picture that Pillow does not know, as the beginning of its file tells; 0: not known."""
    try:
        if jpeg_xl.is_jpeg_xl(head):
            return jpeg_xl.pixels_of_head(head)
        return heic.pixels_of_head(head) if heic.is_heic(head) else 0
    except DECODE_ERRORS:
        return 0
