"""JPEG 2000 (ISO/IEC 15444-1): its boxes, samples of more than 8 bits, and lossless results."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from colorgan.photo.boxes import boxes, find, make_box
from colorgan.photo.coded import Coded
from colorgan.photo.color import CB_TO_BLUE, CR_TO_RED, DeepPlanes, Planes
from colorgan.photo.damage import PictureError
from colorgan.photo.extra import library
from colorgan.photo.metadata import CENTIMETERS, Density, Metadata
from colorgan.photo.pillow import load, open_picture

SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
CODESTREAM = b"\xff\x4f\xff\x51"
"""Its first markers, SOC and SIZ (A.4.1, A.5.1)."""

XMP_ID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""Of the box with XMP (XMP specification, part 3, 1.1.2)."""
EXIF_ID = b"JpgTiffExif->JP2"
IPTC_ID = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
PHOTOSHOP_ID = bytes.fromhex("2c4c0100850440b9a03e562148d6dfeb")
"""Of boxes with IPTC and with Photoshop's resources, as exiftool has them."""
CMYK, SRGB, GRAY, SYCC = 12, 16, 17, 18  # enumerated color spaces (I.5.3.3; 15444-2, M.11.7.3)
UNREAD_SPACES = {11: "CMY", 13: "YCCK", 14: "CIE L*a*b*", 19: "CIE Jab", 20: "e-sRGB", 24: "e-sYCC"}
RESTRICTED, ANY_ICC = 2, 3
"""How a box of color says that a profile follows."""


def is_jpeg2000(data: bytes) -> bool:
    """Whether a file begins as one."""
    return data.startswith((SIGNATURE, CODESTREAM))


def open_jpeg2000(data: bytes) -> Coded | None:
    """The picture, unless it has 8 bits a sample: then None, as Pillow reads all of it.

    Raises ValueError or struct.error.
    """
    codestream = _codestream(data)
    width, height, left, top = struct.unpack_from(">4I", data, codestream + 8)
    (count,) = struct.unpack_from(">H", data, codestream + 40)
    header = find(data, b"jp2h", b"ihdr") if codestream else None
    # Pillow makes room for what one of them says, and OpenJPEG decodes what the other does.
    if header and struct.unpack_from(">2I", data, header.body) != (height - top, width - left):
        raise PictureError("its headers tell two sizes")
    depths = [data[codestream + 42 + 3 * number] for number in range(count)]
    if not depths:
        raise PictureError("it has no components")
    space, is_named = _space(data, codestream, count)
    if space in UNREAD_SPACES:
        raise PictureError(f"its colors are {UNREAD_SPACES[space]}, which is not read; save it as TIFF")
    if count > 4:
        raise PictureError(f"it has {count} components, which is neither gray nor color; save it as TIFF")
    if max(depths) == 7 and (is_named or space != CMYK):
        return None
    if any(depth & 128 for depth in depths):
        raise PictureError("its samples have a sign; save it without")
    if len(set(depths)) > 1 or (bits := depths[0] + 1) > 16:
        raise PictureError("its samples have more than 16 bits or different depths; save it as TIFF")
    has_alpha = count in (2, 4) and space != CMYK
    kind = f"of {bits} bits" if bits != 8 else "with inks"
    codec = library("imagecodecs", f"JPEG 2000 {kind} is read") if bits >= 8 else None

    def read() -> npt.NDArray[Any]:
        if codec is None:
            return _few_bits(data, bits, (width - left, height - top))
        samples = np.asarray(codec.jpeg2k_decode(data, numthreads=1))
        return _rgb_of_ycc(samples, bits) if space == SYCC else samples

    channels = count - has_alpha
    found = metadata_of(data)
    return Coded("JPEG2000", width - left, height - top, channels, has_alpha, bits, found, read)


def metadata_of(data: bytes) -> Metadata:
    """What the boxes say; nothing is in a bare codestream."""
    found, own = Metadata(), list[bytes]()
    for box in boxes(data) if data.startswith(SIGNATURE) else ():
        body = data[box.body : box.end]
        if box.type == b"jp2h":
            for inner in boxes(data, box.body, box.end):
                inside = data[inner.body : inner.end]
                if inner.type == b"colr" and inside[:1] in (b"\2", b"\3"):
                    found = replace(found, icc=found.icc or inside[3:])
                elif inner.type == b"res ":
                    found = replace(found, density=_density(data, inner.body, inner.end) or found.density)
        elif box.type == b"uuid" and body.startswith(XMP_ID):
            found = replace(found, xmp=body[16:])
        elif box.type == b"uuid" and body.startswith(EXIF_ID):
            found = replace(found, exif=body[16:])
        elif box.type == b"uuid" and body.startswith(IPTC_ID):
            found = replace(found, iptc=body[16:])
        elif box.type == b"uuid" and body.startswith(PHOTOSHOP_ID):
            found = replace(found, photoshop=body[16:])
        elif box.type == XML:
            own.append(data[box.start : box.end])
    return replace(found, own=tuple(own))


