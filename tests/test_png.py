"""PNGs of 16 bits keep them, with color and with transparency; what is odd in a file is no reason to fail."""

import io
import struct
import zlib
from itertools import product
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageCms
from samples import CHROMA, CREDIT, DEEP, GRAY, HEIGHT, WIDTH, chunk, color, encoded, png

from colorgan.config import ColorizeConfig
from colorgan.errors import ImageError
from colorgan.photo.encode import encode_result
from colorgan.photo.image import Photo

NAME = Path("a.png")
WEIGHTS = np.array([0.299, 0.587, 0.114])
COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
PASSES = [(0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1)]
"""First row and step, first column and step, of Adam7 (PNG specification, 8.1)."""


def deep_png(samples: np.ndarray, *chunks: bytes, interlaced: bool = False) -> bytes:
    """A PNG of 16 bits of (H, W, N)."""
    height, width, count = samples.shape
    header = struct.pack(">IIBBBBB", width, height, 16, COLOR_TYPES[count], 0, 0, interlaced)
    parts = [samples[a::b, c::d] for a, b, c, d in PASSES] if interlaced else [samples]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for part in parts for row in part if part.size)
    picture = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join((chunk(b"IHDR", header), *chunks, picture, chunk(b"IEND", b"")))


def read(data: bytes, format: str) -> np.ndarray:
    """As a reader that is not Pillow sees it."""
    with av.open(io.BytesIO(data), mode="r", format="png_pipe") as container:
        return next(container.decode(video=0)).to_ndarray(format=format)


@pytest.mark.parametrize(("count", "interlaced"), list(product((1, 2, 3, 4), (True, False))))
def test_sixteen_bits_stay_of_every_color_type(count: int, interlaced: bool) -> None:
    """Fault 5."""
    alpha = DEEP[:, ::-1]
    planes = {1: [DEEP], 2: [DEEP, alpha], 3: [DEEP] * 3, 4: [*[DEEP] * 3, alpha]}[count]
    photo = Photo.of(NAME, deep_png(np.dstack(planes), interlaced=interlaced))
    data = encode_result(photo, CHROMA, ColorizeConfig(), CREDIT).data
    pixels = read(data, "rgb48le" if count in (1, 3) else "rgba64le")
    assert np.abs(pixels[..., :3] @ WEIGHTS - DEEP).max() <= 2
    assert len(np.unique(pixels[..., 0])) > 256
    if count in (2, 4):
        assert np.array_equal(pixels[..., 3], alpha)


@pytest.mark.parametrize("format", ["keep", "tiff", "webp"])
@pytest.mark.parametrize("count", [1, 3])
def test_one_tone_that_is_transparent_is_so_in_the_result(format: str, count: int) -> None:
    """Fault 4: of 16 bits, of which each one counts."""
    samples = np.dstack([DEEP] * count)
    key = int(DEEP[10, 10])
    samples[0, 0] = key ^ 1
    data = deep_png(samples, chunk(b"tRNS", struct.pack(">H", key) * count))
    with Image.open(io.BytesIO(color(data, format))) as image:
        alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    assert np.array_equal(alpha, np.where((samples == key).all(axis=2), 0, 255))
    assert set(np.unique(alpha)) == {0, 255}


def test_a_profile_of_any_size_is_no_obstacle() -> None:
    """Fault 16."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    large = struct.pack(">I", 1_300_000) + profile[4:] + bytes(1_300_000 - len(profile))
    packed = chunk(b"iCCP", b"large\0\0" + zlib.compress(large))
    photo = Photo.of(NAME, png(Image.fromarray(GRAY).convert("RGB"), packed))
    assert np.array_equal(np.asarray(photo.luma()), GRAY)
    result = encode_result(photo, CHROMA, ColorizeConfig(), CREDIT)
    assert zlib.compress(large) in result.data


@pytest.mark.parametrize("cut", [4, 8, 11, 12, 15])
def test_a_file_without_its_end_is_colored(cut: int) -> None:
    """Fault 20: whatever is left of the last chunk."""
    assert np.array_equal(np.asarray(Photo.of(NAME, png()[:-cut]).luma()), GRAY)


@pytest.mark.parametrize("place", [20, 33, 37, 41, 45, 200])
def test_a_file_that_ends_too_early_is_an_error_of_the_file(place: int) -> None:
    """Fault 20."""
    with pytest.raises(ImageError, match=r"a\.png"):
        Photo.of(NAME, png()[:place]).luma()


def test_chunks_that_are_damaged_cost_no_photograph() -> None:
    odd = [
        chunk(b"iCCP", b"no end"),
        chunk(b"pHYs", b"\0"),
        chunk(b"zTXt", b"a\0\0junk"),
        chunk(b"eXIf", b"MM"),
    ]
    odd += [chunk(b"iTXt", b"XML:com.adobe.xmp\0\1"), chunk(b"tEXt", b"Raw profile type exif\0 x")]
    assert b"compositeWithTrainedAlgorithmicMedia" in color(png(None, *odd))


def test_several_pictures_are_refused() -> None:
    images = [Image.fromarray(GRAY), Image.fromarray(GRAY[::-1])]
    with pytest.raises(ImageError, match=r"\b2\b"):
        Photo.of(NAME, encoded(images[0], "PNG", save_all=True, append_images=images[1:]))


def test_exif_as_imagemagick_writes_it_is_read() -> None:
    block = b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
    raw = b"\nexif\n%8d\n" % (len(block) + 6) + (b"Exif\0\0" + block).hex().encode() + b"\n"
    for each in (
        chunk(b"tEXt", b"Raw profile type exif\0" + raw),
        chunk(b"zTXt", b"Raw profile type APP1\0\0" + zlib.compress(raw)),
    ):
        photo = Photo.of(NAME, png(None, each))
        assert (photo.orientation, photo.size) == (6, (HEIGHT, WIDTH))
        assert b"Raw profile" not in color(png(None, each))
