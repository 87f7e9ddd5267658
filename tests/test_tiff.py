"""TIFFs of every depth and layout keep their tones and their bits (faults 1 to 3, 5, 17 and 20)."""

import io
import struct
import zlib
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image
from samples import CHROMA, CREDIT, DEEP, GRAY, HEIGHT, TURNED, WIDTH, encoded, orientation, packed, tiff

from colorgan.config import ColorizeConfig
from colorgan.errors import ImageError
from colorgan.photo.encode import encode_result
from colorgan.photo.image import Photo

NAME = Path("a.tif")


def written(**options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, metadata=None, **options)
    return buffer.getvalue()


def luma_of_result(data: bytes) -> np.ndarray:
    """Of 16 bits, as another reader sees it."""
    photo = Photo.of(NAME, data)
    result = encode_result(photo, CHROMA, ColorizeConfig(), CREDIT)
    pixels = tifffile.imread(io.BytesIO(result.data))
    assert pixels.dtype == np.uint16
    return np.asarray(pixels[..., :3] @ np.array([0.299, 0.587, 0.114]))


def check(data: bytes, expected: np.ndarray = DEEP) -> None:
    luma = luma_of_result(data)
    assert luma.shape == expected.shape
    assert np.abs(luma - expected).max() <= 2
    small = np.asarray(Photo.of(NAME, data).luma(), int)
    assert np.abs(small - (expected >> 8)).max() <= 1


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize(
    "layout",
    [{}, {"rowsperstrip": 7}, {"tile": (16, 32)}, {"bigtiff": True}],
    ids=["one", "strips", "tiles", "big"],
)
@pytest.mark.parametrize("samples", ["black", "white", "rgb", "rgb planes", "rgba", "rgba planes"])
def test_sixteen_bits_in_every_layout(
    order: str, compression: str | None, layout: dict[str, Any], samples: str
) -> None:
    """Faults 1, 3 and 5."""
    options: dict[str, Any] = {"photometric": "rgb"}
    pixels = DEEP
    if samples in ("black", "white"):
        options = {"photometric": f"minis{samples}"}
    if samples == "white":
        pixels = 65535 - DEEP
    elif samples != "black":
        planes = [DEEP] * 3 + [np.full_like(DEEP, 65535)] * ("a" in samples.split()[0][3:])
        pixels = np.stack(planes, 0 if "planes" in samples else -1)
        options["planarconfig"] = "separate" if "planes" in samples else "contig"
        options |= {"extrasamples": ["unassalpha"]} if len(planes) == 4 else {}
    check(written(data=pixels, byteorder=order, compression=compression, **options, **layout))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", range(9, 17))
@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("is_packed", [True, False])
def test_every_depth_is_scaled_to_sixteen_bits(
    order: str, bits: int, photometric: int, is_packed: bool
) -> None:
    """Faults 1 and 2."""
    values = DEEP >> (16 - bits)
    expected = np.rint(values * (65535 / (2**bits - 1))).astype(np.uint16)
    stored = values if photometric else 2**bits - 1 - values
    samples = packed(stored, bits) if bits < 16 else stored.astype(f"{order}u2").tobytes()
    more = [(259, 3, 1, struct.pack(order + "H", 8))] if is_packed else []
    data = zlib.compress(samples) if is_packed else samples
    check(tiff(data, bits, order, *more, photometric=photometric), expected)


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate"])
def test_compressions_of_another_writer(compression: str) -> None:
    check(encoded(Image.fromarray(DEEP), "TIFF", compression=compression))


