"""Metadata of JPEGs and PNGs that is damaged, or made to do harm, costs no photograph, time or memory."""

import io
import os
import struct
import zlib
from pathlib import Path

import pytest
from conftest import MakePhoto
from PIL import Image

from colorgan import Colorizer, Status
from colorgan.photo.metadata import of_jpeg, of_png
from colorgan.photo.png import LONGEST_UNPACKED

resource = pytest.importorskip("resource")
XMP = b"http://ns.adobe.com/xap/1.0/\0"
MANY = 20_000


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def exif(entries: list[tuple[int, int, int, int]], following: int = 0, count: int | None = None) -> bytes:
    table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    number = len(entries) if count is None else count
    return b"II*\0" + struct.pack("<IH", 8, number) + table + struct.pack("<I", following)


BLOCKS = {
    "cut": b"II*\0\x08\0\0\0\x05",
    "empty": b"",
    "outside": b"II*\0\xf0\xff\xff\xff",
    "circle": exif([(0x112, 3, 1, 6)], following=8),
    "circle below": exif([(0x8769, 4, 1, 8), (0x8825, 4, 1, 8)]),
    "too many": exif([(0x112, 3, 1, 1)], count=0xFFFF),
    "too long": exif([(0x10E, 2, 0xFFFFFFFF, 0), (0x112, 3, 0xFFFFFFFF, 8)]),
    "no type": exif([(0x112, 99, 1, 6), (0, 0, 0, 0), (0x9286, 7, 10, 9999)]),
    "no orientation": exif([(0x112, 3, 1, 99)]),
    "thumbnail outside": exif([(0x201, 4, 1, 60_000), (0x202, 4, 1, 60_000)]),
}
SEGMENTS = {
    **{name: segment(0xE1, b"Exif\0\0" + block) for name, block in BLOCKS.items()},
    "comments": segment(0xFE, bytes(65_000)) * 20,
    "resources": segment(0xED, b"Photoshop 3.0\x008BIM\4\4\0\0\xff\xff\xff\xff"),
    "entities": segment(0xE1, XMP + b'<!DOCTYPE a [<!ENTITY a "xx"><!ENTITY b "&a;&a;">]><a>&b;</a>'),
    "deep": segment(0xE1, XMP + b"<a>" * 9000 + b"</a>" * 9000),
    "open": segment(0xE1, XMP + b"<x:xmpmeta><rdf:RDF"),
    "profile": segment(0xE2, b"ICC_PROFILE\0\1\x09" + bytes(300)) + segment(0xE2, b"ICC_PROFILE\0\0\0"),
    "previews": segment(0xE2, b"MPF\0II*\0\x08\0\0\0\xff\xff"),
    "signature": segment(0xEB, b"JP\0\1\0\0\0\1\xff\xff\xff\xffjumb"),
    "no length": b"\xff\xe5\0\0",
    "fill": b"\xff" * 3000,
}
BOMB = zlib.compress(bytes(3 * LONGEST_UNPACKED), 9)
CHUNKS = {
    **{name: chunk(b"eXIf", block) for name, block in BLOCKS.items()},
    "text": chunk(b"zTXt", b"Comment\0\0" + BOMB),
    "xmp": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB),
    "profile": chunk(b"iCCP", b"icc\0\0" + BOMB),
    "short": chunk(b"tEXt", b"") + chunk(b"iTXt", b"\0") + chunk(b"pHYs", b"\0") + chunk(b"gAMA", b""),
    "digits": chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n 9999\nzz")),
    "lengths": b"".join(chunk(name, b"\1") for name in (b"cHRM", b"tIME", b"cICP")),
    "method": chunk(b"zTXt", b"a\0\1" + zlib.compress(b"a")),
    "not packed": chunk(b"zTXt", b"a\0\0plain"),
    "check": b"\0\0\0\4tEXta\0bcXXXX",
}
NAMES = [
    "a\nb",
    "-rf",
    "--help",
    "a\x1b[31mb",
    " ",
    "x" * 251,
    "é" * 125,
    "%s%n",
    "$(touch x)",
    "'\"",
    "a\\b",
    "@a",
]


def as_jpeg(photo: Image.Image, segments: bytes) -> bytes:
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG")
    return buffer.getvalue()[:2] + segments + buffer.getvalue()[2:]


def as_png(photo: Image.Image, chunks: bytes) -> bytes:
    buffer = io.BytesIO()
    photo.save(buffer, "PNG")
    return buffer.getvalue()[:33] + chunks + buffer.getvalue()[33:]


@pytest.mark.filterwarnings("ignore")  # as in our commands
def test_each_is_colored_and_the_result_is_a_picture(
    exports: dict[str, Path], tmp_path: Path, make_photo: MakePhoto
) -> None:
    photo, folder = make_photo(48, 32, "L"), tmp_path / "in"
    folder.mkdir()
    for name, segments in SEGMENTS.items():
        (folder / f"{name}.jpg").write_bytes(as_jpeg(photo, segments))
    for name, chunks in CHUNKS.items():
        (folder / f"{name}.png").write_bytes(as_png(photo, chunks))
    outcomes = Colorizer(exports["onnx"]).colorize_folder(folder, tmp_path / "out")
    assert len(outcomes) == len(SEGMENTS) + len(CHUNKS)
    assert {outcome.path.name for outcome in outcomes if outcome.status is not Status.COLORED} == set()
    for outcome in outcomes:
        with Image.open(tmp_path / "out" / f"colorized_{outcome.path.name}") as result:
            assert result.convert("RGB").size in ((48, 32), (32, 48))


@pytest.mark.skipif(os.name != "posix", reason="names that POSIX takes")
def test_names_that_mean_something_elsewhere_are_names(
    exports: dict[str, Path], tmp_path: Path, make_photo: MakePhoto
) -> None:
    (tmp_path / "in").mkdir()
    for name in NAMES:
        (tmp_path / "in" / f"{name}.jpg").write_bytes(as_jpeg(make_photo(48, 32, "L"), b""))
    outcomes = Colorizer(exports["onnx"]).colorize_folder(tmp_path / "in", tmp_path / "out")
    assert [outcome.status for outcome in outcomes] == [Status.COLORED] * len(NAMES)
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}


def test_many_small_parts_are_all_kept(make_photo: MakePhoto) -> None:
    photo = make_photo(48, 32, "L")
    assert len(of_jpeg(as_jpeg(photo, segment(0xFE, b"a") * MANY)).own) == MANY
    assert len(of_png(as_png(photo, chunk(b"prVt", b"") * MANY)).own) == MANY
    assert of_png(as_png(photo, chunk(b"ABCD", b"") * MANY)).besides == ("chunk ABCD",)


def test_texts_that_unpack_to_much_do_not_together_take_the_memory(make_photo: MakePhoto) -> None:
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(LONGEST_UNPACKED // 4), 9))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = of_png(as_png(make_photo(48, 32, "L"), text * 40))
    assert len(found.own) == 4
    assert found.besides == ("chunk zTXt",)
    assert sum(map(len, found.own)) <= LONGEST_UNPACKED + 1000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 6 * LONGEST_UNPACKED // 1024
