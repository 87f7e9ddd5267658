"""Grayscale JPEGs that stay as they are while chroma is joined to them."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from colorgan.photo.color import Planes, fit_chroma
from colorgan.photo.icc import is_for_rgb, rgb_from_gray
from colorgan.photo.image import Photo
from colorgan.photo.jpeg import GrayJpeg, JpegError
from colorgan.photo.jpeg_join import join
from colorgan.photo.metadata import LONGEST_XMP
from colorgan.photo.xmp import Credit

CHROMA_QUALITY = 95


@dataclass(frozen=True)
class KeptLuma:
    """What is needed of a photograph to join chroma to it."""

    photo: Photo
    gray: GrayJpeg
    half: Image.Image
    """Its luma as it is stored, at half the size: mode L."""
    icc: bytes | None
    """The color profile that its gray one becomes."""

    @classmethod
    def of(cls, photo: Photo) -> KeptLuma:
        """Decode as much as is needed; raises JpegError with the reason if chroma cannot be joined to it."""
        profile, icc = photo.image.info.get("icc_profile"), None
        if profile and not is_for_rgb(profile) and (icc := rgb_from_gray(profile)) is None:
            raise JpegError("its color profile cannot be made one for color")
        if photo.image.info.get("mpoffset"):
            raise JpegError("other pictures follow it, at places that would change")
        gray = GrayJpeg.parse(photo.data)
        return cls(photo, gray, photo.stored_luma_halved(), icc)

    def join(self, chroma: Planes, quality: int, credit: Credit, guide: Planes | None = None) -> bytes:
        """Add chroma uint8 (2, h, w) of the photograph as seen; raises JpegError.

        `quality` is that of the JPEG coding of chroma, 0 for the usual one; `guide` is the luma of the
        chroma's size, for `fit_chroma`.
        """

        def stored(plane: Planes) -> Planes:
            return np.asarray(self.photo.as_stored(Image.fromarray(plane)))

        # The mean of 2 x 2 pixels stands for them: to decode all of them would cost more than all the rest.
        small, guide = np.stack([*map(stored, chroma)]), None if guide is None else stored(guide)
        planes = fit_chroma(np.asarray(self.half), small, 1, guide)
        cb, cr = (self._encode(plane, quality or CHROMA_QUALITY) for plane in planes)
        xmp = credit.added_to(self.gray.xmp)
        # What does not fit cannot be marked, but is not to be lost.
        return join(self.gray, cb, cr, xmp if len(xmp) <= LONGEST_XMP else None, self.icc)

    def _encode(self, plane: Planes, quality: int) -> GrayJpeg:
        buffer = io.BytesIO()
        Image.fromarray(plane).save(buffer, "JPEG", quality=quality, progressive=self.gray.is_progressive)
        return GrayJpeg.parse(buffer.getvalue())
