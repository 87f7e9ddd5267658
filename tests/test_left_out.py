"""What has no place in a result is named; what has one is there, as exiftool shows it."""

import io
import json
import struct
from pathlib import Path

import pytest
from conftest import MakePhoto
from PIL import Image
from samples import CHROMA, CREDIT, GRAY, chunk, color, encoded, exif, jpeg, png, segment, shown, text, tiff
from samples import with_segments as segments_in
from test_metadata import IPTC, RESOURCES, rich_exif

from colorgan.batch.entry import parse
from colorgan.colorizer import Colorizer
from colorgan.config import ColorizeConfig
from colorgan.photo.encode import encode_result
from colorgan.photo.image import Photo


def left_out(data: bytes, target: str = "keep") -> set[str]:
    return set(
        encode_result(Photo.of(Path("a"), data), CHROMA, ColorizeConfig(format=target), CREDIT).left_out
    )


PHOTOSHOP = segment(0xED, b"Photoshop 3.0\0" + RESOURCES)
EXIF = segment(0xE1, b"Exif\0\0" + rich_exif("<", 1))
COMMENT = segment(0xFE, b"Box 12")
OTHER = segment(0xE4, b"of a camera")
FULL = segments_in(jpeg(), EXIF, PHOTOSHOP, COMMENT, OTHER)
ALPHA = encoded(Image.fromarray(GRAY).convert("LA"), "PNG")
TITLED = png(None, chunk(b"tEXt", b"Title\0x"), chunk(b"gAMA", struct.pack(">I", 45455)))
BROKEN = segments_in(jpeg(), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta"))
LAYERED = tiff(GRAY.tobytes(), 8, "<", (37724, 7, 8, b"Adobe Ph"), (33723, 7, len(IPTC), IPTC))
PAIR = encoded(
    Image.fromarray(GRAY).convert("RGB"),
    "MPO",
    save_all=True,
    append_images=[Image.fromarray(GRAY).convert("RGB")],
)
LONG = tiff(GRAY.tobytes(), 8, "<", text(270, "long " * 20_000))


@pytest.mark.parametrize(
    ("data", "target", "expected"),
    [
        (FULL, "keep", set()),
        (FULL, "png", {"segment APP4"}),
        (FULL, "webp", {"segment APP4", "IPTC", "comment"}),
        (FULL, "tiff", {"segment APP4", "thumbnail", "comment"}),
        (FULL + b"after it", "keep", {"bytes after the picture"}),
        (PAIR, "keep", {"further pictures"}),
        (segments_in(jpeg("L"), EXIF, PHOTOSHOP, OTHER) + b"after it", "keep", set()),
        (ALPHA, "keep", set()),
        (ALPHA, "jpg", {"transparency"}),
        (TITLED, "keep", set()),
        (TITLED, "jpg", {"text Title", "chunk gAMA"}),
        (BROKEN, "keep", {"XMP that cannot be read"}),
        (LAYERED, "keep", {"layers"}),
        (LAYERED, "webp", {"layers", "IPTC"}),
        (LONG, "jpg", {"EXIF"}),
        (LONG, "webp", set()),
    ],
)
def test_what_has_no_place_is_named(data: bytes, target: str, expected: set[str]) -> None:
    assert left_out(data, target) == expected


@pytest.mark.parametrize("as_tag", [True, False])
def test_iptc_moves_to_a_png_and_back(as_tag: bool, tmp_path: Path) -> None:
    tag = (33723, 7, len(IPTC), IPTC) if as_tag else (34377, 1, len(RESOURCES), RESOURCES)
    as_png = color(tiff(GRAY.tobytes(), 8, "<", tag), "png")
    for data in (as_png, color(as_png), color(as_png, "jpg"), color(as_png, "tiff")):
        lines = shown(data, tmp_path).splitlines()
        for name, value in (("Caption-Abstract", "Markt in Köln"), ("Keywords", "market")):
            assert sum(name in line and value in line for line in lines) == 1
    assert not left_out(as_png, "jpg")


@pytest.mark.parametrize("words", ["iptc\0\niptc\n 4\nzz\n", "iptc\0", "8bim\0a b c", "exif\0a b c"])
def test_damaged_profiles_of_a_png_stay_as_they_are(words: str) -> None:
    body = b"Raw profile type " + words.encode()
    data = png(None, chunk(b"tEXt", body), chunk(b"zTXt", body.replace(b"\0", b"\0\0")))
    assert body in color(data)
    assert color(data, "tiff")


def test_the_manifest_names_it(exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(FULL)
    (folder / "b.jpg").write_bytes(jpeg("L"))
    config = ColorizeConfig(format="webp")
    outcomes = Colorizer(exports["onnx"], config).colorize_folder(folder, tmp_path / "out")
    lines = (tmp_path / "out" / "manifest.jsonl").read_text().split("\n")
    entries = {entry.path: entry for line in lines if (entry := parse(line))}
    assert set(entries["a.jpg"].left_out) == {"segment APP4", "IPTC", "comment"}
    assert entries["b.jpg"].left_out == ()
    assert {outcome.path.name: outcome.left_out for outcome in outcomes} == {
        name: entry.left_out for name, entry in entries.items()
    }
    line = json.loads(next(line for line in lines if "a.jpg" in line))
    assert parse(json.dumps(line | {"left_out": "IPTC"})) is None


def test_a_block_of_exif_of_any_size_is_in_formats_with_a_place_for_it() -> None:
    with Image.open(
        io.BytesIO(color(png(None, chunk(b"eXIf", exif(text(270, "long " * 20_000)))), "webp"))
    ) as image:
        assert len(image.getexif()[270]) == 100_000
