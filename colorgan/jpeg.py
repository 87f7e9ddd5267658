"""JPEG files: their segments, and chroma laid beside a luma that stays as it is (ITU-T T.81).

A grayscale JPEG has one component. A colour JPEG has three, which may have scans of their own (T.81, A.2.2):
so the gray file's scans stay byte for byte and become those of Y, and Cb and Cr are added after them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Markers, T.81, table B.1.
SOF0, SOF1, SOF2, DHT, SOI, EOI, SOS, DQT, DNL, DRI = (
    0xC0,
    0xC1,
    0xC2,
    0xC4,
    0xD8,
    0xD9,
    0xDA,
    0xDB,
    0xDC,
    0xDD,
)
APP1, APP11, APP14, COM = 0xE1, 0xEB, 0xEE, 0xFE
FRAMES = frozenset(range(0xC0, 0xD0)) - {DHT, 0xC8, 0xCC}  # all SOF; C8 is reserved, CC is DAC
FRAMES_THAT_JOIN = {SOF0: "baseline", SOF1: "extended sequential", SOF2: "progressive"}  # with Huffman coding
DESCRIBING = frozenset({*range(0xE0, 0xF0), COM})
"""Segments that describe the picture and are not needed to decode it: APP0 to APP15 and COM."""

MARKER = re.compile(rb"\xff+([^\x00\xff])")  # any marker may have fill bytes before it (B.1.1.2)

LONGEST = 65535 - 2
"""Bytes that a segment can hold besides its length (B.1.1.4)."""

RECORD = b"colorgan\0"
"""How the APP11 segments begin that tell how to take the colour away again."""

XMP = b"http://ns.adobe.com/xap/1.0/\0"
"""How the APP1 segment with XMP begins (XMP specification, part 3, 1.1.3)."""

ADOBE = b"Adobe"
YCC = b"\x01"  # the transform of APP14 that says YCbCr (T.872, 6.5.3)


class JpegError(ValueError):
    """What keeps a file from being joined or undone."""


class NoRecordError(JpegError):
    """The file has no record of a grayscale original."""


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
        return next((self.data[s.body + len(XMP) : s.end] for s in self.segments if self._is_xmp(s)), None)

    def _is_xmp(self, segment: Segment) -> bool:
        return segment.marker == APP1 and self.data.startswith(XMP, segment.body)


@dataclass(frozen=True)
class _Part:
    """A stretch of a joined file: its bytes, and those that the gray file has in their place."""

    now: bytes
    before: bytes


def join(gray: GrayJpeg, cb: GrayJpeg, cr: GrayJpeg, xmp: bytes | None = None) -> bytes:
    """Add chroma to a grayscale JPEG: a colour JPEG (4:2:0) in which its scans stand byte for byte.

    `cb` and `cr` are grayscale JPEGs of ceil(width / 2) x ceil(height / 2) pixels (T.81, A.1.1), of one
    quantisation table, progressive if `gray` is. `xmp` takes the place of the XMP that there is. `undo` gives
    the grayscale file back. Raises JpegError.
    """
    half = (-(-gray.width // 2), -(-gray.height // 2))
    for plane in (cb, cr):
        if (plane.width, plane.height) != half or plane.is_progressive != gray.is_progressive:
            raise JpegError("the chroma planes do not fit the luma")
    leading = next(at for at, segment in enumerate(gray.segments) if segment.marker not in DESCRIBING)
    before = [_same(gray.data[:2]), *_rewritten(gray, gray.segments[:leading], xmp)]
    if xmp is not None and gray.xmp is None:
        before.append(_added(_segment(APP1, XMP + xmp)))
    after = [*_rewritten(gray, gray.segments[leading:-1], xmp), *_chroma(gray, cb, cr)]
    after.append(_same(gray.data[gray.segments[-1].start :]))  # EOI, and whatever follows it
    record = map(_added, _record(gray.data, before, after))
    joined = b"".join(part.now for part in (*before, *record, *after))
    if undo(joined) != gray.data:
        raise JpegError("the colour could not be taken away again")
    return joined


def undo(joined: bytes) -> bytes:
    """Give the grayscale file to which `join` added chroma; raises JpegError if that is not possible.

    As the record in the file has the SHA-256 of the grayscale one, what comes is that file or nothing.
    """
    records = (
        [segment for segment in parse(joined) if _is_record(joined, segment)] if RECORD in joined else []
    )
    if not records:
        raise NoRecordError("it holds no record of a grayscale original")
    try:
        packed = b"".join(joined[segment.body + len(RECORD) : segment.end] for segment in records)
        # The gray file cannot be longer than the joined one, nor can what is said of it.
        record = json.loads(zlib.decompressobj().decompress(packed, 2 * len(joined)))
        stretches, at, length = [], 0, 0
        for kept, dropped, put in record["edits"]:
            at = records[-1].end if at == records[0].start else at
            stretches += [joined[at : at + kept], base64.b64decode(put)]
            at += kept + dropped
            length += kept
            if min(kept, dropped) < 0 or length > len(joined):
                raise JpegError("its record is damaged")
        gray, expected = b"".join(stretches), record["sha256"]
    except (zlib.error, ValueError, KeyError, TypeError, RecursionError) as error:
        raise JpegError("its record is damaged") from error
    if hashlib.sha256(gray).hexdigest() != expected:
        raise JpegError("it was changed since it was coloured")
    return gray


def _is_record(data: bytes, segment: Segment) -> bool:
    return segment.marker == APP11 and data.startswith(RECORD, segment.body)


def _segment(marker: int, body: bytes) -> bytes:
    """A whole segment (T.81, B.1.1.4)."""
    if len(body) > LONGEST:
        raise JpegError("its metadata does not fit into a segment")
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body


def _same(data: bytes) -> _Part:
    return _Part(data, data)


def _added(data: bytes) -> _Part:
    return _Part(data, b"")


def _rewritten(gray: GrayJpeg, segments: Iterable[Segment], xmp: bytes | None) -> Iterator[_Part]:
    """Segments of the gray file, with what must change in a colour file."""
    for segment in segments:
        old = gray.data[segment.start : segment.scan_end]
        body = gray.data[segment.body : segment.end]
        if segment is gray.frame:  # B.2.2: Y has the identifier 1 and is sampled 2 x 2
            table, slot = body[8], _slot(gray)
            components = bytes((3, 1, 0x22, table, 2, 0x11, slot, 3, 0x11, slot))
            yield _Part(_segment(segment.marker, body[:5] + components), old)
        elif segment.marker == SOS:  # B.2.3: its second byte is the identifier
            at = segment.body - segment.start + 1
            yield from (_same(old[:at]), _Part(b"\x01", old[at : at + 1]), _same(old[at + 1 :]))
        elif xmp is not None and gray._is_xmp(segment):
            yield _Part(_segment(APP1, XMP + xmp), old)
        elif segment.marker == APP14 and body.startswith(ADOBE) and len(body) >= 12:
            yield _Part(_segment(APP14, body[:11] + YCC + body[12:]), old)  # as none, they would be RGB
        else:
            yield _same(old)


def _slot(gray: GrayJpeg) -> int:
    """A slot for the quantisation table of chroma that luma does not use."""
    return (gray.data[gray.frame.body + 8] + 1) % 4


def _chroma(gray: GrayJpeg, *planes: GrayJpeg) -> Iterator[_Part]:
    """Tables and scans of the chroma planes; Huffman tables are defined anew before each of them."""
    if gray.restarts:
        yield _added(_segment(DRI, b"\0\0"))
    for identifier, plane in enumerate(planes, start=2):
        for segment in plane.segments:
            body = plane.data[segment.body : segment.end]
            if segment.marker == DQT and identifier == 2:  # B.2.4.1: the slot is in the first byte
                yield _added(_segment(DQT, bytes((body[0] & 0xF0 | _slot(gray),)) + body[1:]))
            elif segment.marker == DHT:
                yield _added(_segment(DHT, body))
            elif segment.marker == SOS:
                header = _segment(SOS, bytes((1, identifier)) + body[2:])
                yield _added(header + plane.data[segment.end : segment.scan_end])


def _record(original: bytes, before: list[_Part], after: list[_Part]) -> Iterator[bytes]:
    """APP11 segments that say how to get the original: bytes to keep, to drop, and to put in their place."""
    edits = [*_edits(before), *_edits(after)]
    record = {"sha256": hashlib.sha256(original).hexdigest(), "edits": edits}
    packed, room = zlib.compress(json.dumps(record).encode()), LONGEST - len(RECORD)
    for at in range(0, len(packed), room):
        yield _segment(APP11, RECORD + packed[at : at + room])


def _edits(parts: Iterable[_Part]) -> Iterator[tuple[int, int, str]]:
    kept = 0
    for part in parts:
        if part.now == part.before:
            kept += len(part.now)
        else:
            yield kept, len(part.now), base64.b64encode(part.before).decode()
            kept = 0
    yield kept, 0, ""
