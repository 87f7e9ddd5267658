"""Decode files of every mode and depth: to 8 bits, with all of their bits, and their transparency."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from colorgan.errors import ImageError
from colorgan.photo import bmp, png
from colorgan.photo.cmyk import rgb_of_cmyk
from colorgan.photo.color import DeepPlanes, Planes
from colorgan.photo.damage import damage
from colorgan.photo.icc import is_for_gray, is_for_rgb
from colorgan.photo.pillow import DECODE_ERRORS, load

if TYPE_CHECKING:
    from colorgan.photo.image import Photo

# Pillow gives gray of 16 bits in a PPM's family as I, scaled to 65,535.
SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")
REFUSED = {"F": "has floating-point pixels", "I": "has pixels of 32 bits or with a sign"}


@dataclass(frozen=True)
class Pixels:
    """A whole picture as it is stored."""

    image: Image.Image
    """Of 8 bits: mode L, RGB or YCbCr, with a gray or CMYK profile applied."""
    deep: DeepPlanes | None = None
    """More than 8 bits, scaled to 16, without a profile: uint16 (H, W) or (H, W, 3)."""
    alpha: Planes | DeepPlanes | None = None
    """Transparency, uint8 or uint16 (H, W)."""

    @classmethod
    def of(cls, photo: Photo) -> Pixels:
        """Decode a photograph's file; raises ImageError."""
        try:
            if photo.coded:
                coded = photo.coded
                return cls._of_samples(coded.samples(), coded.channels, coded.has_alpha, photo)
            if photo.tiff:
                layout = photo.tiff
                return cls._of_samples(layout.read(photo.picture), layout.channels, bool(layout.alpha), photo)
            if photo.format == "PNG" and png.depth(photo.picture) == 16:
                return cls._of_png(photo)
            image = _straight(load(photo.open()))
            if image.mode in SIXTEEN_BITS or (image.mode == "I" and photo.format == "PPM"):
                return cls._of_samples(np.asarray(image).astype(np.uint16)[..., None], 1, False, photo)
            return cls(decode(image, photo), None, _alpha(image, photo))
        except DECODE_ERRORS as error:
            raise ImageError(photo.path, f"cannot be decoded ({damage(error)})") from error

    @classmethod
    def _of_png(cls, photo: Photo) -> Pixels:
        if png.Header.of(photo.picture).is_deep_color:
            samples = png.read_deep_color(photo.picture)
        else:
            samples = np.asarray(load(photo.open()), np.uint16)[..., None]
        channels = 3 if samples.shape[2] >= 3 else 1
        has_alpha = samples.shape[2] > channels
        if not has_alpha and (key := png.color_key(photo.picture)):
            opaque = (samples != np.array(key, np.uint16)).any(axis=2)
            samples, has_alpha = np.dstack([samples, opaque * np.uint16(65535)]), True
        return cls._of_samples(samples, channels, has_alpha, photo)

    @classmethod
    def _of_samples(
        cls, samples: Planes | DeepPlanes, channels: int, has_alpha: bool, photo: Photo
    ) -> Pixels:
        """From uint8 or uint16 (H, W, channels and perhaps more): gray, RGB or CMYK."""
        alpha: Any = np.ascontiguousarray(samples[..., channels]) if has_alpha else None
        picture: Any = samples[..., 0] if channels == 1 else samples[..., :channels]
        if samples.dtype == np.uint8:
            return cls(decode(_image(picture, channels), photo), None, alpha)
        if channels == 4:
            rgb = rgb_of_cmyk(picture, photo.profile)
            return cls(_image(rgb >> 8, 3), rgb, alpha)
        return cls(decode(_image(picture >> 8, channels), photo), picture, alpha)


def _image(samples: npt.NDArray[Any], channels: int) -> Image.Image:
    """Of samples that fit into 8 bits, (H, W) or (H, W, channels)."""
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[channels]
    return Image.frombytes(mode, samples.shape[1::-1], samples.astype(np.uint8).tobytes())


def decode(image: Image.Image, photo: Photo) -> Image.Image:
    """Load an image of the photograph, and bring it to mode L, RGB or YCbCr; raises ImageError."""
    try:
        load(image)
        if photo.profile and not is_for_rgb(photo.profile):
            return _to_srgb(image, photo.profile)
        return _plain(image, photo)
    except DECODE_ERRORS as error:
        raise ImageError(photo.path, f"cannot be decoded ({damage(error)})") from error


def _straight(image: Image.Image) -> Image.Image:
    """Divided by transparency what was multiplied by it; Pillow converts such modes to few others."""
    return image.convert(image.mode[:-1] + "A") if image.mode in ("La", "RGBa") else image


def _plain(image: Image.Image, photo: Photo) -> Image.Image:
    if image.mode in ("L", "RGB", "YCbCr"):
        return image
    if image.mode in SIXTEEN_BITS:
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))  # convert("L") would clip
    if image.mode in REFUSED:
        raise ImageError(photo.path, f"{REFUSED[image.mode]}; save it with 8 or 16 bits a channel")
    if image.mode in ("1", "LA"):
        return image.convert("L")
    if image.mode in ("P", "PA", "RGBA", "RGBX", "CMYK", "HSV", "LAB"):
        image = image.convert("RGBA") if image.mode in ("P", "PA") else image
        return image.convert("RGB")
    raise ImageError(photo.path, f"has pixels of mode {image.mode}; save it with 8 or 16 bits a channel")


def _alpha(image: Image.Image, photo: Photo) -> Planes | None:
    if photo.format == "BMP" and image.mode == "RGB":
        return bmp.unused_bytes(photo.picture)
    if not image.has_transparency_data:
        return None
    return np.asarray(image.convert("RGBA").getchannel("A"))


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Apply a gray or CMYK profile, which has no place in a color result."""
    plain = image.convert("L") if is_for_gray(profile) and image.mode != "L" else image
    if image.mode in SIXTEEN_BITS:
        plain = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    converted = ImageCms.profileToProfile(plain, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert converted is not None
    return converted


def as_deep(alpha: Planes | DeepPlanes, deep: bool) -> Planes | DeepPlanes:
    """Transparency of 16 bits or of 8, whatever it has."""
    if deep and alpha.dtype == np.uint8:
        return alpha.astype(np.uint16) * np.uint16(257)
    if not deep and alpha.dtype == np.uint16:
        return (alpha >> 8).astype(np.uint8)
    return alpha
