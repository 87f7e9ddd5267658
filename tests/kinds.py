"""Small files of every kind of photograph."""

import io
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import imagecodecs
import numpy as np
import pillow_heif
import pyjpegxl
import tifffile
from PIL import Image, ImageCms
from samples import DEEP, GRAY, HEIGHT, WIDTH, encoded, exif, jpeg, packed, segment, text, tiff, with_segments

from colorgan.photo.jpeg_xl import transcode

RGB, RGB_DEEP = np.dstack([GRAY] * 3), np.dstack([DEEP] * 3)
ALPHA, ALPHA_DEEP = np.full_like(GRAY, 128), np.full_like(DEEP, 32768)
CMYK = np.dstack([np.zeros_like(GRAY)] * 3 + [255 - GRAY])
CMYK_DEEP = np.dstack([np.zeros_like(DEEP)] * 3 + [65535 - DEEP])
PALETTE = Image.fromarray(GRAY).quantize(256)
TWO = GRAY >= 128
BLOCKS = "EXIF, XMP, profile"
WITH_IPTC = "EXIF, XMP, IPTC, profile"
OF_JPEG = "EXIF, XMP, IPTC, profile, comment"


def ink_profile() -> bytes:
    """An ICC profile for CMYK whose lightness L* falls evenly with black (ICC.1:2001-04, 6.5.10)."""
    grid = [255 * (not number & 1) * (number < 2) for number in range(16)]  # all other ink is dark, too
    lab = b"".join(bytes((lightness, 128, 128)) for lightness in grid)
    table = b"mft1" + bytes((0, 0, 0, 0, 4, 3, 2, 0))
    table += struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table += 4 * bytes(range(256)) + lab + 3 * bytes(range(256))
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    tags, at, body = {b"wtpt": white, b"A2B0": table}, 128 + 4 + 2 * 12, b""
    directory = struct.pack(">I", 2)
    for name, value in tags.items():
        directory += struct.pack(">4sII", name, at + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    header = bytearray(128)
    header[0:4], header[8:12] = struct.pack(">I", at + len(body)), b"\x02\x40\0\0"
    header[12:24], header[36:40], header[68:80] = b"prtrCMYKLab ", b"acsp", white[8:]
    return bytes(header) + directory + body


def by_lightness(ink: np.ndarray) -> np.ndarray:
    """What that profile makes of black ink, 0 to 1: sRGB (IEC 61966-2-1) of that L* (CIE 15), 0 to 255."""
    lightness = 100 * (1 - ink)
    light = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / 903.3)
    return np.asarray(255 * np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light))


class Kind(NamedTuple):
    """A row."""

    name: str
    suffix: str
    make: Callable[[], bytes]
    result: str = ""
    """Format of the result, by Pillow's name; empty: it is refused."""
    bits: int = 8
    """Of a sample of the result."""
    luma: str = "exact"
    """Or copied, or re-encoded."""
    kept: str = ""
    lost: str = ""
    reason: str = ""
    """Why it is refused: words of the message."""
    gray: Any = GRAY
    """What it shows, of 8 bits."""


