"""A grayscale JPEG gets its color, keeps its luma, and can be had back."""

import contextlib
import io
import random
from itertools import product
from pathlib import Path

import av
import numpy as np
import pytest
import simplejpeg
from conftest import MakePhoto, gray_table_profile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from colorgan.errors import ImageError
from colorgan.photo.image import Photo
from colorgan.photo.jpeg import SOF0, GrayJpeg, JpegError, parse
from colorgan.photo.jpeg_join import NoRecordError, join, undo
from colorgan.photo.keep_luma import keep_luma
from colorgan.photo.xmp import Credit


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


@st.composite
def gray_jpegs(draw: st.DrawFn) -> bytes:
    """Of two encoders, noisy and smooth, of every option that they have."""
    width, height = draw(st.integers(1, 300)), draw(st.integers(1, 300))
    seed, grain = draw(st.integers(0, 99)), draw(st.sampled_from([0, 1, 60, 256]))
    pixels = np.random.default_rng(seed).integers(0, 256, (5, 7), dtype=np.uint8)
    smooth = np.array(Image.fromarray(pixels).resize((width, height)), dtype=int)
    noise = np.random.default_rng(seed).integers(-grain, grain + 1, (height, width))
    image = (smooth + noise).clip(0, 255).astype(np.uint8)
    quality = draw(st.integers(1, 100))
    if draw(st.booleans()):
        return bytes(simplejpeg.encode_jpeg(image[..., None], quality=quality, colorspace="GRAY"))
    options = {
        "quality": quality,
        "progressive": draw(st.booleans()),
        "optimize": draw(st.booleans()),
        "restart_marker_blocks": draw(st.sampled_from([0, 1, 7])),
        "comment": draw(st.binary(max_size=50)),
    }
    return jpeg(Image.fromarray(image), **options) + draw(
        st.sampled_from([b"", b"trailing", b"\xff\xd8\xff"])
    )


FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@FEW
@given(gray_jpegs())
def test_any_gray_jpeg_keeps_its_luma_and_comes_back(data: bytes) -> None:
    check(data)


@FEW
@given(gray_jpegs())
def test_a_decoder_that_is_not_libjpeg_shows_the_same_luma(data: bytes) -> None:
    def decode(jpeg_data: bytes) -> np.ndarray:
        with av.open(io.BytesIO(jpeg_data), mode="r", format="jpeg_pipe") as container:
            (frame,) = container.decode(video=0)
            plane = frame.planes[0]
            rows = np.frombuffer(bytes(plane), np.uint8).reshape(-1, plane.line_size)
            return np.asarray(rows[: frame.height, : frame.width])

    with av.logging.Capture() as messages:
        before, after = decode(data), decode(joined(data))
    assert not messages
    assert np.array_equal(after, before)


def colored(data: bytes) -> bytes:
    """What the engine does with a gray JPEG."""
    photo = Photo.of(Path("a.jpg"), data)
    chroma = np.full((2, 16, 16), 140, np.uint8)
    return keep_luma(photo, chroma, 90, Credit("generator.onnx", "0" * 64))


@FEW
@given(gray_jpegs(), st.integers(0, 10**6), st.integers(0, 3))
def test_a_damaged_file_never_becomes_one_that_cannot_be_read(data: bytes, seed: int, cut: int) -> None:
    choose = random.Random(seed)
    damaged = bytearray(data)
    for _ in range(choose.randrange(1, 6)):
        damaged[choose.randrange(len(damaged))] = choose.randrange(256)
    damaged = damaged[: choose.randrange(2, len(damaged))] if cut == 0 else damaged
    try:
        result = colored(bytes(damaged))
    except (ImageError, JpegError):
        return
    assert undo(result) == damaged
    with Image.open(io.BytesIO(result)) as image:
        image.load()


@FEW
@given(st.binary(max_size=300), st.integers(0, 10**6))
def test_a_damaged_record_gives_the_original_or_an_error(junk: bytes, seed: int) -> None:
    original = jpeg(Image.linear_gradient("L").resize((40, 30)))
    result, choose = bytearray(joined(original)), random.Random(seed)
    at = choose.randrange(len(result))
    result[at : at + choose.randrange(20)] = junk[: choose.randrange(300)]
    with contextlib.suppress(JpegError):
        assert undo(bytes(result)) == original


@pytest.mark.parametrize(
    ("mode", "options"), [("RGB", {}), ("L", {"icc_profile": gray_table_profile()})], ids=["color", "profile"]
)
def test_what_cannot_be_joined_is_refused(
    make_photo: MakePhoto, mode: str, options: dict[str, object]
) -> None:
    with pytest.raises(JpegError):
        colored(jpeg(make_photo(mode=mode), **options))


def test_no_height_in_the_frame_cannot_be_joined(make_photo: MakePhoto) -> None:
    data = bytearray(jpeg(make_photo()))
    (frame,) = [segment for segment in parse(bytes(data)) if segment.marker == SOF0]
    data[frame.body + 1 : frame.body + 3] = b"\0\0"
    with pytest.raises(JpegError):
        GrayJpeg.parse(bytes(data))


def test_a_file_without_a_record_is_told_from_a_damaged_one(make_photo: MakePhoto) -> None:
    with pytest.raises(NoRecordError):
        undo(jpeg(make_photo()))
    with pytest.raises(NoRecordError):
        undo(b"not a JPEG at all")


def test_adobe_says_ycc_afterwards_and_what_it_said_before_comes_back(make_photo: MakePhoto) -> None:
    data = jpeg(make_photo())
    adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0"  # transform 0: three components would be RGB
    check(data[:2] + adobe + data[2:])
    check(data[:2] + adobe + data[20:])  # without JFIF


def test_fill_bytes_before_markers_stay(make_photo: MakePhoto) -> None:
    data = jpeg(make_photo())
    last = parse(data)[-1].start
    check(data[:2] + b"\xff\xff" + data[2:last] + b"\xff\xff" + data[last:])


def test_a_profile_in_pieces_is_replaced_and_comes_back(make_photo: MakePhoto) -> None:
    data = jpeg(make_photo(), icc_profile=b"p" * 100_000)
    pieces = [s for s in parse(data) if data[s.body : s.end].startswith(b"ICC_PROFILE")]
    assert len(pieces) == 2
    data = data[:2] + b"\xff\xe2\0\x0eICC_PROFILE\0" + data[2:]  # and one that is cut short
    gray, half = GrayJpeg.parse(data), Image.new("L", (32, 24), 100)
    result = join(gray, GrayJpeg.parse(jpeg(half)), GrayJpeg.parse(jpeg(half)), icc=b"new profile")
    assert undo(result) == data
    with Image.open(io.BytesIO(result)) as image:
        assert image.info["icc_profile"] == b"new profile"


def test_a_file_without_any_marker_of_its_colors_is_seen_in_color(make_photo: MakePhoto) -> None:
    data = jpeg(make_photo())
    check(data[:2] + data[20:])  # without JFIF
