"""JPEG files: their segments, and what must be known of a grayscale one (ITU-T T.81)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Markers, T.81, table B.1.
SOF0, SOF1, SOF2 = 0xC0, 0xC1, 0xC2
SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
DHT, DQT, DNL, DRI = 0xC4, 0xDB, 0xDC, 0xDD
APP1, APP2, APP11, APP14, COM = 0xE1, 0xE2, 0xEB, 0xEE, 0xFE
FRAMES = frozenset(range(0xC0, 0xD0)) - {DHT, 0xC8, 0xCC}  # all SOF; C8 is reserved, CC is DAC
FRAMES_THAT_JOIN = {SOF0: "baseline", SOF1: "extended sequential", SOF2: "progressive"}  # with Huffman coding
DESCRIBING = frozenset({*range(0xE0, 0xF0), COM})
"""Segments that describe the picture and are not needed to decode it: APP0 to APP15 and COM."""

MARKER = re.compile(rb"\xff+([^\x00\xff])")  # any marker may have fill bytes before it (B.1.1.2)

LONGEST = 65535 - 2
"""Bytes that a segment can hold besides its length (B.1.1.4)."""

XMP = b"http://ns.adobe.com/xap/1.0/\0"
"""How the APP1 segment with XMP begins (XMP specification, part 3, 1.1.3)."""

ICC = b"ICC_PROFILE\0"
"""How the APP2 segments with a color profile begin; their number and count follow (ICC.1:2022, B.4)."""

ADOBE = b"Adobe"
YCC = b"\x01"  # the transform of APP14 that says YCbCr (T.872, 6.5.3)


class JpegError(ValueError):
    """What keeps a file from being joined or undone."""


@dataclass(frozen=True)
class Segment:
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
    if data[:2] != b"\xff\xd8":
        raise JpegError("it does not begin as a JPEG")
    segments: list[Segment] = []
    at, ends_of_scans = 2, _markers_after_scans(data)
    while not segments or segments[-1].marker != EOI:
        found = MARKER.match(data, at)
        if found is None:
            raise JpegError(f"there is no marker at byte {at}")
        marker, body = found[1][0], found.end()
        if marker == EOI:
            segments.append(Segment(EOI, at, body, body, body))
            break
        end = body + int.from_bytes(data[body : body + 2])
        if marker < SOF0 or marker in range(0xD0, SOI + 1) or end < body + 2 or end > len(data):
            raise JpegError(f"its segment at byte {at} is damaged")
        scan_end = end
        if marker == SOS:
            following = np.searchsorted(ends_of_scans, end)
            if following == len(ends_of_scans):
                raise JpegError("it ends within a scan")
            scan_end = int(ends_of_scans[following])
            while scan_end > end and data[scan_end - 1] == 0xFF:  # fill bytes
                scan_end -= 1
        segments.append(Segment(marker, at, body + 2, end, scan_end))
        at = scan_end
    return segments


def _markers_after_scans(data: bytes) -> npt.NDArray[np.intp]:
    """Where a scan may end: at FF, but FF00 is a byte FF of it, and FFD0 to FFD7 restart it (B.1.1.5)."""
    values = np.frombuffer(data, np.uint8)
    at = np.flatnonzero(values[:-1] == 0xFF)
    code = values[at + 1]
    goes_on = (code == 0) | (code == 0xFF) | ((code >= 0xD0) & (code <= 0xD7))
    return np.asarray(at[~goes_on], dtype=np.intp)


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