@pytest.mark.parametrize(("turned", "bits"), list(product(TURNED, [8, 16, 12])))
def test_every_orientation(turned: int, bits: int) -> None:
    """Faults 1 and 7: the size is right before and after the pixels are there."""
    values = {8: GRAY, 16: DEEP, 12: DEEP >> 4}[bits]
    samples = packed(values, 12) if bits == 12 else values.tobytes()
    photo = Photo.of(NAME, tiff(samples, bits, "<", orientation(turned)))
    expected = np.rot90(GRAY, TURNED[turned])
    for _ in range(2):
        assert photo.size == expected.shape[::-1]
        assert np.abs(np.asarray(photo.luma(), int) - expected).max() <= 1
        small = np.asarray(photo.reduced(expected.shape[1] // 2, expected.shape[0] // 2), int)
        assert np.abs(small - expected[::2, ::2]).mean() < 8


def test_transparency_keeps_sixteen_bits_and_what_was_multiplied_is_divided() -> None:
    alpha = np.full_like(DEEP, 32768)
    for kind, gray in (("unassalpha", DEEP), ("assocalpha", (DEEP // 2))):
        data = written(data=np.dstack([gray, gray, gray, alpha]), photometric="rgb", extrasamples=[kind])
        photo = Photo.of(NAME, data)
        result = encode_result(photo, CHROMA, ColorizeConfig(), CREDIT)
        pixels = tifffile.imread(io.BytesIO(result.data))
        assert (pixels[..., 3] == 32768).all()
        assert np.abs(pixels[..., :3] @ np.array([0.299, 0.587, 0.114]) - DEEP).max() <= 4


def test_sixteen_bits_of_cyan_magenta_yellow_and_black_are_read() -> None:
    nothing, black = np.zeros_like(DEEP), 65535 - DEEP
    for planes in (False, True):
        pixels = np.stack([nothing, nothing, nothing, black], 0 if planes else -1)
        layout = "separate" if planes else "contig"
        photo = Photo.of(NAME, written(data=pixels, photometric="separated", planarconfig=layout))
        assert np.abs(np.asarray(photo.luma(), int) - GRAY).max() <= 2


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("kind", [(254, 1), (255, 2)])
def test_a_preview_is_no_page(first: bool, kind: tuple[int, int]) -> None:
    """Fault 17."""
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        for preview in (True, False) if first else (False, True):
            pixels, tags = (GRAY[::4, ::4], [(kind[0], 3, 1, kind[1], True)]) if preview else (GRAY, [])
            options = {"subfiletype": 1} if preview and kind[0] == 254 else {"extratags": tags}
            file.write(pixels, photometric="minisblack", metadata=None, **options)
    photo = Photo.of(NAME, buffer.getvalue())
    assert photo.size == (WIDTH, HEIGHT)
    assert np.array_equal(np.asarray(photo.luma()), GRAY)
    assert np.asarray(photo.reduced(WIDTH, HEIGHT)).shape == GRAY.shape


def test_two_pictures_are_refused_with_their_number() -> None:
    with pytest.raises(ImageError, match=r"\b2\b"):
        Photo.of(NAME, written(data=np.stack([GRAY, GRAY]), photometric="minisblack"))


@pytest.mark.parametrize(
    ("pixels", "bits"),
    [
        ((GRAY / 255).astype(np.float32), 32),
        (DEEP.astype(np.uint32) * 65537, 32),
        ((DEEP >> 1).astype(np.int16), 16),
        ((GRAY >> 1).astype(np.int8), 8),
        ((GRAY / 255).astype(np.float16), 16),
    ],
)
def test_what_has_no_black_and_white_is_refused_by_its_name(pixels: np.ndarray, bits: int) -> None:
    """Fault 20."""
    with pytest.raises(ImageError, match=rf"\b{bits}\b"):
        Photo.of(NAME, written(data=pixels, photometric="minisblack"))


def test_a_strip_that_is_missing_is_an_error() -> None:
    whole = tiff(DEEP.astype("<u2").tobytes(), 16, "<", (273, 4, 1, struct.pack("<I", 10**6)))
    with pytest.raises(ImageError):
        Photo.of(NAME, whole).luma()


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("planar", [False, True])
def test_rows_that_no_strip_or_tile_is_there_for_are_not_made_up(
    bits: int, tile: tuple[int, int] | None, planar: bool
) -> None:
    gray = GRAY if bits == 8 else DEEP
    pixels = np.stack([gray] * 3, axis=0 if planar else 2)
    layout: dict[str, Any] = {"planarconfig": "separate" if planar else "contig", "tile": tile}
    data = written(data=pixels, photometric="rgb", rowsperstrip=None if tile else 16, **layout)
    assert Photo.of(NAME, data).size == (WIDTH, HEIGHT)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        height = file.pages.first.tags[257]
    size = {tifffile.DATATYPE.SHORT: 2, tifffile.DATATYPE.LONG: 4}[tifffile.DATATYPE(height.dtype)]
    at = height.valueoffset
    taller = data[:at] + (60_000).to_bytes(size, "little") + data[at + size :]
    with pytest.raises(ImageError, match="48"):
        Photo.of(NAME, taller)


@pytest.mark.parametrize("kind", ["assocalpha", "unassalpha"])
@pytest.mark.parametrize("channels", [1, 3])
def test_eight_bits_that_transparency_was_multiplied_into_keep_tones_and_transparency(
    kind: str, channels: int
) -> None:
    """Fault 22: Pillow's modes La and RGBa, of TIFF."""
    alpha = np.where(np.arange(WIDTH) < WIDTH // 2, 255, 128).astype(np.uint8) + np.zeros_like(GRAY)
    stored = (GRAY * (alpha / 255.0)).round().astype(np.uint8) if kind == "assocalpha" else GRAY
    photometric = "rgb" if channels == 3 else "minisblack"
    data = written(
        data=np.dstack([stored] * channels + [alpha]), photometric=photometric, extrasamples=[kind]
    )
    result = encode_result(Photo.of(NAME, data), CHROMA, ColorizeConfig(), CREDIT)
    pixels = tifffile.imread(io.BytesIO(result.data))
    luma = pixels[..., :3] @ np.array([0.299, 0.587, 0.114])
    assert np.abs(luma - GRAY).max() <= 3
    assert (pixels[..., 3] == alpha).all()
