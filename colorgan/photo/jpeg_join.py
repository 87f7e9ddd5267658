"""Join chroma to a grayscale JPEG that stays as it is, and take it away again (ITU-T T.81).

A color JPEG may have separate scans for its three components (T.81, A.2.2). The gray file's scans stay byte
for byte and become those of Y; Cb and Cr are added after them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from colorgan.photo.jpeg import (
    ADOBE,
    APP1,
    APP2,
    APP11,
    APP14,
    BOX,
    DESCRIBING,
    DHT,
    DQT,
    DRI,
    ICC,
    LONGEST,
    RECORD,
    SOS,
    XMP,
    XMP_EXTENSION,
    YCC,
    GrayJpeg,
    JpegError,
    Segment,
    claims,
    header,
    make_segment,
    parse,
)

LONGEST_RECORD = 1 << 25
"""Bytes of an unpacked record: it may hold a color profile, of which there can be 255 segments."""


class NoRecordError(JpegError):
    """The file has no record of a grayscale original."""


@dataclass(frozen=True)
class _Part:
    """A stretch of a joined file: its bytes, and those that the gray file has in their place."""

    now: bytes
    before: bytes


def join(
    gray: GrayJpeg,
    cb: GrayJpeg,
    cr: GrayJpeg,
    xmp: bytes | None = None,
    icc: bytes | None = None,
    sha256: str = "",
) -> bytes:
    """Add chroma to a grayscale JPEG: a color JPEG (4:2:0) in which its scans stand byte for byte.

    `cb` and `cr` are grayscale JPEGs of ceil(width / 2) x ceil(height / 2) pixels (T.81, A.1.1), of one
    quantization table, progressive if `gray` is. `xmp`, whole segments, takes the place of the XMP that
    there is, and `icc` that of the color profile, which goes if it is empty. `sha256` is the gray file's, if
    that is known. `undo` gives the grayscale file back. Raises JpegError.
    """
    half = (-(-gray.width // 2), -(-gray.height // 2))
    for plane in (cb, cr):
        if (plane.width, plane.height) != half or plane.is_progressive != gray.is_progressive:
            raise JpegError("the chroma planes do not fit the luma")
    leading = next(at for at, segment in enumerate(gray.segments) if segment.marker not in DESCRIBING)
    before = [_same(gray.data[:2]), *_rewritten(gray, gray.segments[:leading], xmp, icc)]
    if xmp is not None and gray.xmp is None:
        before.append(_added(xmp))
    after = [*_rewritten(gray, gray.segments[leading:-1], xmp, icc), *_chroma(gray, cb, cr)]
    after.append(_same(gray.data[gray.segments[-1].start :]))  # EOI, and whatever follows it
    sha256 = sha256 or hashlib.sha256(gray.data).hexdigest()
    record = map(_added, _record(sha256, before, after))
    joined = b"".join(part.now for part in (*before, *record, *after))
    if _restored(joined) != (gray.data, sha256):
        raise JpegError("the color could not be taken away again")
    return joined


def unsigned(data: bytes) -> bytes:
    """A JPEG without the segments that hold a C2PA manifest; raises JpegError (C2PA 2.1, A.3.1)."""
    kept, at = [], 0
    for segment in parse(data) if BOX in data else ():
        if segment.marker == APP11 and data.startswith(BOX, segment.body):
            kept.append(data[at : segment.start])
            at = segment.end
    return b"".join((*kept, data[at:]))


def undo(joined: bytes) -> bytes:
    """Give the grayscale file to which `join` added chroma; raises JpegError if that is not possible.

    As the record in the file has the SHA-256 of the grayscale one, what comes is that file or nothing. A
    signature that was put into the file later does not count.
    """
    try:
        return _undo(joined)
    except NoRecordError:
        raise
    except JpegError:
        bare = unsigned(joined)
        if bare == joined:
            raise
        return _undo(bare)


def _undo(joined: bytes) -> bytes:
    gray, expected = _restored(joined)
    if hashlib.sha256(gray).hexdigest() != expected:
        raise JpegError("it was changed since it was colored")
    return gray


def _restored(joined: bytes) -> tuple[bytes, object]:
    """The grayscale file as the record has it, and the SHA-256 that it should have."""
    records = [segment for segment in header(joined) if _is_record(joined, segment)]
    if not records:
        raise NoRecordError("it holds no record of a grayscale original")
    try:
        packed = b"".join(joined[segment.body + len(RECORD) : segment.end] for segment in records)
        record = json.loads(zlib.decompressobj().decompress(packed, LONGEST_RECORD))
        stretches, at, length = [], 0, 0
        for kept, dropped, put in record["edits"]:
            at = records[-1].end if at == records[0].start else at
            stretches += [joined[at : at + kept], base64.b64decode(put)]
            at += kept + dropped
            length += kept
            if min(kept, dropped) < 0 or length > len(joined):
                raise JpegError("its record is damaged")
        return b"".join(stretches), record["sha256"]
    except (zlib.error, ValueError, KeyError, TypeError, RecursionError) as error:
        raise JpegError("its record is damaged") from error


def _is_record(data: bytes, segment: Segment) -> bool:
    return segment.marker == APP11 and data.startswith(RECORD, segment.body)


def _same(data: bytes) -> _Part:
    return _Part(data, data)


def _added(data: bytes) -> _Part:
    return _Part(data, b"")


def _rewritten(
    gray: GrayJpeg, segments: Iterable[Segment], xmp: bytes | None, icc: bytes | None
) -> Iterator[_Part]:
    """Segments of the gray file, with what must change in a color file."""
    claimed = claims(gray.data, gray.segments)
    for segment in segments:
        old = gray.data[segment.start : segment.scan_end]
        body = gray.data[segment.body : segment.end]
        if segment is gray.frame:  # B.2.2: Y has the identifier 1 and is sampled 2 x 2
            table, slot = body[8], _slot(gray)
            components = bytes((3, 1, 0x22, table, 2, 0x11, slot, 3, 0x11, slot))
            yield _Part(make_segment(segment.marker, body[:5] + components), old)
        elif segment.marker == SOS:  # B.2.3: its second byte is the identifier
            at = segment.body - segment.start + 1
            yield from (_same(old[:at]), _Part(b"\x01", old[at : at + 1]), _same(old[at + 1 :]))
        elif segment.start in claimed:  # of the gray file, so that readers would find the color file forged
            yield _Part(b"", old)
        elif xmp is not None and gray.is_xmp(segment):
            yield _Part(xmp if body == XMP + (gray.xmp or b"") else b"", old)
        elif xmp is not None and segment.marker == APP1 and body.startswith(XMP_EXTENSION):
            yield _Part(b"", old)
        elif icc is not None and segment.marker == APP2 and body.startswith(ICC):
            first = body.startswith(ICC + b"\1")
            yield _Part(make_segment(APP2, ICC + b"\1\1" + icc) if icc and first else b"", old)
        elif segment.marker == APP14 and body.startswith(ADOBE) and len(body) >= 12:
            yield _Part(make_segment(APP14, body[:11] + YCC + body[12:]), old)  # as none, they would be RGB
        else:
            yield _same(old)


def _slot(gray: GrayJpeg) -> int:
    """A slot for the quantization table of chroma that luma does not use."""
    return (gray.data[gray.frame.body + 8] + 1) % 4


def _chroma(gray: GrayJpeg, *planes: GrayJpeg) -> Iterator[_Part]:
    """Tables and scans of the chroma planes; Huffman tables are defined anew before each of them."""
    if gray.restarts:
        yield _added(make_segment(DRI, b"\0\0"))
    for identifier, plane in enumerate(planes, start=2):
        for segment in plane.segments:
            body = plane.data[segment.body : segment.end]
            if segment.marker == DQT and identifier == 2:  # B.2.4.1: the slot is in the first byte
                yield _added(make_segment(DQT, bytes((body[0] & 0xF0 | _slot(gray),)) + body[1:]))
            elif segment.marker == DHT:
                yield _added(make_segment(DHT, body))
            elif segment.marker == SOS:
                header = make_segment(SOS, bytes((1, identifier)) + body[2:])
                yield _added(header + plane.data[segment.end : segment.scan_end])


def _record(sha256: str, before: list[_Part], after: list[_Part]) -> Iterator[bytes]:
    """APP11 segments that say how to get the original: bytes to keep, to drop, and to put in their place."""
    edits = [*_edits(before), *_edits(after)]
    record = {"sha256": sha256, "edits": edits}
    packed, room = zlib.compress(json.dumps(record).encode()), LONGEST - len(RECORD)
    for at in range(0, len(packed), room):
        yield make_segment(APP11, RECORD + packed[at : at + room])


def _edits(parts: Iterable[_Part]) -> Iterator[tuple[int, int, str]]:
    kept = 0
    for part in parts:
        if part.now == part.before:
            kept += len(part.now)
        else:
            yield kept, len(part.now), base64.b64encode(part.before).decode()
            kept = 0
    yield kept, 0, ""
