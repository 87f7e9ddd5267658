"""Photographs: the facts of a file, taken once, and its pixels as seen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from PIL import Image

from colorgan.config import MAX_PIXELS
from colorgan.errors import ImageError
from colorgan.photo import jpeg, jpeg_xl, metadata, png
from colorgan.photo.coded import Coded
from colorgan.photo.color import DeepPlanes, Planes, deep_luma_of
from colorgan.photo.comments import described_by
from colorgan.photo.damage import damage
from colorgan.photo.families import open_coded
from colorgan.photo.icc import fitting, is_for_gray, rgb_from_gray
from colorgan.photo.metadata import Metadata
from colorgan.photo.orientation import SIDEWAYS, as_stored, upright, upright_plane
from colorgan.photo.pillow import (
    DECODE_ERRORS,
    check_size,
    frames_of,
    is_ycc,
    load,
    open_image,
    open_picture,
    opening,
)
from colorgan.photo.pixels import Pixels, decode
from colorgan.photo.scan import reduced_as_stored
from colorgan.photo.tiff_bands import Bands
from colorgan.photo.tiff_open import TIFF_MARKS, open_tiff
from colorgan.photo.tiff_pixels import TiffLayout
from colorgan.storage.file_bytes import Bytes, FileBytes, sha256_of
from colorgan.storage.paths import AnyPath, storage_of

UNDECODED = 128
"""The luma that libjpeg puts where a file ends too early, in every pixel."""
MOST_MISSING = 0.5
"""Of a photograph that was cut; of less than half of a photograph a result would be none."""


@dataclass(frozen=True)
class Photo:
    """A photograph: the bytes of its file, and what they are. Nothing that is asked of it changes it."""

    path: AnyPath
    data: bytes = field(repr=False)
    """The file as it is or, if it is a JPEG XL that was made of a JPEG, that JPEG."""
    picture: bytes = field(repr=False)
    """What is given to decoders: the file, mended where it has to be."""
    format: str
    """Pillow's name of the file's format, such as JPEG, whatever the name of the file says."""
    mode: str
    """Pillow's, of the pixels; of those that Pillow cannot read, the mode that is nearest."""
    stored_size: tuple[int, int]
    """Width and height before the orientation is applied, in pixels."""
    metadata: Metadata = field(repr=False)
    orientation: int
    """1 to 8, as in EXIF; 1 is upright."""
    profile: bytes = field(repr=False)
    """The color profile, if it fits the pixels."""
    page: int = 0
    """Of a TIFF: where the picture is, as others may be previews."""
    tiff: TiffLayout | None = None
    """Of a TIFF whose samples Pillow does not read as they are."""
    pages: tuple[int, ...] = ()
    """Of a TIFF with several pages: where they are. All else here is of the first."""
    reductions: tuple[tuple[int, int], ...] = ()
    """Widths and heights, as stored, in which a TIFF shows the picture smaller besides."""
    coded: Coded | None = None
    """Of a file that Pillow does not read, or not with all of its bits."""
    bands: Bands | None = None
    """Of a TIFF that is not in memory: its picture, some rows at a time. It has no `luma` then."""
    source: FileBytes | None = field(default=None, repr=False)
    """The file, if it is not in memory."""
    is_ycc: bool = False
    """Whether it is a JPEG in color that stores luma and chroma."""
    missing: float | None = None
    """Of a JPEG that was cut: the share of its rows that cannot be decoded."""
    is_file: bool = True
    """Whether its bytes are those of a file, and were not made of a Pillow image or an array."""
    wrapped: bytes = field(default=b"", repr=False)
    """The file, if it is a JPEG XL that was made of a JPEG."""

    @classmethod
    def read(cls, path: AnyPath, max_pixels: int = MAX_PIXELS, *, pages: bool = False) -> Photo:
        """Read a file; its pixels are not decoded yet. A file of several pages must be allowed by `pages`."""
        try:
            data, _ = storage_of(path).read(path)
        except OSError as error:
            raise ImageError(path, f"cannot be read ({error.strerror})") from error
        return cls.of(path, data, max_pixels, pages=pages)

    @classmethod
    def of(cls, path: AnyPath, data: bytes, max_pixels: int = MAX_PIXELS, *, pages: bool = False) -> Photo:
        """Look at the bytes of a file, which `path` names in messages; raises ImageError.

        A TIFF of several pages must be allowed by `pages`; it is looked at as its first one.
        """
        if data[:4] in TIFF_MARKS:
            photo = cls(path, data, *open_tiff(path, data, max_pixels))
            if photo.pages and not pages:
                raise ImageError(path, f"holds {len(photo.pages)} pages; save one of them as an image")
            return photo
        with opening(path):
            transcoded = jpeg_xl.whole_jpeg_in(data)
            coded = None if transcoded else open_coded(data)
        if transcoded:
            photo = cls.of(path, transcoded, max_pixels)
            besides = jpeg_xl.besides(data, photo.metadata)
            return replace(photo, wrapped=data, metadata=replace(photo.metadata, besides=besides))
        if coded:
            return cls._of_coded(path, data, coded, max_pixels)
        picture, is_cut = data, False
        if data.startswith(png.SIGNATURE):
            picture = png.only_pixels(data)
        elif jpeg.SIGNATURE in data[:64]:
            picture, is_cut = jpeg.for_decoders(data)
        image = open_image(path, picture, max_pixels)
        format = "JPEG" if image.format == "MPO" else image.format or ""
        if format == "PNG":
            frames, described = png.frames(data), metadata.of_png(data)
        else:
            frames = 1 if format == "JPEG" else frames_of(path, image)  # in cameras' JPEG, previews follow
            described = described_by(image, format, picture)
        if frames > 1:
            reason = f"is an animation of {frames} frames, which would flicker in color"
            raise ImageError(path, f"{reason}; save one of them as an image")
        photo = cls(
            path,
            data,
            picture,
            format,
            image.mode,
            image.size,
            described,
            described.orientation,
            fitting(path, described.icc, image.mode),
            is_ycc=format == "JPEG" and is_ycc(image),
        )
        return replace(photo, missing=photo._share_missing()) if is_cut else photo

    @classmethod
    def streamed(cls, path: AnyPath, file: FileBytes, max_pixels: int = MAX_PIXELS) -> Photo:
        """A TIFF, of one page or several, that stays where it is; raises ImageError."""
        return cls(path, b"", *open_tiff(path, file, max_pixels), source=file)

    @classmethod
    def _of_coded(cls, path: AnyPath, data: bytes, coded: Coded, max_pixels: int) -> Photo:
        size, described = (coded.width, coded.height), coded.metadata
        check_size(path, size, max_pixels)
        orientation = 1 if coded.is_upright else described.orientation
        profile = fitting(path, described.icc, coded.mode)
        return cls(
            path, data, data, coded.format, coded.mode, size, described, orientation, profile, coded=coded
        )

    def of_page(self, number: int, max_pixels: int = MAX_PIXELS) -> Photo:
        """A page of a TIFF with several, by a number from `pages`; raises ImageError."""
        facts = open_tiff(self.path, self.contents, max_pixels, number)
        page = Photo(self.path, self.data, *facts, source=self.source)
        vars(page)["sha256"] = self.sha256  # of the same file, which may be large
        return page

    @property
    def contents(self) -> Bytes:
        """The same as `data`, wherever it is."""
        return self.data if self.source is None else self.source

    @property
    def file(self) -> bytes:
        """The file as it is."""
        return self.wrapped or self.data

    @property
    def file_format(self) -> str:
        """Pillow's name of the file's format; JXL for what was made of a JPEG, too."""
        return "JXL" if self.wrapped else self.format

    @cached_property
    def sha256(self) -> str:
        """Of its file, in hexadecimal."""
        return sha256_of(self.wrapped or self.contents)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as seen, with the orientation applied, in pixels."""
        width, height = self.stored_size
        return (height, width) if self.orientation in SIDEWAYS else (width, height)

    @property
    def bits(self) -> int:
        """Bits of a sample in the file, as far as they matter: 8, or more."""
        if self.coded or self.tiff:
            return max(8, self.coded.stored_bits if self.coded else self.tiff.bits if self.tiff else 8)
        return (
            16 if self.mode.startswith("I") or (self.format == "PNG" and png.depth(self.picture) == 16) else 8
        )

    @property
    def is_gray_jpeg(self) -> bool:
        """Whether it is a JPEG file of one component."""
        return self.format == "JPEG" and self.mode == "L" and self.coded is None

    @property
    def ignores_profile(self) -> bool:
        """Whether it has a color profile that does not fit its pixels, or is broken."""
        return bool(self.metadata.icc) and not self.profile

    def open(self) -> Image.Image:
        """The picture as Pillow opens it, not decoded yet."""
        return open_picture(self.picture, self.page)

    def reduced(self, width: int, height: int) -> Image.Image:
        """The photograph as seen, scaled to this size: mode L, or YCbCr if the file holds color.

        A JPEG is decoded at 1/2, 1/4 or 1/8 of its size where that is still as large.
        """
        if self.orientation in SIDEWAYS:
            width, height = height, width
        if self.bands:
            return upright(reduced_as_stored(self, self.bands, width, height), self.orientation)
        if self.is_ycc:  # a second look at a fraction of the cost of the one for luma
            source = decode(self._drafted("YCbCr", width, height), self)
        elif self.is_gray_jpeg and self.halved.width >= width and self.halved.height >= height:
            source = decode(self.halved, self)
        else:
            source = self._pixels.image
        plain = source if source.mode in ("L", "YCbCr") else source.convert("YCbCr")
        return upright(
            plain.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0), self.orientation
        )

    def luma(self) -> Image.Image:
        """The luma as seen, at full resolution: mode L."""
        if self.is_ycc:  # as it is stored, without a detour through RGB
            return upright(decode(self._drafted("L", *self.stored_size), self), self.orientation)
        return upright(self._pixels.image.convert("L"), self.orientation)

    @cached_property
    def halved(self) -> Image.Image:
        """The luma of a gray JPEG as it is stored, at half its size, rounded up: mode L."""
        width, height = self.stored_size
        half = self._drafted("L", max(1, width // 2), max(1, height // 2))
        self._load(half)
        size = (-(-width // 2), -(-height // 2))
        return half if half.size == size else half.resize(size)  # one pixel wide or high, it was not scaled

    def deep_luma(self) -> DeepPlanes | None:
        """The luma as seen with all of its 16 bits, uint16 (H, W); None if it has no more than 8.

        A gray profile is not applied: it must be one that `rgb_from_gray` can turn into one for color.
        """
        deep = self._pixels.deep
        lost = self.profile and is_for_gray(self.profile) and rgb_from_gray(self.profile) is None
        if deep is None or lost:
            return None
        return upright_plane(deep if deep.ndim == 2 else deep_luma_of(deep), self.orientation)

    def alpha(self) -> Planes | DeepPlanes | None:
        """The transparency as seen, at full resolution, as deep as the file: (H, W); None without any."""
        alpha = self._pixels.alpha
        return None if alpha is None else upright_plane(alpha, self.orientation)

    def as_stored(self, image: Image.Image) -> Image.Image:
        """Turn an image of the photograph as seen to how it is stored."""
        return as_stored(image, self.orientation)

    @cached_property
    def _pixels(self) -> Pixels:
        return Pixels.of(self)

    def _drafted(self, mode: str, width: int, height: int) -> Image.Image:
        """The JPEG, to be decoded at 1/2, 1/4 or 1/8 of its size where that is still as large."""
        image = self.open()
        image.draft(mode, (width, height))
        return image

    def _load(self, image: Image.Image) -> None:
        try:
            load(image)
        except DECODE_ERRORS as error:
            raise ImageError(self.path, f"cannot be decoded ({damage(error)})") from error

    def _share_missing(self) -> float:
        """The share of the rows of a JPEG that was cut which cannot be decoded; ImageError if it is large."""
        small = self._drafted("L" if self.is_gray_jpeg or self.is_ycc else self.mode, 1, 1)
        self._load(small)
        flat = (np.asarray(small.convert("L")) == UNDECODED).all(axis=1)
        missing = float(np.argmin(flat[::-1])) / len(flat) if not flat.all() else 1.0
        if missing > MOST_MISSING:
            raise ImageError(
                self.path, f"is cut short: {missing:.0%} of it is missing; take it from a backup"
            )
        return missing
