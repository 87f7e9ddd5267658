"""Every kind of pixel becomes luma, upright, and every kind of damage becomes one line."""

from pathlib import Path

import numpy as np
import pytest
from conftest import MakePhoto, linear_gray_profile
from PIL import Image, ImageOps
from PIL.ExifTags import Base as Tag

from colorgan.errors import ImageError, NotAnImageError
from colorgan.photo.image import Photo


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        ("L", "png"),
        ("1", "png"),
        ("P", "png"),
        ("LA", "png"),
        ("RGB", "png"),
        ("RGBA", "tif"),
        ("CMYK", "jpg"),
        ("L", "jpg"),
        ("RGB", "webp"),
        ("L", "bmp"),
        ("P", "gif"),
    ],
)
def test_luma_is_pillows_l_in_every_mode(
    make_photo: MakePhoto, tmp_path: Path, mode: str, suffix: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    make_photo(40, 30).convert(mode).save(path)
    luma = Photo.read(path).luma()
    with Image.open(path) as image:
        expected = image.convert("RGB").convert("L")
    assert luma.mode == "L"
    assert np.abs(np.asarray(luma, dtype=int) - np.asarray(expected)).max() <= 1


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_scaled_not_clipped(make_photo: MakePhoto, tmp_path: Path, suffix: str) -> None:
    gray = np.asarray(make_photo(40, 30))
    Image.fromarray(gray.astype(np.uint16) * 257).save(tmp_path / f"a.{suffix}")
    assert np.array_equal(np.asarray(Photo.read(tmp_path / f"a.{suffix}").luma()), gray)


@pytest.mark.parametrize("suffix", ["png", "tif", "jp2", "pgm"])
def test_sixteen_bits_are_read_of_every_format_that_has_them(tmp_path: Path, suffix: str) -> None:
    gray = np.linspace(0, 65535, 40 * 30).reshape(30, 40).astype(np.uint16)
    Image.fromarray(gray).save(tmp_path / f"a.{suffix}")
    deep = Photo.read(tmp_path / f"a.{suffix}").deep_luma()
    assert deep is not None
    assert np.abs(deep.astype(int) - gray).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_to_every_view(
    make_photo: MakePhoto, tmp_path: Path, orientation: int
) -> None:
    image = make_photo(64, 32)
    exif = Image.Exif()
    exif[Tag.Orientation] = orientation
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    with Image.open(tmp_path / "a.jpg") as opened:
        upright = ImageOps.exif_transpose(opened)
    photo = Photo.read(tmp_path / "a.jpg")
    assert photo.size == upright.size
    assert np.array_equal(np.asarray(photo.luma()), np.asarray(upright))
    small = photo.reduced(photo.size[0] // 2, photo.size[1] // 2)
    expected = upright.resize(small.size, Image.Resampling.BOX)
    assert np.abs(np.asarray(small, dtype=int) - np.asarray(expected)).mean() < 6


def test_a_reduced_color_photograph_keeps_its_chroma(make_photo: MakePhoto, tmp_path: Path) -> None:
    make_photo(640, 480, "RGB").save(tmp_path / "a.jpg")
    photo = Photo.read(tmp_path / "a.jpg")
    small = photo.reduced(64, 48)
    expected = make_photo(640, 480, "RGB").convert("YCbCr").resize((64, 48), Image.Resampling.BOX)
    assert small.mode == "YCbCr"
    assert np.abs(np.asarray(small, dtype=int) - np.asarray(expected)).mean() < 3
    assert photo.luma().size == (640, 480)  # the full resolution is still there


def test_a_gray_profile_is_applied(tmp_path: Path) -> None:
    image = Image.new("L", (8, 8), 128)
    image.save(tmp_path / "a.png", icc_profile=linear_gray_profile())
    luma = np.asarray(Photo.read(tmp_path / "a.png").luma())
    assert np.abs(luma.astype(int) - 188).max() <= 1  # half the light is 188 in sRGB (IEC 61966-2-1)


@pytest.mark.parametrize(
    ("data", "error"),
    [(b"", ImageError), (b"hello", NotAnImageError), (b"\xff\xd8\xff\xe0", NotAnImageError)],
)
def test_what_is_no_image_is_said_in_one_line(tmp_path: Path, data: bytes, error: type[ImageError]) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(error) as caught:
        Photo.read(tmp_path / "a.jpg")
    assert type(caught.value) is error
    assert caught.value.path == tmp_path / "a.jpg"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "gif", "bmp"])
def test_a_truncated_file_is_an_error(make_photo: MakePhoto, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    make_photo(200, 200).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageError):
        Photo.read(path).luma()


def test_pages_and_floats_are_refused_with_a_remedy(make_photo: MakePhoto, tmp_path: Path) -> None:
    page = make_photo()
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page, page])
    with pytest.raises(ImageError, match=r"a\.tif.* 3\b"):
        Photo.read(tmp_path / "a.tif")
    page.convert("F").save(tmp_path / "b.tif")
    with pytest.raises(ImageError, match=r"b\.tif.* 32\b"):
        Photo.read(tmp_path / "b.tif")


def test_an_image_of_too_many_pixels_is_refused(make_photo: MakePhoto, tmp_path: Path) -> None:
    make_photo(64, 48).save(tmp_path / "a.png")
    with pytest.raises(ImageError, match="--max-pixels"):
        Photo.read(tmp_path / "a.png", max_pixels=1000)
    assert Photo.read(tmp_path / "a.png", max_pixels=64 * 48).size == (64, 48)


@pytest.mark.parametrize("mode", ["L", "YCbCr", "RGB"])
def test_the_luma_of_a_jpeg_is_what_is_stored(make_photo: MakePhoto, tmp_path: Path, mode: str) -> None:
    make_photo(100, 75, mode).save(tmp_path / "a.jpg", quality=90)
    with Image.open(tmp_path / "a.jpg") as image:
        image.draft("YCbCr" if mode != "L" else "L", None)
        stored = np.asarray(image)
    photo = Photo.read(tmp_path / "a.jpg")
    photo.reduced(32, 32)
    assert np.array_equal(np.asarray(photo.luma()), stored if mode == "L" else stored[..., 0])


def test_postscript_never_reaches_ghostscript(tmp_path: Path) -> None:
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n"
    for name in ("a.jpg", "a.eps"):
        (tmp_path / name).write_bytes(script)
        with pytest.raises(ImageError, match=name):
            Photo.read(tmp_path / name)
