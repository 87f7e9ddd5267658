"""Decode image files: luma at full and at reduced resolution, upright."""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError
from PIL.ExifTags import Base as Tag

from colorgan.config import MAX_PIXELS
from colorgan.errors import ImageError
from colorgan.photo.color import DeepPlanes
from colorgan.photo.icc import is_for_gray, rgb_from_gray
from colorgan.storage.paths import AnyPath, storage_of

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
    struct.error,
)
"""What Pillow raises for damaged files, depending on the format and the damage."""

SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes an image of an EXIF orientation upright."""

SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that swap width and height


def prepare_pillow() -> None:
    """Set what holds for a whole process: for programs of ours, not for those that import us."""
    Image.MAX_IMAGE_PIXELS = None  # `open_image` has a limit of its own, which allows for large scans
    warnings.filterwarnings("ignore", module="PIL")  # about damage that it can read past


def open_image(path: AnyPath, data: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Open an image file of these bytes and read its header; pixels are decoded later."""
    if not data:
        raise ImageError(path, "is empty (0 bytes)")
    try:
        image = Image.open(io.BytesIO(data))
    except UnidentifiedImageError as error:
        raise ImageError(path, "is not an image that can be read") from error
    except (*DECODE_ERRORS, Image.DecompressionBombError) as error:
        raise ImageError(path, f"cannot be opened ({error})") from error
    if image.width * image.height > max_pixels:
        pixels = f"{image.width} x {image.height} pixels, more than {max_pixels:,}"
        raise ImageError(path, f"has {pixels}; --max-pixels allows for more")
    return image


