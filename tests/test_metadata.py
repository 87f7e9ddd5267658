"""What a file says of its picture is in the result as it was, byte for byte (faults 9 to 12)."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from conftest import MakePhoto, linear_gray_profile
from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngInfo
from samples import (
    GRAY,
    HEIGHT,
    WIDTH,
    TiffTag,
    chunk,
    color,
    directory,
    encoded,
    exif,
    jpeg,
    orientation,
    orientation_xmp,
    png,
    segment,
    shown,
    text,
    tiff,
    with_segments,
)

from colorgan.photo.image import Photo

WORDS = "Café in Köln, Straße № 5, Müller"
IPTC = b"\x1c\x01\x5a\0\x03\x1b%G" + b"".join(
    b"\x1c\x02" + bytes((number,)) + len(value).to_bytes(2, "big") + value
    for number, value in ((80, b"A. Photographer"), (120, "Markt in Köln".encode()), (25, b"market"))
)
TWICE = b"\2\0\0\0\1\0\0\0"
UNITLESS: TiffTag = (296, 3, 1, b"\1\0")
RESOURCES = b"8BIM\4\4\0\0" + len(IPTC).to_bytes(4, "big") + IPTC + bytes(len(IPTC) % 2)


def tag_of(data: bytes, tag: int) -> bytes:
    """The raw bytes of a text in a TIFF, or in the EXIF of another file."""
    if data[:2] not in (b"II", b"MM"):
        with Image.open(io.BytesIO(data)) as image:
            data = image.info["exif"].removeprefix(b"Exif\0\0")
    with tifffile.TiffFile(io.BytesIO(data), _useframes=False) as file:
        found = file.pages.first.tags[tag]
        return data[found.valueoffset : found.valueoffset + found.count]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("target", ["keep", "jpg", "png", "webp"])
def test_text_of_any_encoding_in_a_tiff_stays(order: str, encoding: str, target: str) -> None:
    """Fault 10, and 9 for the tags that nobody lists."""
    words = WORDS if encoding == "utf-8" else "Köln, Straße"
    texts = {270: words, 269: "Box 3", 285: "Recto", 316: "scanner-pc", 315: "Jürgen Müller", 33432: "© 1911"}
    data = tiff(GRAY.tobytes(), 8, order, *(text(tag, value, encoding) for tag, value in texts.items()))
    result = color(data, target)
    for tag, value in texts.items():
        assert tag_of(result, tag) == value.encode(encoding) + b"\0"


def carriers(block: bytes) -> dict[str, bytes]:
    return {
        "gray.jpg": with_segments(jpeg("L"), segment(0xE1, b"Exif\0\0" + block)),
        "rgb.jpg": with_segments(jpeg(), segment(0xE1, b"Exif\0\0" + block)),
        "png": png(None, chunk(b"eXIf", block)),
        "webp": encoded(Image.fromarray(GRAY), "WEBP", exif=b"Exif\0\0" + block, lossless=True),
    }


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("carrier", ["gray.jpg", "rgb.jpg", "png", "webp"])
@pytest.mark.parametrize("target", ["keep", "tiff"])
def test_text_in_exif_stays(carrier: str, order: str, target: str) -> None:
    """Fault 10."""
    block = exif(text(270, WORDS), text(315, "Jürgen Müller"), orientation(1, order), order=order)
    result = color(carriers(block)[carrier], target)
    assert tag_of(result, 270) == WORDS.encode() + b"\0"
    assert tag_of(result, 315) == "Jürgen Müller".encode() + b"\0"


def rich_exif(order: str, turned: int) -> bytes:
    """With a maker's note, folders inside folders, unknown tags, and a directory for a thumbnail."""
    thumbnail = jpeg("L")

    def long(tag: int, value: int) -> TiffTag:
        return tag, 4, 1, struct.pack(order + "I", value)

    def build(at: int, interop_at: int, after_at: int, thumbnail_at: int) -> list[bytes]:
        first = [orientation(turned, order), text(315, "J. Smith"), (59999, 7, 6, b"secret"), long(34665, at)]
        note = (37500, 7, 40, b"Maker\0" + bytes(range(34)))
        below = [note, (36867, 2, 20, b"1911:05:01 12:00:00\0"), long(40965, interop_at)]
        after = [long(513, thumbnail_at), long(514, len(thumbnail))]
        return [
            directory(order, first, 8, after_at),
            directory(order, below, at),
            directory(order, [(1, 2, 4, b"R98\0")], interop_at),
            directory(order, after, after_at),
        ]

    lengths = [len(part) for part in build(0, 0, 0, 0)]
    parts = build(*(8 + sum(lengths[:number]) for number in range(1, 5)))
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8)
    return b"".join((mark, *parts, thumbnail))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("carrier", ["gray.jpg", "rgb.jpg", "png", "webp"])
def test_a_block_of_exif_stays_but_for_its_orientation(carrier: str, order: str) -> None:
    """Fault 11: notes of makers, Interop and the thumbnail are where they were."""
    block = rich_exif(order, 6)
    result = color(carriers(block)[carrier])
    expected = block if carrier == "gray.jpg" else rich_exif(order, 1)
    assert expected in result


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_folders_of_exif_move_to_a_tiff_and_back(order: str, tmp_path: Path) -> None:
    as_tiff = color(carriers(rich_exif(order, 6))["rgb.jpg"], "tiff")
    for data in (as_tiff, color(as_tiff), color(as_tiff, "jpg")):
        with Image.open(io.BytesIO(data)) as image:
            found = image.getexif()
            folder = found.get_ifd(34665)
            assert folder[37500] == b"Maker\0" + bytes(range(34))
            assert folder[36867] == "1911:05:01 12:00:00"
            assert found[59999] == b"secret"
            assert found.get(274, 1) == 1
            assert image.size == (HEIGHT, WIDTH)
        assert "InteropI" in shown(data, tmp_path)


