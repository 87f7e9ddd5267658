"""XMP in files of every format: orientation, parts of a packet, and types that nobody expects."""

import hashlib
import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from samples import (
    GRAY,
    HEIGHT,
    WIDTH,
    XMP_NAME,
    chunk,
    color,
    encoded,
    exif,
    jpeg,
    orientation,
    orientation_xmp,
    png,
    segment,
    shown,
    tiff,
    with_segments,
)

from colorgan.photo.jpeg_join import undo


@pytest.mark.parametrize("as_element", [True, False])
@pytest.mark.parametrize("in_exif", [True, False])
@pytest.mark.parametrize("carrier", ["rgb.jpg", "png", "webp", "tif"])
def test_an_orientation_in_xmp_is_spent_once(carrier: str, in_exif: bool, as_element: bool) -> None:
    """Fault 6."""
    packet, block = orientation_xmp(6, as_element), exif(orientation(6)) if in_exif else b""
    data = {
        "rgb.jpg": with_segments(
            jpeg(),
            *([segment(0xE1, b"Exif\0\0" + block)] if in_exif else []),
            segment(0xE1, XMP_NAME + packet),
        ),
        "png": png(
            None,
            *([chunk(b"eXIf", block)] if in_exif else []),
            chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet),
        ),
        "webp": encoded(Image.fromarray(GRAY), "WEBP", exif=block, xmp=packet, lossless=True),
        "tif": tiff(
            GRAY.tobytes(), 8, "<", (700, 1, len(packet), packet), *([orientation(6)] if in_exif else [])
        ),
    }[carrier]
    result = color(data)
    assert b"Orientation" not in result.replace(b'tiff:Orientation="1"', b"")
    with Image.open(io.BytesIO(result)) as image:
        assert image.size == (HEIGHT, WIDTH)
        assert image.getexif().get(274, 1) == 1
        luma = np.asarray(image.convert("L"), int)
    assert np.abs(luma - np.rot90(GRAY, -1)).mean() < 1.5


def test_a_gray_jpeg_that_stays_as_it_is_keeps_its_orientation() -> None:
    data = with_segments(
        jpeg("L"),
        segment(0xE1, b"Exif\0\0" + exif(orientation(6))),
        segment(0xE1, XMP_NAME + orientation_xmp(6)),
    )
    with Image.open(io.BytesIO(color(data))) as image:
        assert image.size == (WIDTH, HEIGHT)
        assert image.getexif()[274] == 6


def extended(packet: bytes) -> list[bytes]:
    digest = hashlib.md5(packet).hexdigest().upper().encode()
    note = f'xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="{digest.decode()}" tiff:Orientation'
    main = orientation_xmp(1).replace(b"tiff:Orientation", note.encode(), 1)
    name = b"http://ns.adobe.com/xmp/extension/\0" + digest
    pieces = [(at, packet[at : at + 30000]) for at in range(0, len(packet), 30000)]
    more = [segment(0xE1, name + struct.pack(">II", len(packet), at) + piece) for at, piece in pieces]
    return [segment(0xE1, XMP_NAME + main), *more]


DESCRIPTION = (
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="' + b"old " * 20_000 + b'"/></rdf:RDF>'
)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("target", ["keep", "png", "tiff"])
def test_an_extended_packet_stays(mode: str, target: str) -> None:
    """Fault 12."""
    result = color(with_segments(jpeg(mode), *extended(DESCRIPTION)), target)
    assert result.count(b"old old old") > 0
    assert result.count(b"old ") > 19_000
    assert b"compositeWithTrainedAlgorithmicMedia" in result
    assert (b"HasExtendedXMP" in result) == (target == "keep")


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("has_extension", [True, False])
def test_a_packet_that_fills_its_segment_makes_room_for_the_credit(
    mode: str, has_extension: bool, tmp_path: Path
) -> None:
    """Fault 12: every result says that its colors are invented."""
    segments = extended(DESCRIPTION) if has_extension else [segment(0xE1, XMP_NAME + orientation_xmp(1))]
    full = b"<!--" + b"." * (64_800 - len(segments[0])) + b"--></rdf:RDF>"
    main = segment(0xE1, segments[0][4:].replace(b"</rdf:RDF>", full))
    data = with_segments(jpeg(mode), main, *segments[1:])
    result = color(data)
    assert b"compositeWithTrainedAlgorithmicMedia" in result
    assert result.count(b"." * 30_000)  # in one segment, or cut in two
    assert (result.count(b"old ") > 19_000) == has_extension
    if mode == "L":
        assert undo(result) == data
    lines = shown(result, tmp_path)
    assert "compositeWithTrainedAlgorithmicMedia" in lines
    assert "Error" not in lines


@pytest.mark.parametrize("kind", [2, 4, 7])
def test_xmp_of_any_type_of_tag_is_read(kind: int) -> None:
    """Fault 21."""
    packet = orientation_xmp(1) + b" " * (-len(orientation_xmp(1)) % 4)
    count = len(packet) // (4 if kind == 4 else 1)
    result = color(tiff(GRAY.tobytes(), 8, "<", (700, kind, count, packet)))
    assert b"compositeWithTrainedAlgorithmicMedia" in result
    assert b"adobe.com/tiff" in result