@dataclass
class Photo:
    """A photograph: Pillow's view of it and, if it came from a file, the file's bytes."""

    path: AnyPath
    image: Image.Image
    data: bytes = b""

    @classmethod
    def read(cls, path: AnyPath, max_pixels: int = MAX_PIXELS) -> Photo:
        """Read a file; its pixels are not decoded yet."""
        try:
            data, _ = storage_of(path).read(path)
        except OSError as error:
            raise ImageError(path, f"cannot be read ({error.strerror})") from error
        return cls.from_bytes(path, data, max_pixels)

    @classmethod
    def from_bytes(cls, path: AnyPath, data: bytes, max_pixels: int = MAX_PIXELS) -> Photo:
        """Open the bytes of a file; its pixels are not decoded yet."""
        image = open_image(path, data, max_pixels)
        try:
            frames = getattr(image, "n_frames", 1)
        except DECODE_ERRORS as error:
            raise ImageError(path, f"cannot be read ({error})") from error
        photo = cls(path, image, data)
        if frames > 1 and photo.format != "JPEG":  # previews follow the photograph in some cameras' JPEG
            raise ImageError(path, f"holds {frames} pages or frames; split it into single images first")
        return photo

    @property
    def format(self) -> str:
        """Pillow's name of the file's format, such as JPEG; empty if there is none."""
        format = self.image.format or ""
        return "JPEG" if format == "MPO" else format

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as seen, with the EXIF orientation applied, in pixels."""
        width, height = self.image.size
        return (height, width) if self.orientation in SIDEWAYS else (width, height)

    @property
    def orientation(self) -> int:
        """The EXIF orientation, 1 to 8; 1 is upright."""
        try:
            return int(self.image.getexif().get(Tag.Orientation, 1))
        except DECODE_ERRORS:
            return 1

    def reduced(self, width: int, height: int, source: Image.Image | None = None) -> Image.Image:
        """The photograph as seen, scaled to this size: mode L, or YCbCr if the file holds color.

        `source` is the photograph as it is stored, of any size; without it, the file is decoded. A JPEG that
        may hold color is decoded at 1/2, 1/4 or 1/8 of its size where that is still as large.
        """
        if self.orientation in SIDEWAYS:
            width, height = height, width
        if source is None and self._is_color_jpeg:
            # A second look, at a fraction of the cost of the first, which is for full resolution: whether it
            # is in color is to be seen.
            source = self._decoded_at("YCbCr", width, height)
        source = self.image if source is None else source
        plain = self._plain(source)
        plain = plain if plain.mode in ("L", "YCbCr") else plain.convert("YCbCr")
        small = plain.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)
        return self._upright(small)

    def luma(self) -> Image.Image:
        """The luma as seen, at full resolution: mode L."""
        if self._is_color_jpeg:
            self.image.draft("L", self.image.size)  # its luma as it is stored, without a detour through RGB
        return self._upright(self._plain(self.image).convert("L"))

    def stored_luma_halved(self) -> Image.Image:
        """The luma of a JPEG as it is stored, at half its size, rounded up: mode L."""
        width, height = self.image.size
        half = self._decoded_at("L", max(1, width // 2), max(1, height // 2))
        self._load(half)
        size = (-(-width // 2), -(-height // 2))
        return half if half.size == size else half.resize(size)  # one pixel wide or high, it was not scaled

    def _decoded_at(self, mode: str, width: int, height: int) -> Image.Image:
        """The JPEG again, to be decoded at 1/2, 1/4 or 1/8 of its size where that is still as large."""
        image = Image.open(io.BytesIO(self.data))
        image.draft(mode, (width, height))
        return image

    @property
    def is_gray_jpeg(self) -> bool:
        """Whether it is a JPEG file of one component."""
        return bool(self.data) and self.format == "JPEG" and self.image.mode == "L"

    @property
    def _is_color_jpeg(self) -> bool:
        return bool(self.data) and self.format == "JPEG" and self.image.mode == "RGB"

    def deep_luma(self) -> DeepPlanes | None:
        """The luma as seen with all of its 16 bits, uint16 (H, W); None if it has no more than 8.

        A gray profile is not applied: it must be one that `rgb_from_gray` can turn into one for color.
        """
        profile = self.image.info.get("icc_profile")
        lost = profile and is_for_gray(profile) and rgb_from_gray(profile) is None
        if self.image.mode not in SIXTEEN_BITS or lost:
            return None
        self._load(self.image)
        return np.asarray(self._upright(self.image), dtype=np.uint16)

    def alpha(self) -> Image.Image | None:
        """The transparency as seen, at full resolution: mode L, or None."""
        if not self.image.has_transparency_data:
            return None
        return self._upright(self.image.convert("RGBA").getchannel("A"))

    def _load(self, image: Image.Image) -> None:
        try:
            image.load()
        except DECODE_ERRORS as error:
            raise ImageError(self.path, f"cannot be decoded ({error})") from error

    def _plain(self, image: Image.Image) -> Image.Image:
        """Decode to mode L, RGB or YCbCr."""
        self._load(image)
        try:
            profile = image.info.get("icc_profile")
            if profile and (image.mode == "CMYK" or is_for_gray(profile)):
                return _to_srgb(image, profile)
        except DECODE_ERRORS as error:
            raise ImageError(self.path, f"cannot be decoded ({error})") from error
        if image.mode in ("L", "RGB", "YCbCr"):
            return image
        if image.mode in SIXTEEN_BITS:
            return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))  # convert("L") would clip
        if image.mode in ("1", "LA", "La"):
            return image.convert("L")
        if image.mode in ("P", "PA", "RGBA", "RGBX", "RGBa", "CMYK"):
            return image.convert("RGBA").convert("RGB") if image.mode in ("P", "PA") else image.convert("RGB")
        raise ImageError(self.path, f"has pixels of mode {image.mode}; save it with 8 or 16 bits a channel")

    def as_stored(self, image: Image.Image) -> Image.Image:
        """Turn an image of the photograph as seen to how it is stored."""
        back = {6: 8, 8: 6}.get(self.orientation, self.orientation)
        return image if back not in TURNS else image.transpose(TURNS[back])

    def _upright(self, image: Image.Image) -> Image.Image:
        return image if self.orientation not in TURNS else image.transpose(TURNS[self.orientation])


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Apply a gray or CMYK profile, which has no place in a color result."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        plain = image.convert("L") if image.mode in ("1", "LA") else image
        converted = ImageCms.profileToProfile(plain, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except ImageCms.PyCMSError as error:
        raise ValueError(f"its color profile does not fit its pixels: {error}") from error
    assert converted is not None
    return converted
