"""CMYK of 16 bits to RGB, which Pillow converts with 8."""

from __future__ import annotations

import numpy as np
from PIL import ImageCms

from colorgan.photo.color import DeepPlanes
from colorgan.photo.extra import library

STRIP = 256
"""Rows that are converted at once."""


def rgb_of_cmyk(cmyk: DeepPlanes, profile: bytes = b"") -> DeepPlanes:
    """RGB uint16 (H, W, 3) of CMYK uint16 (H, W, 4), where 0 is no ink.

    With a profile it is sRGB; MissingError without the library that applies it. Without, black and each ink
    leave their share of the light, as Pillow has it.
    """
    rgb = np.empty((*cmyk.shape[:2], 3), np.uint16)
    codec = library("imagecodecs", "CMYK of 16 bits with a color profile is read") if profile else None
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() if profile else b""
    for top in range(0, len(cmyk), STRIP):
        strip = np.ascontiguousarray(cmyk[top : top + STRIP])
        if codec:
            rgb[top : top + STRIP] = codec.cms_transform(
                strip, profile, srgb, colorspace="cmyk", outcolorspace="rgb", outdtype="uint16"
            )
        else:
            light = 65535 - strip.astype(np.uint32)
            rgb[top : top + STRIP] = (light[..., :3] * light[..., 3:] + 32767) // 65535
    return rgb