def encode_jpeg2000(
    pixels: Planes | DeepPlanes, bits: int, metadata: Metadata, xmp: bytes, icc: bytes
) -> bytes:
    """Encode RGB or RGBA, uint8, or uint16 in the lower `bits`, (H, W, 3 or 4), without loss."""
    if pixels.dtype == np.uint8:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG2000", irreversible=False, mct=1)
        data = buffer.getvalue()
    else:
        codec = library("imagecodecs", f"JPEG 2000 of {bits} bits is written")
        data = codec.jpeg2k_encode(
            pixels, codecformat="jp2", level=0, reversible=True, bitspersample=bits, numthreads=1
        )
    return _described(bytes(data), pixels.shape[2] == 4, metadata, xmp, icc)


def _described(data: bytes, has_alpha: bool, metadata: Metadata, xmp: bytes, icc: bytes) -> bytes:
    """The file with a header that says what its colors are, and boxes that describe it."""
    parts = []
    for box in boxes(data):
        if box.type != b"jp2h":
            parts.append(data[box.start : box.end])
        if box.type != b"jp2h":
            continue
        inner = [data[each.start : each.end] for each in boxes(data, box.body, box.end) if each.type in KEPT]
        if icc:
            inner.append(make_box(b"colr", bytes((RESTRICTED, 0, 0)), icc))
        else:
            inner.append(make_box(b"colr", struct.pack(">BBBI", 1, 0, 0, SRGB)))
        if has_alpha:  # components 0 to 2 are colors 1 to 3; the last is opacity of the whole
            places = ((0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 1, 0))
            table = b"".join(struct.pack(">3H", *place) for place in places)
            inner.append(make_box(b"cdef", struct.pack(">H", 4), table))
        if (density := metadata.resolution) and density.unit != 1:
            across, down = (round(100 * side) for side in density.per_centimeter)
            body = struct.pack(">4H2b", *_fraction(down), *_fraction(across), 0, 0)
            inner.append(make_box(b"res ", make_box(b"resc", body)))
        parts.append(make_box(b"jp2h", *inner))
        if metadata.exif:
            parts.append(make_box(b"uuid", EXIF_ID, metadata.upright_exif))
        parts.append(make_box(b"uuid", XMP_ID, xmp))
        for id, content in ((IPTC_ID, metadata.iptc), (PHOTOSHOP_ID, metadata.photoshop)):
            parts += [make_box(b"uuid", id, content)] if content else []
        parts += [each for each in metadata.own if each[4:8] == XML]  # of a JPEG 2000 file
    return b"".join(parts)


KEPT = (b"ihdr", b"bpcc")
XML = b"xml "


def _fraction(side: int) -> tuple[int, int]:
    """Pixels a meter, as 16 bits over 16 bits."""
    below = 1 + side // 65536
    return max(1, min(65535, side * 1 // below)) if below > 1 else max(1, side), 1 if below == 1 else below


def _codestream(data: bytes) -> int:
    """Where it begins; ValueError if there is none."""
    if data.startswith(CODESTREAM):
        return 0
    box = find(data, b"jp2c")
    at = box.body if box else data.find(CODESTREAM)  # a cut file has no whole box
    if at < 0 or not data.startswith(CODESTREAM, at):
        raise PictureError("it holds no codestream")
    return at


def _space(data: bytes, codestream: int, count: int) -> tuple[int, bool]:
    """The color space by its number, and whether that is in the file.

    Else a profile for inks, or the number of components, suggests it.
    """
    header = find(data, b"jp2h") if codestream else None
    for box in boxes(data, header.body, header.end) if header else ():
        if box.type == b"colr" and data[box.body] == 1 and box.end - box.body >= 7:
            return int.from_bytes(data[box.body + 3 : box.body + 7]), True
        if box.type == b"colr" and data[box.body + 19 : box.body + 23] == b"CMYK" and count == 4:
            return CMYK, False
    return GRAY if count < 3 else SRGB, False


def _density(data: bytes, start: int, end: int) -> Density | None:
    for box in boxes(data, start, end):
        if box.end - box.body >= 10:
            down, down_below, across, across_below, e_down, e_across = struct.unpack_from(
                ">4H2b", data, box.body
            )
            if down and down_below and across and across_below:
                x, y = across / across_below * 10.0**e_across, down / down_below * 10.0**e_down
                return Density(x / 100, y / 100, CENTIMETERS)
    return None


def _few_bits(data: bytes, bits: int, size: tuple[int, int]) -> npt.NDArray[Any]:
    """Samples of less than 8 bits, which Pillow gives in the upper bits, so that white were gray."""
    with open_picture(data) as image:
        if image.size != size:
            raise PictureError("its headers tell two sizes")
        return np.asarray(load(image)) >> (8 - bits)


def _rgb_of_ycc(samples: npt.NDArray[Any], bits: int) -> npt.NDArray[Any]:
    """RGB of full-range YCbCr; what follows stays."""
    middle, most = 1 << (bits - 1), (1 << bits) - 1
    luma, blue, red = (samples[..., number].astype(np.float32) for number in range(3))
    blue, red = (blue - middle) * CB_TO_BLUE, (red - middle) * CR_TO_RED
    green = -(0.299 * red + 0.114 * blue) / 0.587
    rgb = np.stack([luma + red, luma + green, luma + blue], axis=-1)
    fitted = np.rint(rgb).clip(0, most).astype(samples.dtype)
    return np.dstack([fitted, samples[..., 3:]])
