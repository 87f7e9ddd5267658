"""JPEG XL (ISO/IEC 18181): pictures of their own, and JPEGs that were transcoded without loss."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from colorgan.photo.boxes import boxes, find, make_box
from colorgan.photo.coded import Coded, divided
from colorgan.photo.color import DeepPlanes, Planes
from colorgan.photo.damage import PictureError
from colorgan.photo.extra import library
from colorgan.photo.jpeg import CLAIM
from colorgan.photo.jpeg_xl_header import SIGNATURE, Header
from colorgan.photo.metadata import C2PA, Metadata, of_jpeg

CODESTREAM = b"\xff\x0a"


def is_jpeg_xl(data: bytes) -> bool:
    """Whether a file begins as one."""
    return data.startswith((SIGNATURE, CODESTREAM))


def jpeg_in(data: bytes) -> bytes | None:
    """The JPEG that a file was made of, byte for byte; None if it was made of none.

    Raises MissingError, or RuntimeError if the file is damaged.
    """
    if not _is_of_jpeg(data):
        return None
    return bytes(_codec("read").jxl_to_jpeg(data))


def whole_jpeg_in(data: bytes) -> bytes | None:
    """The same; None where a program that edited metadata spoiled it, and left the pixels whole."""
    with suppress(RuntimeError):
        return jpeg_in(data)
    return None


def _is_of_jpeg(data: bytes) -> bool:
    return data.startswith(SIGNATURE) and find(data, b"jbrd") is not None


def besides(data: bytes, jpeg: Metadata) -> tuple[str, ...]:
    """What a file that was made of a JPEG says, and that JPEG does not: it was added later."""
    header = _codec("read").probe(data)
    added = {"EXIF": header.exif and not jpeg.exif, "XMP": header.xmp and not jpeg.xmp, C2PA: CLAIM in data}
    return (*jpeg.besides, *(name for name, is_added in added.items() if is_added))


def transcode(jpeg: bytes) -> bytes:
    """A JPEG XL file that gives this JPEG back, byte for byte; ValueError if it cannot be made."""
    codec, described = _codec("written"), of_jpeg(jpeg)
    try:
        data = bytes(codec.jpeg_to_jxl(jpeg))
        for each in (_readable(data, described.exif, described.xmp), data):
            if bytes(codec.jxl_to_jpeg(each)) == jpeg:
                return each
    except RuntimeError as error:
        raise PictureError(f"the JPEG cannot be transcoded to JPEG XL ({error})") from error
    raise PictureError("the JPEG cannot be transcoded to JPEG XL without loss")


def open_jpeg_xl(data: bytes) -> Coded:
    """The picture, by its pixels; raises MissingError, RuntimeError or ValueError."""
    codec = _codec("read")
    header, codestream = codec.probe(data), Header.of(data)
    if codestream.is_animation:
        raise PictureError(
            "it is an animation, whose frames would flicker in color; save one of them as an image"
        )
    bits, icc = header.bits_per_sample, header.icc or b""
    if icc[16:20] == b"CMYK":
        raise PictureError("it has inks (CMYK), which are not read of JPEG XL; save it as TIFF")
    if header.num_color_channels not in (1, 3):
        raise PictureError(f"it has {header.num_color_channels} color channels")
    if bits > 16:
        raise PictureError(f"its samples have {bits} bits; save it with 8 or 16")
    # The profile that libjxl makes of an enumerated color space is not in the file, but right as well.
    lost = {C2PA: CLAIM in data, "the JPEG that it was made of": _is_of_jpeg(data)}
    besides = tuple(name for name, is_there in lost.items() if is_there)
    described = Metadata(exif=_exif(header.exif), xmp=header.xmp or b"", icc=icc, besides=besides)

    def read() -> npt.NDArray[Any]:
        _, samples = codec.decode_to_numpy(data, dtype="uint8" if bits <= 8 else "uint16")
        return divided(samples) if codestream.is_multiplied else np.asarray(samples)

    whole = 8 if bits <= 8 else 16  # the library scales
    return Coded(
        "JXL",
        header.width,
        header.height,
        header.num_color_channels,
        header.has_alpha,
        whole,
        described,
        read,
        bits,
        is_upright=True,
    )


def pixels_of_head(head: bytes) -> int:
    """Width times height, from the beginning of a file; raises what `open_jpeg_xl` raises."""
    header = _codec("read").probe(head)
    return int(header.width * header.height)


def encode_jpeg_xl(pixels: Planes | DeepPlanes, metadata: Metadata, xmp: bytes, icc: bytes) -> bytes:
    """Encode RGB or RGBA, uint8 or uint16 (H, W, 3 or 4), without loss."""
    codec = _codec("written")
    exif = metadata.upright_exif or None
    data = codec.encode_from_numpy(
        np.ascontiguousarray(pixels),
        lossless=True,
        speed=codec.EncoderSpeed.Falcon,
        exif=exif,
        xmp=xmp,
        icc=icc or None,
    )
    return _readable(bytes(data), metadata.upright_exif, xmp)


def _readable(data: bytes, exif: bytes, xmp: bytes) -> bytes:
    """The file with EXIF and XMP in boxes that are not compressed, which few programs read."""
    plain = {b"Exif": bytes(4) + exif, b"xml ": xmp}  # the place of its beginning comes first
    parts = []
    for box in boxes(data):
        inside = data[box.body : box.body + 4]
        is_packed = box.type == b"brob" and inside in plain
        parts.append(make_box(inside, plain[inside]) if is_packed else data[box.start : box.end])
    return b"".join(parts)


def _exif(block: bytes | None) -> bytes:
    """The block of EXIF; a box has the place of its beginning before it."""
    if not block or block[:2] in (b"II", b"MM"):
        return block or b""
    return block[4 + int.from_bytes(block[:4]) :]


def _codec(done: str) -> Any:
    return library("pyjpegxl", f"JPEG XL is {done}")