@pytest.mark.parametrize("source", ["gray.jpg", "rgb.jpg", "tif", "tif resources"])
@pytest.mark.parametrize("target", ["keep", "jpg", "tiff"])
def test_iptc_is_shown_as_before(source: str, target: str, tmp_path: Path) -> None:
    """Fault 9."""
    photoshop = segment(0xED, b"Photoshop 3.0\0" + RESOURCES)
    data = {
        "gray.jpg": with_segments(jpeg("L"), photoshop),
        "rgb.jpg": with_segments(jpeg(), photoshop),
        "tif": tiff(GRAY.tobytes(), 8, "<", (33723, 7, len(IPTC), IPTC)),
        "tif resources": tiff(GRAY.tobytes(), 8, ">", (34377, 1, len(RESOURCES), RESOURCES)),
    }[source]
    result = color(data, target)
    assert IPTC in result
    lines = shown(result, tmp_path)
    for name, value in (
        ("By-line", "A. Photographer"),
        ("Caption-Abstract", "Markt in Köln"),
        ("Keywords", "market"),
    ):
        assert any(name in line and value in line for line in lines.splitlines())


@pytest.mark.parametrize(
    "made",
    [
        tiff(
            GRAY.tobytes(), 8, "<", (282, 5, 1, b"\2\0\0\0\1\0\0\0"), (283, 5, 1, b"\1\0\0\0" * 2), UNITLESS
        ),
        png(None, chunk(b"pHYs", struct.pack(">IIB", 2, 1, 0))),
        with_segments(jpeg()[:2] + jpeg()[20:], segment(0xE0, b"JFIF\0\1\1\0\0\2\0\1\0\0")),
    ],
    ids=["tif", "png", "jpg"],
)
@pytest.mark.parametrize("target", ["keep", "jpg", "png", "tiff"])
def test_pixels_that_are_not_square_stay_so(made: bytes, target: str) -> None:
    """Fault 12."""
    density = Photo.of(Path("a"), color(made, target)).metadata.density
    assert density is not None
    assert (density.x / density.y, density.unit) == (2, 1)


@pytest.mark.parametrize("unit", [2, 3])
def test_resolution_survives_every_change_of_format(unit: int) -> None:
    x = struct.pack("<II", 11811, 100)
    data = tiff(GRAY.tobytes(), 8, "<", (282, 5, 1, x), (283, 5, 1, x), (296, 3, 1, bytes((unit, 0))))
    for target in ("keep", "jpg", "png", "tiff"):
        density = Photo.of(Path("a"), color(data, target)).metadata.density
        assert density is not None
        assert density.per_centimeter[0] == pytest.approx(118.11 if unit == 3 else 118.11 / 2.54, rel=0.005)


def test_the_tones_that_a_png_gives_stay() -> None:
    """Fault 12: gAMA and its like, and its date; with a profile that was applied, they are spent."""
    chunks = [chunk(b"gAMA", struct.pack(">I", 100000)), chunk(b"tIME", b"\x07\x77\5\4\3\2\1")]
    result = color(png(None, *chunks, chunk(b"tEXt", b"Title\0caf\xe9")))
    assert all(each in result for each in chunks)
    assert b"Title\0caf\xe9" in result
    profile = chunk(b"iCCP", b"gray\0\0" + zlib.compress(linear_gray_profile()))
    assert b"gAMA" not in color(png(None, *chunks, profile))


def test_transparency_of_a_bmp_stays() -> None:
    """Fault 12: with a mask that says so or, as some programs write it, without."""
    alpha = Image.fromarray(255 - GRAY)
    image = Image.merge("RGBA", [*Image.fromarray(GRAY).convert("RGB").split(), alpha])
    once = color(encoded(image, "BMP"))
    for data in (once, color(once)):
        with Image.open(io.BytesIO(data)) as result:
            assert result.mode == "RGBA"
            assert np.array_equal(np.asarray(result.getchannel("A")), 255 - GRAY)
    with Image.open(io.BytesIO(color(encoded(image.convert("RGB"), "BMP")))) as result:
        assert result.mode == "RGB"


def test_a_comment_moves_to_the_format_of_the_result(make_photo: MakePhoto) -> None:
    data = encoded(make_photo(), "GIF", comment="Köln 1911".encode())
    assert "Köln 1911".encode() in color(data)
    assert b"Box 12" in color(with_segments(jpeg(), segment(0xFE, b"Box 12")))


def test_text_in_a_png_that_pillow_would_refuse_can_be_read_in_the_result() -> None:
    """Fault 16."""
    texts = PngInfo()
    texts.add_text("notes", "x" * 1_500_000, zip=True)
    texts.add_itxt("more", "y" * 1_500_000, zip=True)
    texts.add_itxt("XML:com.adobe.xmp", orientation_xmp(1).decode() + " " * 1_500_000, zip=True)
    with Image.open(io.BytesIO(color(encoded(Image.fromarray(GRAY), "PNG", pnginfo=texts)))) as image:
        image.load()
        assert isinstance(image, PngImageFile)
        assert image.text["notes"] == "x" * 1_500_000
        assert image.text["more"] == "y" * 1_500_000
        assert "compositeWithTrainedAlgorithmicMedia" in image.text["XML:com.adobe.xmp"]
