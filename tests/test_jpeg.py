"""A grayscale JPEG gets its colour, keeps its luma, and can be had back."""

import io
from itertools import product

import numpy as np
import pytest
import simplejpeg
from conftest import MakePhoto
from PIL import Image

from colorgan.jpeg import SOF0, GrayJpeg, join, parse, undo


def jpeg(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def joined(data: bytes, xmp: bytes | None = None) -> bytes:
    gray = GrayJpeg.parse(data)
    half = (-(-gray.width // 2), -(-gray.height // 2))
    cb, cr = (
        GrayJpeg.parse(jpeg(Image.new("L", half, value), progressive=gray.is_progressive))
        for value in (110, 150)
    )
    return join(gray, cb, cr, xmp)


def y_of(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        image.draft("L", None)
        return np.asarray(image)


def check(data: bytes) -> bytes:
    result = joined(data)
    assert undo(result) == data
    assert np.array_equal(y_of(result), y_of(data))
    with Image.open(io.BytesIO(result)) as image:
        assert image.mode == "RGB"
        image.draft("YCbCr", None)
        chroma = np.asarray(image)[..., 1:].astype(int)
    assert np.abs(chroma - (110, 150)).max() <= 1
    return result


@pytest.mark.parametrize(
    ("size", "options"),
    list(
        product(
            [(1, 1), (8, 8), (9, 17), (64, 48), (101, 75)],
            [
                {},
                {"progressive": True},
                {"optimize": True, "quality": 30},
                {"quality": 100},
                {"restart_marker_blocks": 3},
                {"restart_marker_rows": 1, "progressive": True},
                {"comment": b"Box 12", "dpi": (300, 300)},
            ],
        )
    ),
)
def test_luma_stays_chroma_comes_and_goes(
    make_photo: MakePhoto, size: tuple[int, int], options: dict[str, object]
) -> None:
    check(jpeg(make_photo(*size), **options))


def test_another_encoder_and_other_sampling_factors(make_photo: MakePhoto) -> None:
    pixels = np.array(make_photo(50, 40))[..., None]
    check(simplejpeg.encode_jpeg(pixels, quality=90, colorspace="GRAY"))
    data = bytearray(jpeg(make_photo(50, 40)))
    (frame,) = [segment for segment in parse(bytes(data)) if segment.marker == SOF0]
    data[frame.body + 7] = 0x22  # legal, and without a meaning for one component
    check(bytes(data))
