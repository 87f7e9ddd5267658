"""AVIF (AOM, "AV1 Image File Format" 1.1) of 10 and 12 bits; Pillow reads and writes 8."""

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
from colorgan.photo.color import DeepPlanes, Planes
from colorgan.photo.damage import PictureError
from colorgan.photo.extra import library
from colorgan.photo.heif_boxes import besides, check_colors, exif_of
from colorgan.photo.metadata import Metadata, of_other
from colorgan.photo.pillow import open_picture

BITS = (10, 12)
"""Depths of results that have more than 8 bits."""
BT709, SRGB, BT601 = 1, 13, 6
"""What a result without a profile has: primaries, transfer and matrix (ITU-T H.273, tables 2 to 4)."""
SPEED = 6
"""Of the encoder, 0 to 10."""


def is_avif(data: bytes) -> bool:
    """Whether a file begins as one."""
    return data[4:12] in (b"ftypavif", b"ftypavis")


def bits_of(data: bytes) -> int:
    """Bits of a sample, as the configuration of AV1 says (AV1 in ISOBMFF, 2.3.3); 8 if there is none."""
    box = find(data, b"meta", b"iprp", b"ipco", b"av1C")
    flags = data[box.body + 2] if box and box.end - box.body >= 4 else 0
    return 8 if not flags & 64 else 12 if flags & 32 else 10


def open_avif(data: bytes) -> Coded | None:
    """The picture, if it has more than 8 bits a sample; None if Pillow reads all of it.

    Raises ValueError, or what Pillow raises.
    """
    check_colors(data)
    bits = bits_of(data)
    if bits == 8:
        return None
    codec = library("imagecodecs", f"AVIF of {bits} bits is read")
    with open_picture(data) as image:
        if (frames := int(getattr(image, "n_frames", 1))) > 1:
            reason = f"it is an animation of {frames} frames, which would flicker in color"
            raise PictureError(f"{reason}; save one of them as an image")
        size, mode, metadata = image.size, image.mode, metadata_of(image, data)
    has_alpha, channels = "A" in mode, 1 if mode[0] == "L" else 3

    def read() -> npt.NDArray[Any]:
        samples = np.asarray(codec.avif_decode(data, numthreads=1))
        if channels == 1 and samples.ndim == 3:
            return samples[..., [0, -1]] if has_alpha else samples[..., 0]
        if samples.ndim == 3 and samples.shape[2] == 2 and channels == 3:  # gray with transparency
            return samples[..., [0, 0, 0, 1]]
        return samples

    return Coded("AVIF", *size, channels, has_alpha, bits, metadata, read)


def metadata_of(image: Image.Image, data: bytes) -> Metadata:
    """What a file says that Pillow has opened, which writes its EXIF anew if it turns the picture."""
    found = of_other(image)
    turned = replace(found, xmp=b"").orientation
    return replace(found, exif=exif_of(data) or found.exif, turned=turned, besides=besides(data))


def encode_avif(
    pixels: Planes | DeepPlanes, bits: int, quality: int, metadata: Metadata, xmp: bytes, icc: bytes
) -> bytes:
    """Encode RGB or RGBA, uint8, or uint16 in the lower `bits`, (H, W, 3 or 4); `quality` is 1 to 100."""
    if pixels.dtype == np.uint8:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "AVIF", quality=quality, speed=SPEED, max_threads=1)
        return _described(buffer.getvalue(), metadata.upright_exif, xmp, icc)
    codec = library("imagecodecs", f"AVIF of {bits} bits is written")
    data = codec.avif_encode(
        pixels,
        level=quality,
        speed=SPEED,
        bitspersample=bits,
        pixelformat="420",
        primaries=BT709,
        transfer=SRGB,
        matrix=BT601,
        numthreads=1,
    )
    return _described(bytes(data), metadata.upright_exif, xmp, icc)


