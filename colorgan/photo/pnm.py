"""Pictures of the PPM family (Netpbm) that Pillow reads with 8 of 16 bits, or not at all: PPM, PAM, PFM."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from colorgan.photo.coded import Coded
from colorgan.photo.damage import PictureError
from colorgan.photo.metadata import Metadata

BLANK = rb"(?:\s|#[^\n]*\n)+"
HEADER = re.compile(rb"P([36])" + 3 * (BLANK + rb"(\d{1,9})") + rb"\s")
COMMENT = re.compile(rb"#[^\n]*")
PAM, END = b"P7\n", b"\nENDHDR\n"
PFM = (b"PF\n", b"Pf\n")
HEAD = 4096
"""Bytes in which a header ends."""
KINDS = {  # PAM's tuple types: channels, and whether transparency follows
    b"BLACKANDWHITE": (1, False),
    b"GRAYSCALE": (1, False),
    b"RGB": (3, False),
    b"BLACKANDWHITE_ALPHA": (1, True),
    b"GRAYSCALE_ALPHA": (1, True),
    b"RGB_ALPHA": (3, True),
}


def is_deep(data: bytes) -> bool:
    """Whether a file that begins so is in color and has more than 8 bits a sample."""
    found = HEADER.match(data[:HEAD])
    return found is not None and 255 < int(found[4]) <= 65535


def open_pnm(data: bytes) -> Coded | None:
    """The picture, if it is a PAM, or in color with more than 8 bits; ValueError for what cannot be read."""
    if data.startswith(PFM):
        raise PictureError("it is a PFM, with floating-point pixels; save it with 8 or 16 bits a channel")
    if data.startswith(PAM):
        return _open_pam(data)
    found = HEADER.match(data[:HEAD])
    if found is None:
        return None
    kind, width, height, most = map(int, found.groups())
    if not 255 < most <= 65535:
        return None
    count, start = 3 * width * height, found.end()
    described = Metadata(comment=comment_of_pnm(data))
    if kind == 6:
        return _raw(data, start, width, height, 3, False, most, described)
    if len(data) < start + 2 * count - 1:  # a digit and a blank for each
        raise PictureError("it is cut short")

    def read() -> npt.NDArray[Any]:
        numbers = COMMENT.sub(b"", data[start:]).split(maxsplit=count)[:count]
        if len(numbers) < count:
            raise PictureError("it is cut short")
        return _scaled(np.array(numbers, np.uint64).reshape(height, width, 3), most)

    return Coded("PPM", width, height, 3, False, 16, described, read)


def comment_of_pnm(data: bytes) -> bytes:
    """The lines of comment in the header of a file of this family."""
    found = re.match(rb"P[1-6](?:" + BLANK + rb"\d+){2,3}", data[:HEAD])
    lines = COMMENT.findall(found[0]) if found else []
    return b"\n".join(line[1:].strip() for line in lines)


def _open_pam(data: bytes) -> Coded:
    end = data.find(END, 0, HEAD)
    lines = [line.split(maxsplit=1) for line in data[: max(end, 0)].splitlines()[1:]]
    fields = {words[0]: words[1] for words in lines if len(words) == 2}
    try:
        width, height, depth, most = (
            int(fields[name]) for name in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL")
        )
    except (KeyError, ValueError) as error:
        raise PictureError("its header is damaged") from error
    usual = {1: (1, False), 2: (1, True), 3: (3, False), 4: (3, True)}.get(depth, (0, False))
    channels, has_alpha = KINDS.get(fields.get(b"TUPLTYPE", b"").strip(), usual)
    if channels + has_alpha != depth or not 0 < most <= 65535 or min(width, height) < 0:
        raise PictureError(f"it is a PAM of {depth} channels up to {most}, which is not read; save it as PPM")
    comment = b"\n".join(line[1:].strip() for line in COMMENT.findall(data[:end]))
    start = end + len(END)
    return _raw(data, start, width, height, channels, has_alpha, most, Metadata(comment=comment))


def _raw(
    data: bytes,
    start: int,
    width: int,
    height: int,
    channels: int,
    has_alpha: bool,
    most: int,
    metadata: Metadata,
) -> Coded:
    samples = channels + has_alpha
    count, kind = samples * width * height, np.dtype(">u2" if most > 255 else "u1")
    if len(data) < start + kind.itemsize * count:
        raise PictureError("it is cut short")

    def read() -> npt.NDArray[Any]:
        found = np.frombuffer(data, kind, count, start).reshape(height, width, samples)
        return _scaled(found, most)

    bits = 16 if most > 255 else 8
    return Coded("PPM", width, height, channels, has_alpha, bits, metadata, read)


def _scaled(samples: npt.NDArray[Any], most: int) -> npt.NDArray[Any]:
    """From 0 to `most`, to uint8 or uint16 of the full range."""
    to, type = (65535, np.uint16) if most > 255 else (255, np.uint8)
    table = ((np.arange(most + 1) * to + most // 2) // most).astype(type)
    return np.asarray(table[np.minimum(samples, most)])
