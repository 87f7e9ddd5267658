"""JPEG files: their segments, and what must be known of a grayscale one (ITU-T T.81)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from colorgan.photo.damage import PictureError

# Markers, T.81, table B.1.
SOF0, SOF1, SOF2, SOF3 = 0xC0, 0xC1, 0xC2, 0xC3
SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
DHT, DQT, DNL, DRI = 0xC4, 0xDB, 0xDC, 0xDD
APP0, APP1, APP2, APP11, APP13, APP14, COM = 0xE0, 0xE1, 0xE2, 0xEB, 0xED, 0xEE, 0xFE
SIGNATURE, END = b"\xff\xd8", b"\xff\xd9"
BEFORE = b"\0\t\n\r "
"""Bytes that a transfer may have put before a file."""
FRAMES = frozenset(range(0xC0, 0xD0)) - {DHT, 0xC8, 0xCC}  # all SOF; C8 is reserved, CC is DAC
FRAMES_THAT_JOIN = {SOF0: "baseline", SOF1: "extended sequential", SOF2: "progressive"}  # with Huffman coding
LOSSLESS_FRAMES = frozenset((0xC3, 0xC7, 0xCB, 0xCF))
LS_FRAME = 0xF7  # of JPEG-LS (ITU-T T.87)
DESCRIBING = frozenset({*range(0xE0, 0xF0), COM})
"""Segments that describe the picture and are not needed to decode it: APP0 to APP15 and COM."""

TABLES_AND_SCANS = frozenset({DHT, DQT, DRI, SOS})
"""Segments between the scans of a progressive file."""

MARKER = re.compile(rb"\xff+([^\x00\xff])")  # any marker may have fill bytes before it (B.1.1.2)

END_OF_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""Where a scan may end: at FF, but FF00 is a byte FF of it, and FFD0 to FFD7 restart it (B.1.1.5)."""

LONGEST = 65535 - 2
"""Bytes that a segment can hold besides its length (B.1.1.4)."""

XMP = b"http://ns.adobe.com/xap/1.0/\0"
"""How the APP1 segment with XMP begins (XMP specification, part 3, 1.1.3)."""

XMP_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
"""How those with an extended packet begin (1.1.3.1)."""

ICC = b"ICC_PROFILE\0"
"""How the APP2 segments with a color profile begin; their number and count follow (ICC.1:2022, B.4)."""

PHOTOSHOP = b"Photoshop 3.0\0"
"""How the APP13 segments with Photoshop's resources begin, which hold IPTC."""

RECORD = b"colorgan\0"
"""How the APP11 segments begin that tell how to take the color away again."""

MPF = b"MPF\0"
"""How the APP2 segment begins that says where further pictures are (CIPA DC-007)."""

BOUND = (RECORD, MPF, b"JFXX\0")
"""How segments begin that hold for one coding of the picture only."""

BOX = b"JP"
"""How the APP11 segments begin that hold boxes; two bytes of a number follow (ISO/IEC 19566-5, D.2)."""
CLAIM = b"jumdc2pa"
"""In every C2PA manifest: the kind of the box that holds it. It is about the bytes of a whole file."""

ADOBE = b"Adobe"
YCC = b"\x01"  # the transform of APP14 that says YCbCr (T.872, 6.5.3)


class JpegError(PictureError):
    """What keeps a file from being joined or undone."""


class CutError(JpegError):
    """The end of the file is missing."""

    def __init__(self, at: int) -> None:
        super().__init__("its end is missing")
        self.at = at
        """Where what is whole of it ends."""


class Segment(NamedTuple):
    """A marker and what belongs to it: its own bytes from `start`, those after its length from `body`."""

    marker: int
    start: int
    body: int
    end: int
    """End of the segment itself."""
    scan_end: int
    """End of the entropy-coded data that follows an SOS; else the same as `end`."""


def parse(data: bytes) -> list[Segment]:
    """The segments of the first image in the file, EOI included (T.81, B.2.1); raises JpegError."""
    return list(walk(data))


def walk(data: bytes) -> Iterator[Segment]:
    """The same one by one, before the file's damage is met."""
    if data[:2] != SIGNATURE:
        raise JpegError("it does not begin as a JPEG")
    at = 2
    while True:
        found = MARKER.match(data, at)
        if found is None:
            raise CutError(at) if at >= len(data) - 1 else JpegError(f"there is no marker at byte {at}")
        marker, body = found[1][0], found.end()
        if marker == EOI:
            yield Segment(EOI, at, body, body, body)
            return
        end = body + int.from_bytes(data[body : body + 2])
        if marker in TABLES_AND_SCANS and max(end, body + 2) > len(data):
            raise CutError(at)
        if marker < SOF0 or marker in range(0xD0, SOI + 1) or end < body + 2 or end > len(data):
            raise JpegError(f"its segment at byte {at} is damaged")
        scan_end = end
        if marker == SOS:
            following = END_OF_SCAN.search(data, end)
            if following is None:
                raise CutError(len(data))
            scan_end = following.start()
            while scan_end > end and data[scan_end - 1] == 0xFF:  # fill bytes
                scan_end -= 1
        yield Segment(marker, at, body + 2, end, scan_end)
        at = scan_end


