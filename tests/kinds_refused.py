"""Photographs that are refused, and why: rows of the table in docs/formats.md."""

import imagecodecs
import numpy as np
from kinds import (
    CMYK,
    RGB,
    RGB_DEEP,
    Kind,
    avif,
    float_jxl,
    hdr_profile,
    heic,
    jp2,
    jpeg12,
    jxl,
    lab_jp2,
    moving,
    moving_jxl,
    p,
    t,
)
from samples import DEEP, GRAY, chunk, png

REFUSED = (
    Kind("JPEG of 12 bits", "jpg", jpeg12, reason="JPEG of 12 bits"),
    Kind(
        "JPEG, lossless, of 16 bits",
        "jpg",
        lambda: bytes(imagecodecs.ljpeg_encode(DEEP)),
        reason="lossless JPEG",
    ),
    Kind("JPEG-LS", "jpg", lambda: bytes(imagecodecs.jpegls_encode(DEEP)), reason="JPEG-LS"),
    Kind(
        "TIFF, floating point",
        "tif",
        lambda: t(np.float32(GRAY / 255)),
        reason="floating-point samples of 32 bits",
    ),
    Kind(
        "TIFF, floating point, LERC",
        "tif",
        lambda: t(np.float32(GRAY / 255), compression="lerc"),
        reason="floating-point",
    ),
    Kind(
        "TIFF, integers of 32 bits",
        "tif",
        lambda: t(DEEP.astype(np.uint32) << 16),
        reason="samples of 32 bits",
    ),
    Kind("TIFF, with a sign", "tif", lambda: t(np.int16(DEEP >> 1)), reason="signed samples of 16 bits"),
    Kind(
        "PFM",
        "pfm",
        lambda: b"Pf\n80 48\n-1.0\n" + np.float32(GRAY / 255).tobytes(),
        reason="floating-point pixels",
    ),
    Kind("SGI of 16 bits", "sgi", lambda: p(GRAY, "SGI", bpc=2), reason="samples have 16 bits"),
    Kind("JPEG XL, floating point", "jxl", float_jxl, reason="samples have 32 bits"),
    Kind(
        "AVIF for HDR displays",
        "avif",
        lambda: avif(RGB_DEEP >> 6, 10, primaries=9, transfer=16),
        reason="PQ",
    ),
    Kind("HEIC for HDR displays", "heic", lambda: heic(RGB, transfer_characteristics=18), reason="HLG"),
    Kind("JPEG XL for HDR displays", "jxl", lambda: jxl(RGB_DEEP, icc=hdr_profile()), reason="HLG"),
    Kind(
        "PNG for HDR displays (cICP)",
        "png",
        lambda: png(None, chunk(b"cICP", bytes((9, 16, 0, 1)))),
        reason="PQ",
    ),
    Kind(
        "PNG with samples of video (cICP)",
        "png",
        lambda: png(None, chunk(b"cICP", bytes((1, 1, 0, 0)))),
        reason="narrow range",
    ),
    Kind(
        "JPEG with a profile for HDR displays",
        "jpg",
        lambda: p(RGB, "JPEG", icc_profile=hdr_profile()),
        reason="HLG",
    ),
    Kind("JPEG 2000 of CIE L\\*a\\*b\\*", "jp2", lab_jp2, reason="colors are CIE L*a*b*"),
    Kind(
        "JPEG 2000 of more than four components",
        "jp2",
        lambda: jp2(np.dstack([CMYK, GRAY]), 8),
        reason="5 components",
    ),
    Kind("animated GIF", "gif", lambda: moving("GIF"), reason="animation of 2 frames, which would flicker"),
    Kind(
        "animated WebP", "webp", lambda: moving("WEBP"), reason="animation of 2 frames, which would flicker"
    ),
    Kind("animated PNG", "png", lambda: moving("PNG"), reason="animation of 2 frames, which would flicker"),
    Kind(
        "animated AVIF", "avif", lambda: moving("AVIF"), reason="animation of 2 frames, which would flicker"
    ),
    Kind("animated JPEG XL", "jxl", moving_jxl, reason="animation, whose frames would flicker"),
    Kind(
        "Photoshop file that is called .tif",
        "tif",
        lambda: b"8BPS" + bytes(100),
        reason="is a Photoshop file",
    ),
    Kind(
        "another file that is called .jpg", "jpg", lambda: b"Minutes of a meeting", reason="is not an image"
    ),
)