def t(pixels: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    photometric = "minisblack" if pixels.ndim == 2 else "rgb"
    tifffile.imwrite(buffer, pixels, metadata=None, **{"photometric": photometric} | options)
    return buffer.getvalue()


def pages(*options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        for each in options:
            file.write(photometric="minisblack", metadata=None, **each)
    return buffer.getvalue()


def heic(pixels: np.ndarray, **options: Any) -> bytes:
    mode = {2: "L", 3: "RGB"}[pixels.ndim] + (";16" if pixels.dtype == np.uint16 else "")
    buffer = io.BytesIO()
    pillow_heif.from_bytes(mode, (WIDTH, HEIGHT), pixels.tobytes()).save(
        buffer, quality=100, chroma=444, **options
    )
    return buffer.getvalue()


def avif(pixels: np.ndarray, bits: int, **options: Any) -> bytes:
    form = "400" if pixels.ndim == 2 else "444"
    return bytes(imagecodecs.avif_encode(pixels, level=100, bitspersample=bits, pixelformat=form, **options))


def jp2(pixels: np.ndarray, bits: int, container: str = "jp2") -> bytes:
    options: dict[str, Any] = {"codecformat": container, "level": 0, "reversible": True}
    return bytes(imagecodecs.jpeg2k_encode(pixels, bitspersample=bits, **options))


def jxl(pixels: np.ndarray, **options: Any) -> bytes:
    return bytes(pyjpegxl.encode_from_numpy(np.ascontiguousarray(pixels), lossless=True, **options))


def hdr_profile() -> bytes:
    """A profile whose tag cicp says HLG: that which libjxl makes for sRGB, changed."""
    return (pyjpegxl.probe(jxl(RGB)).icc or b"").replace(b"cicp\0\0\0\0\1\x0d", b"cicp\0\0\0\0\x09\x12")


def lab_jp2() -> bytes:
    return jp2(RGB, 8).replace(b"colr\1\0\0\0\0\0\x10", b"colr\1\0\0\0\0\0\x0e")


def inked_jp2() -> bytes:
    """Eight bits of ink, which only the profile says."""
    data = jp2(CMYK, 8)
    place = data.index(b"jp2h") - 4
    size = int.from_bytes(data[place : place + 4])
    head = data[place + 8 : data.index(b"colr", place) - 4]
    named = struct.pack(">I4s3B", 15 + len(ink_profile()) - 4, b"colr", 2, 0, 0) + ink_profile()
    header = struct.pack(">I4s", 8 + len(head) + len(named), b"jp2h") + head + named
    return data[:place] + header + data[place + size :]


def profiled_bmp() -> bytes:
    """With a header of version 5, a color profile behind the pixels."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = np.ascontiguousarray(RGB[::-1]).tobytes()  # 80 columns need no padding
    header = struct.pack("<IiiHHIIiiII", 124, WIDTH, HEIGHT, 1, 24, 0, len(pixels), 3780, 3780, 0, 0)
    header += bytes(16) + b"DEBM" + bytes(48) + struct.pack("<4I", 4, 124 + len(pixels), len(profile), 0)
    whole = 14 + len(header) + len(pixels) + len(profile)
    return struct.pack("<2sIII", b"BM", whole, 0, 138) + header + pixels + profile


def p(pixels: np.ndarray | Image.Image, format: str, **options: Any) -> bytes:
    return encoded(pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels), format, **options)


def moving(format: str) -> bytes:
    return p(RGB, format, save_all=True, append_images=[Image.fromarray(RGB[::-1].copy())])


def netpbm(kind: int, pixels: np.ndarray, most: int) -> bytes:
    head = b"P%d\n# Box 12\n%d %d\n%d\n" % (kind, WIDTH, HEIGHT, most)
    if kind < 4:
        return head + b" ".join(b"%d" % value for value in pixels.ravel())
    return head + pixels.astype(">u2" if most > 255 else "u1").tobytes()


def pam(pixels: np.ndarray, words: bytes) -> bytes:
    most = np.iinfo(pixels.dtype).max
    fields = (b"WIDTH %d" % WIDTH, b"HEIGHT %d" % HEIGHT, b"DEPTH %d" % pixels.shape[2], b"MAXVAL %d" % most)
    head = b"\n".join((b"P7", *fields, b"TUPLTYPE " + words, b"ENDHDR", b""))
    return head + pixels.astype(">u2" if most > 255 else "u1").tobytes()


def few(bits: int) -> Any:
    return (GRAY >> (8 - bits)) * (255 / ((1 << bits) - 1))


def low(bits: int, photometric: int) -> bytes:
    values = GRAY >> (8 - bits)
    stored = values if photometric else (1 << bits) - 1 - values
    return tiff(packed(stored, bits), bits, "<", photometric=photometric)


def color_of_4_bits() -> bytes:
    values = np.dstack([GRAY >> 4] * 3).reshape(HEIGHT, -1)
    bits, samples = (258, 3, 3, struct.pack("<3H", 4, 4, 4)), (277, 3, 1, struct.pack("<H", 3))
    return tiff(packed(values, 4), 4, "<", bits, samples, photometric=2)


def lossless_jpeg() -> bytes:
    return bytes(imagecodecs.jpeg8_encode(GRAY, lossless=True))


def jpeg12() -> bytes:
    return bytes(imagecodecs.jpeg8_encode(DEEP >> 4, bitspersample=12))


def ycck() -> bytes:
    light = 255 - CMYK  # as Adobe stores it
    return bytes(imagecodecs.jpeg8_encode(light, level=95, colorspace="CMYK", outcolorspace="YCCK"))


def inked_jpeg() -> bytes:
    return p(Image.fromarray(CMYK, "CMYK"), "JPEG", quality=95, icc_profile=ink_profile())


def inked_tiff(pixels: np.ndarray) -> Callable[[], bytes]:
    return lambda: t(pixels, photometric="separated", iccprofile=ink_profile())


def deep_png(pixels: np.ndarray) -> bytes:
    return bytes(imagecodecs.png_encode(pixels))


def group4() -> bytes:
    return p(Image.fromarray(TWO), "TIFF", compression="group4")


def alpha_tiff() -> bytes:
    return t(np.dstack([RGB_DEEP, ALPHA_DEEP]), extrasamples=["unassalpha"])


def planes() -> bytes:
    return t(np.moveaxis(RGB_DEEP, -1, 0), planarconfig="separate", tile=(16, 16))


def jpeg12_tiff() -> bytes:
    return t(DEEP >> 4, compression="jpeg", bitspersample=12)


def pyramid() -> bytes:
    return pages({"data": GRAY, "subifds": 1}, {"data": GRAY[::2, ::2], "subfiletype": 1})


def transcoded() -> bytes:
    described = segment(0xE1, b"Exif\0\0" + exif(text(315, "J. Smith"))), segment(0xFE, b"Box 12")
    return transcode(with_segments(jpeg("L"), *described))


def float_jxl() -> bytes:
    return bytes(imagecodecs.jpegxl_encode(np.float32(RGB / 255), lossless=True))


def moving_jxl() -> bytes:
    return bytes(imagecodecs.jpegxl_encode(np.stack([RGB, RGB[::-1]])))
