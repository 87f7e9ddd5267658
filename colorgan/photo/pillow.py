"""Pillow as this package uses it: its errors, its limits, and how a file is opened."""

from __future__ import annotations

import ctypes
import io
import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from PIL import Image, UnidentifiedImageError

from colorgan.config import MAX_PIXELS
from colorgan.errors import ImageError, NotAnImageError, TooManyPixelsError
from colorgan.photo.damage import PictureError, damage
from colorgan.photo.extra import MissingError
from colorgan.storage.paths import AnyPath

DECODE_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    ArithmeticError,
    LookupError,
    TypeError,
    EOFError,
    MemoryError,
    RuntimeError,
    AssertionError,
    struct.error,
)
"""What Pillow raises for damaged files, depending on the format and the damage."""


NAMELESS = Path("photograph")
"""Stands in messages for the name of a picture that is no file's."""


class UnreadError(PictureError):
    """A file is a picture of a kind that is not read; the message names it, as in "is a PDF file"."""


READ = (
    *("JPEG", "PNG", "BMP", "DIB", "GIF", "PPM"),  # first, as Pillow loads the others only when it gets there
    *("TIFF", "WEBP", "ICO", "PCX", "SGI", "JPEG2000", "AVIF", "TGA"),  # last, as its files have no signature
)
"""Formats that are read, whatever a file is called; not PostScript, which Pillow gives to Ghostscript."""


MARKS = {
    b"\xff\xd8\xff": "a JPEG",
    b"\x89PNG": "a PNG",
    b"GIF8": "a GIF",
    b"WEBP": "a WebP",
    b"jP  ": "a JPEG 2000",
    b"\xff\x4f\xff\x51": "a JPEG 2000",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
}
"""What is among the first bytes of files."""

KEPT_BLOCKS = 8
"""Of memory, that Pillow keeps."""


class _NoLimit:
    """While it is entered, by any number of threads, Pillow's limit of pixels does not count.

    That limit, 178 megapixels, is one of the process, and is put back. Whoever opens a file compares its size
    with a limit of his own.
    """

    def __init__(self) -> None:
        self._lock, self._users = Lock(), 0
        self._limit: int | None = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._users:
                self._limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                Image.MAX_IMAGE_PIXELS = self._limit


NO_LIMIT = _NoLimit()


def prepare_pillow() -> None:
    """Set what holds for a whole process: for programs of ours, not for those that import us."""
    warnings.filterwarnings("ignore", module="PIL")  # about damage that it can read past
    # Blocks of 16 MB that are kept for the next picture: the system takes long to give empty memory.
    vars(Image)["core"].set_blocks_max(KEPT_BLOCKS)
    logging.getLogger("tifffile").addHandler(logging.NullHandler())  # else Python prints what it notes
    with suppress(OSError, AttributeError):  # the libtiff of Pillow, where its names can be seen
        ctypes.CDLL(vars(Image)["core"].__file__).TIFFSetErrorHandler(None)  # it prints what Pillow raises


def open_picture(data: bytes, page: int = 0) -> Image.Image:
    """Open a file of any size."""
    with NO_LIMIT:
        image = Image.open(io.BytesIO(data), formats=READ)
        if page:
            image.seek(page)
    return image


def load(image: Image.Image) -> Image.Image:
    """Decode an image of any size."""
    with NO_LIMIT:
        image.load()
    return image


@contextmanager
def opening(path: AnyPath, data: bytes = b"") -> Iterator[None]:
    """Turn what goes wrong while a header is read into ImageError; the file's bytes tell what it seems."""
    try:
        yield
    except MissingError as error:
        raise ImageError(path, str(error)) from error
    except UnidentifiedImageError as error:
        raise NotAnImageError(path, f"is not {_named(data)} that can be read") from error
    except UnreadError as error:
        raise NotAnImageError(path, f"{error}, which is not read; save it as TIFF or PNG") from error
    except DECODE_ERRORS as error:
        raise ImageError(path, f"cannot be opened ({damage(error)})") from error


def _named(data: bytes) -> str:
    """What a file seems to be by its first bytes, in words."""
    if data[4:8] == b"ftyp":
        return "an AVIF" if b"avif" in data[8:32] else "a HEIF"
    return next((name for mark, name in MARKS.items() if mark in data[:12]), "an image")


def open_image(path: AnyPath, data: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Open an image file of these bytes and read its header; pixels are decoded later."""
    if not data:
        raise ImageError(path, "is empty (0 bytes)")
    with opening(path, data):
        image = open_picture(data)
    check_size(path, image.size, max_pixels)
    return image


def check_size(path: AnyPath, size: tuple[int, int], max_pixels: int) -> None:
    """Raise ImageError for a picture without pixels, or with too many."""
    width, height = size
    if not width or not height:
        raise ImageError(path, f"has {width} x {height} pixels; it must have some")
    if width * height > max_pixels:
        pixels = f"{width} x {height} pixels, more than {max_pixels:,}"
        raise TooManyPixelsError(path, f"has {pixels}; --max-pixels allows for more")


def frames_of(path: AnyPath, image: Image.Image) -> int:
    """Pictures in a file; raises ImageError."""
    try:
        return int(getattr(image, "n_frames", 1))
    except DECODE_ERRORS as error:
        raise ImageError(path, f"cannot be read ({damage(error)})") from error


def is_ycc(image: Image.Image) -> bool:
    """Whether libjpeg takes three components for luma and chroma, as it does without a word about them."""
    if image.mode != "RGB":
        return False
    transform = image.info.get("adobe_transform")
    names = bytes(component[0] for component in getattr(image, "layer", ()))
    return "jfif" in image.info or (names != b"RGB" if transform is None else transform == 1)
