"""JPEG 2000, AVIF, HEIC and JPEG XL: their depth, profile, metadata and transparency stay."""

import io
import subprocess
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
import pyjpegxl
import pytest
import tifffile
from conftest import linear_gray_profile
from PIL import Image, ImageCms
from samples import CHROMA, CREDIT, DEEP, GRAY, HEIGHT, WIDTH, encoded, exif, jpeg, orientation, shown, text
from test_metadata import rich_exif

from colorgan import Colorizer, restore
from colorgan.batch.manifest_store import NAME
from colorgan.batch.outcome import How, Status
from colorgan.config import ColorizeConfig
from colorgan.errors import ImageError
from colorgan.photo import extra
from colorgan.photo.avif import encode_avif
from colorgan.photo.coded import divided
from colorgan.photo.encode import Result, encode_result
from colorgan.photo.image import Photo
from colorgan.photo.jpeg2000 import encode_jpeg2000
from colorgan.photo.jpeg_join import undo
from colorgan.photo.jpeg_xl_header import Header
from colorgan.photo.metadata import Metadata

RESULTS = {"a.jpg": "colorized_a.jpg.jxl", "a.jxl": "colorized_a.jxl"}
LUMA = np.array([0.299, 0.587, 0.114])
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
EXIF = exif(text(315, "J. Smith"))
ALPHA = np.full_like(DEEP, 32768)


def colored(data: bytes, format: str = "keep", **settings: Any) -> Result:
    photo = Photo.of(Path("a"), data)
    return encode_result(photo, CHROMA, ColorizeConfig(format=format, **settings), CREDIT)


def j2k(pixels: np.ndarray, bits: int, container: str = "jp2") -> bytes:
    return bytes(
        imagecodecs.jpeg2k_encode(pixels, codecformat=container, level=0, reversible=True, bitspersample=bits)
    )


def avif(pixels: np.ndarray, bits: int) -> bytes:
    pixel_format = "400" if pixels.ndim == 2 else "444"
    return bytes(imagecodecs.avif_encode(pixels, level=100, bitspersample=bits, pixelformat=pixel_format))


def heic(pixels: np.ndarray, **options: Any) -> bytes:
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels] + (";16" if pixels.dtype == np.uint16 else "")
    buffer = io.BytesIO()
    file = pillow_heif.from_bytes(mode, pixels.shape[1::-1], pixels.tobytes())
    file.save(buffer, quality=100, chroma=444, **options)
    return buffer.getvalue()


def jxl(pixels: np.ndarray, **options: Any) -> bytes:
    return bytes(pyjpegxl.encode_from_numpy(np.ascontiguousarray(pixels), lossless=True, **options))


def luma(samples: np.ndarray, bits: int) -> np.ndarray:
    """Scaled to 255."""
    return np.asarray(samples[..., :3] @ LUMA * (255 / (2**bits - 1)))


def read_heic(data: bytes) -> np.ndarray:
    return np.asarray(pillow_heif.open_heif(data, convert_hdr_to_8bit=False)[0])


RGB_DEEP = np.dstack([DEEP] * 3)
FILES: dict[str, tuple[bytes, str, int, Any, float]] = {
    "jp2 8": (j2k(GRAY, 8), "JPEG2000", 8, imagecodecs.jpeg2k_decode, 0.6),
    "jp2 12": (j2k(DEEP >> 4, 12), "JPEG2000", 12, imagecodecs.jpeg2k_decode, 0.1),
    "jp2 16": (j2k(DEEP, 16), "JPEG2000", 16, imagecodecs.jpeg2k_decode, 0.01),
    "jp2 16 rgb": (j2k(RGB_DEEP, 16), "JPEG2000", 16, imagecodecs.jpeg2k_decode, 0.01),
    "j2k 16": (j2k(DEEP, 16, "j2k"), "JPEG2000", 16, imagecodecs.jpeg2k_decode, 0.01),
    "avif 8": (avif(GRAY, 8), "AVIF", 8, imagecodecs.avif_decode, 4),
    "avif 10": (avif(DEEP >> 6, 10), "AVIF", 10, imagecodecs.avif_decode, 4),
    "avif 12": (avif(DEEP >> 4, 12), "AVIF", 12, imagecodecs.avif_decode, 4),
    "avif 12 rgb": (avif(RGB_DEEP >> 4, 12), "AVIF", 12, imagecodecs.avif_decode, 4),
    "heic 8": (heic(GRAY), "HEIF", 8, read_heic, 4),
    "heic 10": (heic(RGB_DEEP), "HEIF", 16, read_heic, 4),
    "jxl 8": (jxl(GRAY), "JXL", 8, imagecodecs.jpegxl_decode, 0.6),
    "jxl 16": (jxl(DEEP), "JXL", 16, imagecodecs.jpegxl_decode, 0.01),
    "jxl 16 rgb": (jxl(RGB_DEEP), "JXL", 16, imagecodecs.jpegxl_decode, 0.01),
}


