"""A result has its photograph's format, metadata and transparency."""

import errno
import io
import os
from pathlib import Path

import av
import numpy as np
import pytest
import tifffile
from conftest import MakePhoto, linear_gray_profile
from PIL import Image, ImageCms
from PIL.ExifTags import IFD
from PIL.ExifTags import Base as Tag
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngInfo

from colorgan.batch.results import write_result
from colorgan.errors import ImageError, RunError
from colorgan.photo.encode import encode, full_luma, output_format, quality_of
from colorgan.photo.icc import rgb_from_gray
from colorgan.photo.image import Photo
from colorgan.photo.xmp import Credit

CHROMA = np.stack([np.full((16, 16), 110), np.full((16, 16), 150)]).astype(np.uint8)
CREDIT = Credit("generator.onnx", "0" * 64)
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:title="Photographer: J. Smith" '
    b'e:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"/>'
    b"</rdf:RDF></x:xmpmeta>"
)


def colored(path: Path, wanted: str = "keep") -> Image.Image:
    photo = Photo.read(path)
    format = output_format(photo, wanted)
    data = encode(photo, full_luma(photo, format), CHROMA, format, 95, CREDIT)
    return Image.open(io.BytesIO(data))


def make_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[Tag.Orientation] = 6
    exif[Tag.Artist] = "J. Smith"
    exif[Tag.ImageDescription] = "Main Street, 1911"
    exif[IFD.Exif] = {int(Tag.DateTimeOriginal): "1911:05:01 12:00:00"}
    exif[IFD.GPSInfo] = {1: "N"}
    return exif


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_metadata_is_kept_and_the_orientation_spent(
    make_photo: MakePhoto, tmp_path: Path, suffix: str
) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / f"a.{suffix}"
    exif = make_exif()
    if suffix == "tif":
        exif[Tag.XMLPacket] = XMP
    texts = PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    make_photo(64, 32, "L").convert("RGB").save(
        path, exif=exif.tobytes(), xmp=XMP, pnginfo=texts, icc_profile=profile, dpi=(300, 300)
    )
    result = colored(path)
    assert result.size == (32, 64)  # upright
    exif = result.getexif()
    assert exif.get(Tag.Orientation, 1) == 1
    assert exif[Tag.Artist] == "J. Smith"
    assert exif[Tag.ImageDescription] == "Main Street, 1911"
    assert exif.get_ifd(IFD.Exif)[Tag.DateTimeOriginal] == "1911:05:01 12:00:00"
    assert exif.get_ifd(IFD.GPSInfo)[1] == "N"
    assert result.info["icc_profile"] == profile
    if suffix != "webp":  # has no field for it
        assert result.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    result.load()
    xmp = result.info["xmp"]
    assert b"J. Smith" in xmp
    assert b"compositeWithTrainedAlgorithmicMedia" in xmp
    assert b"digitalCapture" not in xmp


@pytest.mark.parametrize(
    ("suffix", "format"),
    [("jpg", "JPEG"), ("png", "PNG"), ("tif", "TIFF"), ("webp", "WEBP"), ("bmp", "BMP"), ("gif", "PNG")],
)
def test_the_format_stays_where_it_can_hold_color(
    make_photo: MakePhoto, tmp_path: Path, suffix: str, format: str
) -> None:
    make_photo().save(tmp_path / f"a.{suffix}")
    result = colored(tmp_path / f"a.{suffix}")
    assert result.format == format
    luma = np.asarray(make_photo(), dtype=int)
    assert np.abs(np.asarray(result.convert("YCbCr"), dtype=int)[..., 0] - luma).mean() < 3
    assert np.asarray(result.convert("RGB")).std(axis=-1).mean() > 5  # it has color


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_passes_through(make_photo: MakePhoto, tmp_path: Path, mode: str, suffix: str) -> None:
    image, alpha = make_photo().convert(mode), make_photo(seed=1)
    image.putalpha(alpha)
    image.save(tmp_path / f"a.{suffix}", lossless=True)
    assert np.abs(np.asarray(colored(tmp_path / f"a.{suffix}").getchannel("A"), int) - alpha).max() <= 1


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_does_not_cost_the_photograph(make_photo: MakePhoto, tmp_path: Path) -> None:
    make_photo().save(tmp_path / "a.png", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + bytes(range(60)))
    assert colored(tmp_path / "a.png").size == (64, 48)


def fail_with(code: int) -> None:
    raise OSError(code, os.strerror(code))


