"""Grayscale JPEGs that stay as they are while chroma is joined to them."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from colorgan.photo.color import Planes, fit_chroma
from colorgan.photo.describe import xmp_segments
from colorgan.photo.icc import is_for_rgb, rgb_from_gray
from colorgan.photo.image import Photo
from colorgan.photo.jpeg import APP2, MPF, GrayJpeg, JpegError
from colorgan.photo.jpeg_join import join
from colorgan.photo.xmp import Credit

CHROMA_QUALITY = 95


def keep_luma(
    photo: Photo, chroma: Planes, quality: int, credit: Credit, guide: Planes | None = None
) -> bytes:
    """Join chroma uint8 (2, h, w) of the photograph as seen to its file; JpegError says why not.

    `quality` is that of the JPEG coding of chroma, 0 for the usual one; `guide` is the luma of the chroma's
    size, for `fit_chroma`.
    """
    gray = GrayJpeg.parse(photo.data)
    icc = None if is_for_rgb(photo.profile) or not photo.metadata.icc else _profile_for_color(photo)
    if any(each.marker == APP2 and photo.data.startswith(MPF, each.body) for each in gray.segments):
        raise JpegError("other pictures follow it, at places that would change")

    def stored(plane: Planes) -> Planes:
        return np.asarray(photo.as_stored(Image.fromarray(plane)))

    def encode(plane: Planes) -> GrayJpeg:
        buffer, progressive = io.BytesIO(), gray.is_progressive
        Image.fromarray(plane).save(
            buffer, "JPEG", quality=quality or CHROMA_QUALITY, progressive=progressive
        )
        return GrayJpeg.parse(buffer.getvalue())

    # The mean of 2 x 2 pixels stands for them: to decode all of them would cost more than all the rest.
    if photo.orientation != 1:
        chroma, guide = np.stack(list(map(stored, chroma))), None if guide is None else stored(guide)
    fitted = fit_chroma(np.asarray(photo.halved), chroma, 1, guide)
    cb, cr = map(encode, fitted)
    sha256 = photo.sha256 if photo.data is photo.file else ""
    return join(gray, cb, cr, xmp_segments(photo, credit, upright=False), icc, sha256)


def _profile_for_color(photo: Photo) -> bytes:
    """The color profile that its gray one becomes; empty if its own does not fit."""
    if not photo.profile:
        return b""
    profile = rgb_from_gray(photo.profile)
    if profile is None:
        raise JpegError("its color profile cannot be made one for color")
    return profile