@pytest.mark.parametrize("kind", FILES)
def test_each_comes_back_as_itself_with_its_depth(kind: str) -> None:
    data, format, bits, read, tolerance = FILES[kind]
    result = colored(data)
    pixels = np.asarray(read(result.data))
    assert result.format == format
    assert not result.note
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert pixels.dtype == (np.uint8 if bits == 8 else np.uint16)
    assert bits == 8 or (1 << (bits - 1)) <= pixels.max() < 1 << bits
    gray = GRAY if bits == 8 else DEEP / 257
    assert np.abs(luma(pixels, bits) - gray).mean() <= tolerance
    assert (pixels[..., 0] > pixels[..., 2]).mean() > 0.8  # red is above blue, as the chroma has it


@pytest.mark.parametrize("kind", ["jp2 16", "avif 12", "jxl 16"])
def test_a_ramp_has_more_than_256_values(kind: str) -> None:
    data, _, _, read, _ = FILES[kind]
    values = np.unique(np.asarray(read(colored(data).data))[..., 1])
    assert len(values) > 300


@pytest.mark.parametrize("format", ["jp2", "avif", "heic", "jxl"])
@pytest.mark.parametrize("deep", [False, True], ids=["8 bits", "16 bits"])
def test_metadata_and_profile_are_there_for_other_programs(format: str, deep: bool, tmp_path: Path) -> None:
    source = io.BytesIO()
    if deep:
        options: dict[str, Any] = {"iccprofile": SRGB, "extratags": [(315, 2, 0, "J. Smith", True)]}
        tifffile.imwrite(source, DEEP, photometric="minisblack", metadata=None, **options)
    else:
        image = Image.fromarray(GRAY).convert("RGB")
        image.save(source, "TIFF", icc_profile=SRGB, tiffinfo={315: "J. Smith"})
    result = colored(source.getvalue(), format)
    lines = shown(result.data, tmp_path)
    assert "J. Smith" in lines
    assert "algorithmically" in lines.lower() or "compositeWithTrained" in lines
    again = Photo.of(Path("a"), result.data)
    assert again.profile == SRGB
    assert again.bits == (8 if not deep else 12 if format in ("avif", "heic") else 16)
    assert bool(result.note) == (deep and format in ("avif", "heic"))