@pytest.mark.parametrize(("code", "kind"), [(errno.ENOSPC, RunError), (errno.EACCES, ImageError)])
def test_a_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[Exception]
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", lambda _: fail_with(code))
    with pytest.raises(kind):
        write_result(tmp_path / "a.jpg", b"new")
    assert (tmp_path / "a.jpg").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("size", [(33, 47), (32, 47), (33, 48), (7, 9), (1, 1), (40, 40)])
def test_what_lies_beside_the_luma_in_memory_does_not_matter(
    make_photo: MakePhoto, tmp_path: Path, size: tuple[int, int]
) -> None:
    make_photo().save(tmp_path / "a.png")
    photo, (height, width) = Photo.read(tmp_path / "a.png"), size
    results = set()
    for neighbor in (0, 255):
        memory = np.full((height + 2, width + 2), neighbor, np.uint8)
        memory[:height, :width] = np.asarray(make_photo(width, height))
        results.add(encode(photo, memory[:height, :width], CHROMA, "JPEG", 95, CREDIT))
    assert len(results) == 1


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("profile", [None, linear_gray_profile()])
def test_sixteen_bits_stay(tmp_path: Path, suffix: str, profile: bytes | None) -> None:
    gray = np.linspace(1000, 64000, 90 * 60).reshape(60, 90).astype(np.uint16)
    exif, texts = make_exif(), PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    exif[Tag.XMLPacket] = XMP
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(gray).save(path, exif=exif.tobytes(), pnginfo=texts, icc_profile=profile, dpi=(300, 300))
    photo = Photo.read(path)
    format = output_format(photo)
    data = encode(photo, full_luma(photo, format), CHROMA, format, 95, CREDIT)
    if suffix == "tif":
        pixels = tifffile.imread(io.BytesIO(data))
    else:
        with av.open(io.BytesIO(data), mode="r", format="png_pipe") as container:
            pixels = next(container.decode(video=0)).to_ndarray(format="rgb48le")
    assert pixels.dtype == np.uint16
    assert pixels.shape == (90, 60, 3)  # upright
    luma = pixels @ np.array([0.299, 0.587, 0.114])
    assert np.abs(luma - np.rot90(gray, -1)).max() <= 2  # of 65,535
    assert pixels.std(axis=-1).mean() > 1000
    with Image.open(io.BytesIO(data)) as result:
        assert result.getexif().get(Tag.Artist) == "J. Smith"
        assert result.getexif().get(Tag.Orientation, 1) == 1
        assert result.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert result.getexif().get_ifd(IFD.Exif)[Tag.DateTimeOriginal] == "1911:05:01 12:00:00"
        assert result.getexif().get_ifd(IFD.GPSInfo)[1] == "N"
        assert b"compositeWithTrainedAlgorithmicMedia" in result.info["xmp"]
        assert b"J. Smith" in result.info["xmp"]
        assert (result.info.get("icc_profile") or None) == (profile and rgb_from_gray(profile))


def test_a_jpeg_of_a_gray_photograph_in_color_keeps_its_quality(
    make_photo: MakePhoto, tmp_path: Path
) -> None:
    for quality in (40, 75, 92):
        make_photo(mode="RGB").convert("L").convert("RGB").save(tmp_path / "a.jpg", quality=quality)
        photo = Photo.read(tmp_path / "a.jpg")
        assert quality_of(photo, "JPEG", asked=0) == quality
        assert quality_of(photo, "JPEG", asked=80) == 80
        assert quality_of(photo, "WEBP", asked=0) == 95
        data = encode(photo, full_luma(photo, "JPEG"), CHROMA, "JPEG", quality, CREDIT)
        luma = np.asarray(Image.open(io.BytesIO(data)).convert("L"), dtype=int)
        assert np.abs(luma - np.asarray(photo.luma())).mean() < 1
    tables = [[7 + number % 5 for number in range(64)], [20 + number % 3 for number in range(64)]]
    for mode, used in (("RGB", tables), ("L", tables[:1])):
        make_photo(mode=mode).convert("L").convert(mode).save(tmp_path / "a.jpg", qtables=used)
        photo = Photo.read(tmp_path / "a.jpg")
        assert quality_of(photo, "JPEG", asked=0) == 0
        data = encode(photo, full_luma(photo, "JPEG"), CHROMA, "JPEG", 0, CREDIT)
        with Image.open(io.BytesIO(data)) as result:
            assert isinstance(result, JpegImageFile)
            assert [list(table) for table in result.quantization.values()] == used
            assert result.mode == "RGB"
            luma = np.asarray(result.convert("L"), dtype=int)
        assert np.abs(luma - np.asarray(photo.luma())).mean() < 1.5
    make_photo().save(tmp_path / "b.png")
    assert quality_of(Photo.read(tmp_path / "b.png"), "JPEG", asked=0) == 95
