"""Photographs from wherever a program has them: files, bytes, file objects, Pillow images and arrays."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from colorgan.config import MAX_PIXELS
from colorgan.errors import ImageError, reason_of
from colorgan.photo import png
from colorgan.photo.damage import damage
from colorgan.photo.image import Photo
from colorgan.photo.metadata import OF_LAYOUT, PNG_XMP
from colorgan.photo.pillow import DECODE_ERRORS, NAMELESS
from colorgan.storage.paths import locate


class Readable(Protocol):
    """A file object."""

    def read(self) -> bytes:
        """All of its bytes."""
        ...


Source = str | PurePath | bytes | Readable | Image.Image | npt.NDArray[Any]
"""A path or URL, the bytes of a file, a file object, a Pillow image, or an array. An array is uint8 or uint16
of shape (H, W) or (H, W, 1 to 4): gray, gray with transparency, RGB, RGB with transparency."""

IN_PNG = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
KEPT_INFO = ("dpi", "exif", "icc_profile", "transparency")


def photo_of(source: Source, max_pixels: int = MAX_PIXELS, *, pages: bool = False) -> Photo:
    """Read a photograph; raises ImageError for what is none, or has several pages unless `pages` is set."""
    if isinstance(source, str | PurePath):
        return Photo.read(locate(source), max_pixels, pages=pages)
    if isinstance(source, Image.Image):
        path = Path(getattr(source, "filename", "") or NAMELESS)
        return replace(Photo.of(path, _png_of(source, path), max_pixels), is_file=False)
    if isinstance(source, np.ndarray):
        return replace(Photo.of(NAMELESS, _png_of_array(source), max_pixels), is_file=False)
    if isinstance(source, bytes | bytearray | memoryview):
        return Photo.of(NAMELESS, bytes(source), max_pixels, pages=pages)
    if not hasattr(source, "read"):
        raise ImageError(NAMELESS, f"is of the type {type(source).__name__}; give a path, bytes or an image")
    name = getattr(source, "name", "")
    path = Path(name) if isinstance(name, str) and name else NAMELESS
    try:
        data = source.read()
    except (OSError, ValueError) as error:
        raise ImageError(path, f"cannot be read ({reason_of(error)})") from error
    if not isinstance(data, bytes):
        raise ImageError(path, "is opened as text; open it in binary mode")
    return Photo.of(path, data, max_pixels, pages=pages)


def _png_of(image: Image.Image, path: Path) -> bytes:
    """The file of an image, with what it says of the picture."""
    if not image.width or not image.height:
        raise ImageError(path, f"has {image.width} x {image.height} pixels; it must have some")
    try:
        image.load()
        info: dict[str, Any] = {key: image.info[key] for key in KEPT_INFO if image.info.get(key) is not None}
        if "exif" not in info:
            found, described = image.getexif(), Image.Exif()
            for tag in found.keys() - (OF_LAYOUT if image.format == "TIFF" else ()):
                described[tag] = found[tag]
            info |= {"exif": described.tobytes()} if described else {}
        texts, xmp = PngInfo(), image.info.get("xmp")
        if xmp:
            texts.add_itxt(PNG_XMP.decode(), xmp.decode() if isinstance(xmp, bytes) else xmp)
        plain = image if image.mode in IN_PNG else _plain(image, path)
        if plain.mode not in ("L", "RGB", "P", "1", "I;16"):
            info.pop("transparency", None)
        buffer = io.BytesIO()
        plain.save(buffer, "PNG", compress_level=0, pnginfo=texts, **info)
    except DECODE_ERRORS as error:
        raise ImageError(path, f"cannot be read ({damage(error)})") from error
    return buffer.getvalue()


def _plain(image: Image.Image, path: Path) -> Image.Image:
    """An image of a mode that PNG does not have, in one that it has."""
    if image.mode in ("La", "RGBa"):
        return image.convert(image.mode[:-1] + "A")
    if image.mode in ("I;16B", "I;16L", "I;16N"):
        return Image.fromarray(np.asarray(image).astype(np.uint16))
    if image.mode == "PA":
        return image.convert("RGBA")
    if image.mode in ("F", "I"):
        raise ImageError(path, f"has pixels of mode {image.mode}; give 8 or 16 bits a channel")
    return image.convert("RGB")


def _png_of_array(array: npt.NDArray[Any]) -> bytes:
    if array.dtype == bool:
        array = array * np.uint8(255)
    gray_or_color = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in range(1, 5))
    if array.dtype not in (np.uint8, np.uint16) or not gray_or_color or not array.size:
        shape = " x ".join(map(str, array.shape)) or "no"
        reason = f"is an array of {shape} {array.dtype}; give uint8 or uint16 of (H, W) or (H, W, 1 to 4)"
        raise ImageError(NAMELESS, reason)
    return png.encode_png(array)