def _described(data: bytes, exif: bytes, xmp: bytes, icc: bytes) -> bytes:
    """The file with EXIF and XMP as further items, and with a profile (ISO/IEC 14496-12, 8.11)."""
    items = [(b"Exif\0", bytes(4) + exif)] if exif else []  # the place of its beginning comes first
    items.append((b"mime\0application/rdf+xml\0", xmp))
    meta = find(data, b"meta")
    if meta is None:
        raise PictureError("the encoder wrote no header")
    longer = len(_meta(data, items, icc, 0, 0)) - (meta.end - meta.start)
    new = _meta(data, items, icc, longer, len(data) + longer + 8)
    contents = make_box(b"mdat", *(body for _, body in items))
    return data[: meta.start] + new + data[meta.end :] + contents


def _meta(data: bytes, items: list[tuple[bytes, bytes]], icc: bytes, shift: int, at: int) -> bytes:
    """The header for items whose content begins `at`; that of those which are there is moved by `shift`."""
    meta = find(data, b"meta")
    assert meta is not None
    children = {box.type: box for box in boxes(data, meta.body + 4, meta.end)}
    (primary,) = struct.unpack_from(">H", data, children[b"pitm"].body + 4)
    place = children[b"iloc"].body
    version_and_sizes, count = struct.unpack_from(">IHH", data, place)[:2], data[place + 7]
    if version_and_sizes != (0, 0x4400):
        raise PictureError("the encoder wrote places of items in another form")
    at_entry, entries, last = place + 8, b"", 0
    for _ in range(count):
        item, reference, extents = struct.unpack_from(">HHH", data, at_entry)
        entries += struct.pack(">HHH", item, reference, extents)
        for extent in range(extents):
            offset, length = struct.unpack_from(">II", data, at_entry + 6 + 8 * extent)
            entries += struct.pack(">II", offset + shift, length)
        at_entry, last = at_entry + 6 + 8 * extents, max(last, item)
    infos, references = b"", b""
    for number, (type, body) in enumerate(items, last + 1):
        entries += struct.pack(">HHHII", number, 0, 1, at, len(body))
        infos += make_box(b"infe", struct.pack(">IHH", 2 << 24, number, 0), type[:4], b"\0" + type[5:])
        references += make_box(b"cdsc", struct.pack(">HHH", number, 1, primary))
        at += len(body)
    total = count + len(items)
    parts = []
    for box in boxes(data, meta.body + 4, meta.end):
        content = data[box.body : box.end]
        if box.type == b"iloc":
            content = struct.pack(">IHH", 0, 0x4400, total) + entries
        elif box.type == b"iinf":
            content = content[:4] + struct.pack(">H", total) + content[6:] + infos
        elif box.type == b"iref":
            content, references = content + references, b""
        elif box.type == b"iprp" and icc:
            content = _with_profile(data, box.body, box.end, primary, icc)
        parts.append(make_box(box.type, content))
        if box.type == b"iinf" and b"iref" not in children:
            parts.append(make_box(b"iref", bytes(4), references))
    return make_box(b"meta", bytes(4), *parts)


def _with_profile(data: bytes, start: int, end: int, item: int, icc: bytes) -> bytes:
    """The properties with a profile, which belongs to this item."""
    parts, number = [], 0
    for box in boxes(data, start, end):
        content = data[box.body : box.end]
        if box.type == b"ipco":
            number = len(list(boxes(data, box.body, box.end))) + 1
            content += make_box(b"colr", b"prof", icc)
        elif box.type == b"ipma":
            (count,) = struct.unpack_from(">I", content, 4)
            at, entries = 8, b""
            for _ in range(count):
                which, properties = struct.unpack_from(">HB", content, at)
                found = content[at + 3 : at + 3 + properties]
                at += 3 + properties
                found += bytes((number,)) if which == item else b""
                entries += struct.pack(">HB", which, len(found)) + found
            content = content[:8] + entries
        parts.append(make_box(box.type, content))
    return b"".join(parts)
