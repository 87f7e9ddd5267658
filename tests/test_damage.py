"""What is wrong with a picture is told in words of ours, and a library prints nothing beside them."""

import io
import random
import re
import struct
import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from conftest import MakePhoto

from colorgan import ColorizeConfig, Colorizer
from colorgan.errors import ImageError
from colorgan.photo.damage import CUT, PictureError, damage
from colorgan.photo.image import Photo

FORMATS = {
    "jpg": "JPEG",
    "png": "PNG",
    "tif": "TIFF",
    "bmp": "BMP",
    "gif": "GIF",
    "webp": "WEBP",
    "jp2": "JPEG2000",
}
FOREIGN = re.compile(
    r"decoder error|seek|bytes? not|Expected to read|index out|unpack|buffer|Error|\d+ bytes"
)


def damaged(data: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.4:
        return data[: rng.randrange(1, len(data))]
    changed = bytearray(data)
    for _ in range(4):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


@pytest.mark.filterwarnings("ignore")  # as in our commands
@pytest.mark.parametrize("suffix", FORMATS)
def test_no_reason_is_in_the_words_of_a_library(suffix: str, make_photo: MakePhoto) -> None:
    buffer, rng, reasons = io.BytesIO(), random.Random(suffix), set[str]()
    make_photo(48, 32, "L").save(buffer, FORMATS[suffix])
    for _ in range(60):
        try:
            Photo.of(Path("a." + suffix), damaged(buffer.getvalue(), rng), 10_000).luma()
        except ImageError as error:
            reasons.add(error.reason)
    assert reasons
    assert not [reason for reason in reasons if FOREIGN.search(reason)]


@pytest.mark.parametrize(
    "said", ["image file is truncated (0 bytes not processed)", "Unexpected EOF", CUT[0]]
)
def test_a_missing_end_is_told_from_other_damage(said: str) -> None:
    assert damage(OSError(said)) != damage(OSError("decoder error -2"))
    assert damage(OSError(said)) != damage(OSError("Unsupported BMP pixel depth (2)"))


def test_words_of_ours_stay() -> None:
    assert damage(PictureError("it is cut")) == "it is cut"
    assert damage(OSError(5, "Input/output error")) == "Input/output error"


def test_libtiff_prints_nothing_beside_our_lines(tmp_path: Path, make_photo: MakePhoto) -> None:
    (tmp_path / "scans").mkdir()
    buffer, rng = io.BytesIO(), random.Random(0)
    make_photo(200, 200, "L").convert("1").save(buffer, "TIFF", compression="group4")
    for number in range(8):
        (tmp_path / f"scans/{number}.tif").write_bytes(damaged(buffer.getvalue(), rng))
    done = subprocess.run(
        [sys.executable, "-m", "colorgan.cli.main", "batch", tmp_path / "scans", tmp_path / "out", "--quiet"],
        capture_output=True,
        text=True,
    )
    assert all(line.startswith(("Failed: ", "Error: ", "Warning: ")) for line in done.stderr.splitlines())


@pytest.mark.parametrize("bits", [4, 8, 12])
def test_a_jpeg_2000_whose_headers_tell_two_sizes_takes_no_memory(bits: int) -> None:
    samples = np.full((48, 80), 3, np.uint16 if bits > 8 else np.uint8)
    data = bytes(imagecodecs.jpeg2k_encode(samples, bitspersample=bits, codecformat="jp2"))
    at = data.index(b"ihdr") + 4
    with pytest.raises(ImageError):
        Photo.of(Path("a.jp2"), data[:at] + b"\x04\0\0\x30" + data[at + 4 :]).luma()
    assert Photo.of(Path("a.jp2"), data).luma().size == (80, 48)


def test_a_tiff_with_fewer_lengths_than_parts_is_refused(tmp_path: Path) -> None:
    """It came out as an error of Python, where its colors are plain YCbCr and are compressed anew."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.full((64, 48, 3), 99, np.uint8), photometric="ycbcr", rowsperstrip=8)
    data = bytearray(path.read_bytes())
    at = data.index(struct.pack("<HHI", 279, 3, 8))
    data[at + 4 : at + 8] = struct.pack("<I", 7)
    with pytest.raises(ImageError):
        Photo.of(path, bytes(data)).luma()


@pytest.mark.parametrize("format", ["webp", "avif"])
def test_what_an_encoder_refuses_is_told_in_words_of_ours(
    format: str, exports: dict[str, Path], make_photo: MakePhoto
) -> None:
    buffer = io.BytesIO()
    make_photo(70_000, 2, "L").save(buffer, "PNG")
    with pytest.raises(ImageError) as found:
        Colorizer(exports["onnx"], ColorizeConfig(format=format)).colorize(buffer.getvalue())
    assert "--format" in found.value.reason
    assert not FOREIGN.search(found.value.reason)