@pytest.mark.parametrize("format", ["jp2", "avif", "heic", "jxl"])
def test_transparency_stays(format: str) -> None:
    for pixels in (np.dstack([GRAY] * 3 + [GRAY // 2]), np.dstack([DEEP] * 3 + [ALPHA])):
        data = jxl(pixels)
        result = colored(data, format)
        again = Photo.of(Path("a"), result.data)
        alpha = again.alpha()
        assert alpha is not None
        expected = pixels[..., 3] / np.iinfo(pixels.dtype).max
        assert np.abs(alpha / np.iinfo(alpha.dtype).max - expected).max() < 0.05
        third = colored(result.data)
        assert third.format == result.format
        assert Photo.of(Path("a"), third.data).alpha() is not None


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_xl_is_reversible_twice(progressive: bool, tmp_path: Path) -> None:
    gray = jpeg("L", progressive=progressive)
    joined = colored(gray)
    result = colored(gray, "jxl")
    assert result.kept_luma
    assert result.format == "JXL"
    (tmp_path / "a.jxl").write_bytes(result.data)
    subprocess.run(["djxl", tmp_path / "a.jxl", tmp_path / "a.jpg"], check=True, capture_output=True)
    assert (tmp_path / "a.jpg").read_bytes() == joined.data


def test_a_transcoded_gray_jpeg_is_joined_and_stays_jpeg_xl() -> None:
    gray = jpeg("L")
    result = colored(pyjpegxl.jpeg_to_jxl(gray))
    assert result.kept_luma
    assert result.format == "JXL"
    assert undo(pyjpegxl.jxl_to_jpeg(result.data)) == gray
    assert undo(colored(pyjpegxl.jpeg_to_jxl(gray), "jpg").data) == gray


@pytest.mark.parametrize("bits", [8, 10])
def test_exif_of_an_avif_is_copied_as_it_is_and_does_not_turn_the_picture(bits: int) -> None:
    turned, straight = rich_exif("<", 6), rich_exif("<", 1)
    pixels = RGB_DEEP >> np.uint16(6) if bits > 8 else np.dstack([GRAY] * 3)
    data = encode_avif(pixels, bits, 90, Metadata(exif=straight), b"", b"")
    data = data.replace(straight, turned)  # other programs wrote so; what counts is the box irot
    photo = Photo.of(Path("a"), data)
    assert (photo.metadata.exif, photo.size) == (turned, (WIDTH, HEIGHT))
    result = Photo.of(Path("a"), colored(data).data)
    assert (result.metadata.exif, result.size) == (straight, (WIDTH, HEIGHT))


def test_colors_that_transparency_was_multiplied_into_are_divided_by_it() -> None:
    # By 18181-1, annex D: 8 x 8 pixels, nothing as usual, 8 bits, one channel more: multiplied transparency.
    bits = "1 00000 100 0 0 0 00 1 10 0 00 0 00 00 00 1".replace(" ", "")
    header = int(bits[::-1], 2).to_bytes(8, "little")
    assert Header.of(b"\xff\x0a" + header) == Header(is_multiplied=True)
    half = np.dstack([GRAY // 2] * 3 + [np.full_like(GRAY, 128)])
    assert np.abs(divided(half)[..., 0].astype(int) - GRAY).max() <= 2


@pytest.mark.parametrize("name", ["a.jpg", "a.jxl"])
def test_restore_gives_the_gray_jpeg_out_of_jpeg_xl(
    name: str, exports: dict[str, Path], tmp_path: Path
) -> None:
    gray = jpeg("L")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(gray if name == "a.jpg" else pyjpegxl.jpeg_to_jxl(gray))
    colorizer = Colorizer(exports["onnx"], ColorizeConfig(format="jxl"))
    (outcome,) = colorizer.colorize_folder(tmp_path / "in", tmp_path / "out")
    assert (outcome.how, outcome.output) == (How.LUMA_KEPT, tmp_path / "out" / RESULTS[name])
    (restored,) = restore(tmp_path / "out", tmp_path / "back")
    assert restored.status is Status.RESTORED
    assert restored.output == tmp_path / "back" / (name if name == "a.jpg" else "a.jxl.jpg")
    assert restored.output.read_bytes() == gray
    (done,) = colorizer.colorize_folder(tmp_path / "in", tmp_path / "out")
    assert done.status is Status.DONE
    (tmp_path / "out" / NAME).unlink()
    (again,) = restore(tmp_path / "out", tmp_path / "back")  # by the names alone
    assert (again.status, again.output) == (Status.RESTORED, restored.output)


def test_a_gray_profile_in_jpeg_xl_is_not_lost() -> None:
    photo = Photo.of(Path("a"), jxl(DEEP, icc=linear_gray_profile()))
    assert photo.profile
    result = colored(jxl(DEEP, icc=linear_gray_profile()))
    assert Photo.of(Path("a"), result.data).profile


@pytest.mark.parametrize(
    ("kind", "name"), [("jp2 16", "a.jp2"), ("avif 12", "a.avif"), ("heic 8", "a.heic"), ("jxl 8", "a.jxl")]
)
def test_a_missing_library_is_named_with_the_extra(
    kind: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(extra, "import_module", missing)
    with pytest.raises(ImageError, match=r"colorgan\[formats\]"):
        Photo.of(Path("a"), FILES[kind][0])


@pytest.mark.parametrize("kind", FILES)
def test_a_cut_file_is_refused(kind: str) -> None:
    data = FILES[kind][0]
    for share in (0.1, 0.5, 0.95):
        with pytest.raises(ImageError) as caught:
            colored(data[: int(len(data) * share)])
        assert "\n" not in str(caught.value)


def test_the_orientation_of_heic_and_of_jpeg_2000_is_applied_once() -> None:
    turned = exif(orientation(6))
    photo = Photo.of(Path("a"), heic(np.dstack([GRAY] * 3), exif=turned))
    with_pillow = pillow_heif.open_heif(heic(np.dstack([GRAY] * 3), exif=turned))[0]
    assert photo.size == with_pillow.size
    pixels = encode_jpeg2000(np.dstack([GRAY] * 3), 8, Metadata(), b"<x/>", b"")
    assert Photo.of(Path("a"), pixels).size == (WIDTH, HEIGHT)


def test_color_of_sixteen_bits_in_a_ppm_keeps_them() -> None:
    head = f"P6\n# a comment\n{WIDTH} {HEIGHT}\n65535\n".encode()
    result = colored(head + RGB_DEEP.astype(">u2").tobytes())
    assert result.format == "PNG"
    assert len(np.unique(imagecodecs.png_decode(result.data)[..., 1])) > 300


@pytest.mark.parametrize("format", ["TGA", "PCX", "SGI", "PPM", "BMP", "GIF"])
def test_content_counts_and_not_the_name(format: str) -> None:
    data = encoded(Image.fromarray(GRAY), format)
    photo = Photo.of(Path("a.jpg"), data)
    assert np.abs(np.asarray(photo.luma(), int) - GRAY).max() <= 1


def test_cmyk_of_sixteen_bits_keeps_them() -> None:
    nothing, buffer = np.zeros_like(DEEP), io.BytesIO()
    tifffile.imwrite(
        buffer, np.dstack([nothing] * 3 + [65535 - DEEP]), photometric="separated", metadata=None
    )
    pixels = tifffile.imread(io.BytesIO(colored(buffer.getvalue()).data))
    assert pixels.dtype == np.uint16
    assert np.abs(pixels @ LUMA - DEEP).max() <= 2