def header(data: bytes) -> list[Segment]:
    """The segments before the first scan, as far as they can be read."""
    segments: list[Segment] = []
    with suppress(JpegError):
        segments += takewhile(lambda segment: segment.marker != SOS, walk(data))
    return segments


def claims(data: bytes, segments: Sequence[Segment]) -> frozenset[int]:
    """Where the segments begin that hold a C2PA manifest (C2PA 2.1, A.3.1)."""
    boxes = [each for each in segments if each.marker == APP11 and data.startswith(BOX, each.body)]
    numbers = {data[each.body + 2 : each.body + 4] for each in boxes if CLAIM in data[each.body : each.end]}
    return frozenset(each.start for each in boxes if data[each.body + 2 : each.body + 4] in numbers)


def unusual(data: bytes) -> str:
    """What a file is that decoders of JPEG do not read, such as a JPEG of 12 bits; empty for any other."""
    for segment in header(data):
        if segment.marker == LS_FRAME:
            return "JPEG-LS"
        if segment.marker in LOSSLESS_FRAMES:
            return "" if is_lossless(data) else "lossless JPEG"
        if segment.marker in FRAMES and (bits := data[segment.body]) in range(9, 17):
            return f"JPEG of {bits} bits"
    return ""


def is_lossless(data: bytes) -> bool:
    """Whether a file is coded without loss, of 8 bits and with Huffman codes, which libjpeg-turbo reads."""
    frame = next((segment for segment in header(data) if segment.marker in FRAMES), None)
    return frame is not None and frame.marker == SOF3 and data[frame.body] == 8


def for_decoders(data: bytes) -> tuple[bytes, bool]:
    """The file as decoders take it, and whether its end is missing.

    What stands before it is left out. A height that follows the first scan (DNL, B.2.5) is put into the
    frame. A file that was cut gets an end, so that the rest of it is decoded.
    """
    start = 0 if data.startswith(SIGNATURE) else len(data) - len(data.lstrip(BEFORE))
    data = data[start:] if start else data
    try:
        frame = next((segment for segment in header(data) if segment.marker in FRAMES), None)
        if frame and data[frame.body + 1 : frame.body + 3] == b"\0\0":
            line = next(segment for segment in walk(data) if segment.marker == DNL)
            height = data[line.body : line.body + 2]
            data = data[: frame.body + 1] + height + data[frame.body + 3 : line.start] + data[line.end :]
        if not data.endswith(END):
            parse(data)
    except CutError as error:
        return data[: error.at] + END, True
    except (JpegError, StopIteration):
        pass
    return data, False


@dataclass(frozen=True)
class GrayJpeg:
    """A grayscale JPEG whose luma can stay as it is."""

    data: bytes
    segments: list[Segment]
    frame: Segment
    width: int
    height: int

    @classmethod
    def parse(cls, data: bytes) -> GrayJpeg:
        """Look at the file; raises JpegError with the reason if chroma cannot be joined to it.

        It can if it has one frame of one 8-bit component (T.81, B.2.2), sequential or progressive with
        Huffman coding, and says its height there.
        """
        segments = parse(data)
        frames = [segment for segment in segments if segment.marker in FRAMES]
        if len(frames) != 1 or frames[0].marker not in FRAMES_THAT_JOIN:
            raise JpegError("it is coded neither sequentially nor progressively with Huffman codes")
        frame = frames[0]
        precision, components = data[frame.body], data[frame.body + 5 : frame.end]
        height, width = (int.from_bytes(data[frame.body + at : frame.body + at + 2]) for at in (1, 3))
        if precision != 8 or len(components) != 4 or components[0] != 1:
            raise JpegError("it has not one component of 8 bits")
        if not height or not width or any(segment.marker == DNL for segment in segments):
            raise JpegError("its frame does not say its size")
        scans = [segment for segment in segments if segment.marker == SOS]
        if not scans or any(data[scan.body : scan.body + 2] != components[:2] for scan in scans):
            raise JpegError("its scans do not fit its frame")
        return cls(data, segments, frame, width, height)

    @property
    def is_progressive(self) -> bool:
        """Whether what is joined must be progressive, too."""
        return self.frame.marker == SOF2

    @property
    def restarts(self) -> bool:
        """Whether restart markers are in force at its end (T.81, B.2.4.4)."""
        intervals = [segment for segment in self.segments if segment.marker == DRI]
        return bool(intervals) and self.data[intervals[-1].body : intervals[-1].end] != b"\0\0"

    @property
    def xmp(self) -> bytes | None:
        """The XMP packet that it holds."""
        return next((self.data[s.body + len(XMP) : s.end] for s in self.segments if self.is_xmp(s)), None)

    def is_xmp(self, segment: Segment) -> bool:
        """Whether a segment of the file holds XMP."""
        return segment.marker == APP1 and self.data.startswith(XMP, segment.body)


def make_segment(marker: int, body: bytes) -> bytes:
    """A whole segment (T.81, B.1.1.4)."""
    if len(body) > LONGEST:
        raise JpegError("its metadata does not fit into a segment")
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body
