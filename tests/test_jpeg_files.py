"""JPEGs as cameras, scanners and broken transfers leave them (faults 13, 15, 19 and 20)."""

import io
from pathlib import Path

import numpy as np
import pytest
from conftest import MakePhoto, linear_gray_profile
from PIL import Image, ImageCms
from samples import CHROMA, CREDIT, GRAY, jpeg, segment, tiff, with_segments

from colorgan.config import ColorizeConfig
from colorgan.errors import ImageError
from colorgan.photo.color import TONED, chroma_spread
from colorgan.photo.encode import Result, encode_result
from colorgan.photo.image import Photo
from colorgan.photo.jpeg_join import undo

NAME = Path("a.jpg")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def result_of(data: bytes) -> Result:
    return encode_result(Photo.of(NAME, data), CHROMA, ColorizeConfig(), CREDIT)


def luma_of(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("L"), int)


def check(data: bytes, kept: bool, rows: int = len(GRAY)) -> Result:
    result = result_of(data)
    assert result.kept_luma == kept
    assert np.abs(luma_of(result.data)[:rows] - GRAY[:rows]).mean() < 2
    return result


ADOBE = segment(0xEE, b"Adobe\0\x64\0\0\0\0\0")


@pytest.mark.parametrize("mark", ["ids", "ids and Adobe", "Adobe"])
@pytest.mark.parametrize("in_color", [True, False])
def test_a_jpeg_that_stores_red_green_and_blue_is_read(
    make_photo: MakePhoto, mark: str, in_color: bool
) -> None:
    """Fault 13."""
    image = make_photo(80, 48, "RGB") if in_color else Image.fromarray(GRAY).convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92, keep_rgb=True)
    data = buffer.getvalue().replace(ADOBE, b"")
    data = data if mark == "ids" else with_segments(data, ADOBE)
    if mark == "Adobe":  # which is enough, whatever the components are called
        for old, new in ((b"R", b"\1"), (b"G", b"\2"), (b"B", b"\3")):
            data = data.replace(old + b"\x11\0", new + b"\x11\0").replace(old + b"\0", new + b"\0")
    photo = Photo.of(NAME, data)
    assert np.abs(np.asarray(photo.luma(), int) - np.asarray(image.convert("L"))).mean() < 2
    small = np.asarray(photo.reduced(40, 24))
    assert small.ndim == 3
    assert (chroma_spread(small) > TONED) == in_color
    if not in_color:
        check(data, kept=False)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("cut", [1, 2, 3, 5, 20])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 2}], ids=str)
def test_a_jpeg_that_was_cut_is_colored_with_a_note(mode: str, cut: int, options: dict[str, object]) -> None:
    """Fault 19."""
    result = check(jpeg(mode, **options)[:-cut], kept=False, rows=32)
    assert result.note


def test_how_much_is_missing_is_said_and_most_is_too_much(make_photo: MakePhoto) -> None:
    buffer = io.BytesIO()
    make_photo(400, 400).save(buffer, "JPEG", quality=92)
    data = buffer.getvalue()
    photo = Photo.of(NAME, data[: len(data) * 3 // 4])
    assert photo.missing == pytest.approx(0.25, abs=0.1)
    with pytest.raises(ImageError, match=str(NAME)):
        Photo.of(NAME, data[: len(data) // 3])
    assert Photo.of(NAME, data).missing is None
    assert Photo.of(NAME, data + b"trailing").missing is None


def test_a_height_that_follows_the_scan_is_used() -> None:
    """Fault 20: a number of lines (DNL) in place of a height."""
    data = jpeg("L")
    at = data.index(b"\xff\xc0") + 5
    height = data[at : at + 2]
    late = data[:at] + b"\0\0" + data[at + 2 : -2] + b"\xff\xdc\0\4" + height + data[-2:]
    check(late, kept=False)


@pytest.mark.parametrize("before", [b"\r\n", b"\n", b"\0\0\0", b"  \t"])
def test_bytes_before_a_jpeg_are_skipped(before: bytes) -> None:
    """Fault 20."""
    check(before + jpeg("L"), kept=False)
    check(before + jpeg("RGB"), kept=False)


@pytest.mark.parametrize(
    ("mode", "profile", "kept"),
    [
        ("RGB", linear_gray_profile(), False),
        ("L", linear_gray_profile()[:140], True),
        ("L", b"junk" * 50, True),
        ("CMYK", SRGB, False),
        ("CMYK", SRGB[:16] + b"CMYK" + SRGB[20:140], False),
        ("RGB", SRGB[:300], False),
    ],
)
def test_a_profile_that_does_not_fit_is_left_out_and_that_is_said(
    mode: str, profile: bytes, kept: bool
) -> None:
    """Fault 15."""
    data = jpeg(mode, icc_profile=profile)
    result = check(data, kept)
    assert "profile" in result.note
    with Image.open(io.BytesIO(result.data)) as image:
        assert not image.info.get("icc_profile")
    if kept:
        assert undo(result.data) == data


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_the_same_in_other_formats(suffix: str) -> None:
    """Fault 15."""
    profile, buffer = linear_gray_profile(), io.BytesIO()
    Image.fromarray(GRAY).convert("RGB").save(buffer, "PNG", icc_profile=profile)
    gray = tiff(GRAY.tobytes(), 8, "<", (34675, 7, 140, profile[:140]))
    result = result_of(buffer.getvalue() if suffix == "png" else gray)
    assert "profile" in result.note
    assert np.abs(luma_of(result.data) - GRAY).max() <= 1


def test_a_profile_that_fits_is_not_mentioned() -> None:
    for mode, profile in (("L", linear_gray_profile()), ("RGB", SRGB), ("L", SRGB)):
        assert "profile" not in result_of(jpeg(mode, icc_profile=profile)).note
