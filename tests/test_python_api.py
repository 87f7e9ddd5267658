"""What Python programs call gives what the command writes, of whatever they hold (faults 22 and 45)."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from conftest import MakePhoto
from PIL import Image
from samples import DEEP, GRAY, encoded, exif, jpeg, orientation, segment, text, tiff, with_segments

import colorgan
from colorgan import ColorizeConfig, Colorizer, How, ImageError, Status, UsageError, colorize
from colorgan.photo.jpeg_join import undo
from colorgan.photo.source import photo_of


@pytest.fixture(scope="module")
def colorizer(exports: dict[str, Path]) -> Colorizer:
    return Colorizer(exports["onnx"])


def test_the_bytes_are_those_that_the_command_writes(
    exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path
) -> None:
    """Fault 45."""
    (tmp_path / "in").mkdir()
    make_photo(90, 60).save(tmp_path / "in/gray.jpg")
    make_photo(90, 60).save(tmp_path / "in/gray.tif")
    make_photo(90, 60, "RGB").save(tmp_path / "in/color.png")
    outcomes = Colorizer(exports["onnx"]).colorize_folder(tmp_path / "in", tmp_path / "results")
    assert len(outcomes) == 3
    for outcome in outcomes:
        result = colorize(tmp_path / outcome.path, exports["onnx"])
        assert isinstance(outcome.output, Path)
        assert result.data == outcome.output.read_bytes()
        assert (result.status, result.how) == (outcome.status, outcome.how)


def test_a_gray_jpeg_keeps_luma_metadata_and_the_credit(colorizer: Colorizer, tmp_path: Path) -> None:
    """Fault 45."""
    data = with_segments(jpeg("L"), segment(0xE1, b"Exif\0\0" + exif(text(270, "Box 3"), orientation(6))))
    (tmp_path / "a.jpg").write_bytes(data)
    with (tmp_path / "a.jpg").open("rb") as file:
        results = [
            colorizer.colorize(source) for source in (tmp_path / "a.jpg", data, io.BytesIO(data), file)
        ]
    for result in results:
        named = result in (results[0], results[3])  # of which it says what it is derived from
        assert result.data == results[0 if named else 1].data
        assert (result.status, result.how, result.suffix) == (Status.COLORED, How.LUMA_KEPT, ".jpg")
        assert undo(result.data) == data
        assert b"Box 3" in result.data
        assert b"compositeWithTrainedAlgorithmicMedia" in result.data
    results[0].save(tmp_path / "colored.jpg")
    assert (tmp_path / "colored.jpg").read_bytes() == results[0].data
    with pytest.raises(UsageError):
        results[0].save(tmp_path / "colored.png")
    assert not (tmp_path / "colored.png").exists()


@pytest.mark.parametrize(
    "mode", ["L", "LA", "La", "1", "P", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "I;16", "HSV"]
)
def test_pillow_images_of_every_mode(colorizer: Colorizer, mode: str) -> None:
    """Fault 22."""
    gray = Image.fromarray(GRAY)
    if mode == "I;16":
        image = Image.fromarray(DEEP)
    elif mode in ("La", "RGBa"):
        image = gray.convert(mode[:-1] + "A").convert(mode)
    else:
        image = (gray if mode in ("L", "LA", "1") else gray.convert("RGB")).convert(mode)
    result = colorizer.colorize(image)
    assert (result.format, result.status) == ("PNG", Status.COLORED)
    assert b"compositeWithTrainedAlgorithmicMedia" in result.data
    bare = colorizer(image)
    assert (bare.mode, bare.size) == ("RGB", image.size)
    if mode not in ("1", "P"):  # which have few tones
        assert np.abs(np.asarray(bare.convert("L"), int) - GRAY).mean() < 3


@pytest.mark.parametrize("shape", [(), (1,), (2,), (3,), (4,)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_arrays_of_every_depth(colorizer: Colorizer, shape: tuple[int, ...], dtype: type) -> None:
    """Fault 22."""
    gray = GRAY if dtype is np.uint8 else DEEP
    array = np.dstack([gray] * shape[0]) if shape else gray
    result = colorizer.colorize(array)
    assert result.data[24] == 8 * np.dtype(dtype).itemsize
    with Image.open(io.BytesIO(result.data)) as image:
        assert np.abs(np.asarray(image.convert("RGB").convert("L"), int) - GRAY).mean() < 1.5
    assert colorizer(array).size == (80, 48)
    assert colorizer(array[::2, ::-1]).size == (80, 24)  # of whatever strides


def closed() -> Image.Image:
    image = Image.open(io.BytesIO(jpeg()))
    image.close()
    return image


@pytest.mark.parametrize(
    "source",
    [
        Image.new("L", (0, 0)),
        Image.new("RGB", (5, 0)),
        closed(),
        Image.new("F", (8, 8)),
        np.zeros((4, 4, 5), np.uint8),
        np.zeros((4, 4, 3), np.float64),
        np.zeros((0, 4), np.uint8),
        np.zeros(9, np.uint8),
        np.zeros((2, 8, 8, 3), np.uint8),
        np.array(7, np.uint8),
        np.array(["a"]),
        b"",
        b"no image",
        io.BytesIO(b""),
        io.StringIO("text"),
        None,
        17,
        "gone.jpg",
        Path("gone.jpg"),
    ],
    ids=lambda source: type(source).__name__,
)
def test_what_is_no_photograph_is_one_clear_error(colorizer: Colorizer, source: Any) -> None:
    """Fault 22."""
    for call in (colorizer, colorizer.colorize):
        with pytest.raises(ImageError) as caught:
            call(source)
        assert caught.value.reason
        assert "\n" not in str(caught.value)


def test_an_image_brings_its_orientation_and_what_it_says(colorizer: Colorizer) -> None:
    data = with_segments(jpeg(), segment(0xE1, b"Exif\0\0" + exif(text(315, "J. Smith"), orientation(6))))
    with Image.open(io.BytesIO(data)) as image:
        made = Image.fromarray(GRAY)
        made.getexif().update(image.getexif())
        results = [colorizer.colorize(image), colorizer.colorize(made)]
    with Image.open(io.BytesIO(tiff(GRAY.tobytes(), 8, "<", text(315, "J. Smith"), orientation(6)))) as image:
        results.append(colorizer.colorize(image))
    for result in results:
        with Image.open(io.BytesIO(result.data)) as colored:
            assert colored.size == (48, 80)
            assert colored.getexif()[315] == "J. Smith"
            assert colored.getexif().get(274, 1) == 1
            assert 273 not in colored.getexif()
            luma = np.asarray(colored.convert("L"), int)
        assert np.abs(luma - np.rot90(GRAY, -1)).mean() < 2


def test_the_limit_of_pixels_is_ours_and_pillows_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 22: a large scan is no attack, and a program's own limit is not changed."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    Image.fromarray(GRAY).save(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "a.tif", DEEP, compression="zlib", tile=(32, 48), photometric="minisblack")
    tifffile.imwrite(tmp_path / "b.tif", GRAY, photometric="minisblack")
    Image.fromarray(GRAY).save(tmp_path / "a.webp")
    Image.fromarray(GRAY).save(tmp_path / "a.jpg")
    for path in tmp_path.iterdir():
        photo = photo_of(path)
        assert photo.luma().size == photo.reduced(80, 48).size == (80, 48)
        with pytest.raises(ImageError, match=r"\b3,000\b"):
            photo_of(path, max_pixels=3000)
    assert photo_of(encoded(Image.fromarray(GRAY), "GIF")).luma().size == (80, 48)
    assert Image.MAX_IMAGE_PIXELS == 1000


def test_what_is_in_color_is_copied_skipped_or_colored(
    exports: dict[str, Path], make_photo: MakePhoto
) -> None:
    data = encoded(make_photo(mode="RGB"), "PNG")
    for choice, status in (("copy", Status.COPIED), ("skip", Status.SKIPPED), ("recolor", Status.COLORED)):
        result = colorize(data, exports["onnx"], ColorizeConfig(if_color=choice))
        assert result.status is status
        assert (result.data == data, result.data == b"") == (choice == "copy", choice == "skip")


def test_the_format_can_be_chosen(exports: dict[str, Path]) -> None:
    for name, suffix in (("jpg", ".jpg"), ("png", ".png"), ("webp", ".webp"), ("tiff", ".tiff")):
        assert colorize(GRAY, exports["onnx"], ColorizeConfig(format=name)).suffix == suffix


def test_importing_colorgan_imports_nothing_heavy() -> None:
    code = "import sys, colorgan; print(sorted({'numpy', 'PIL', 'onnxruntime', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert "colorize" in colorgan.__all__


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 5.0])
def test_a_saturation_that_is_no_number_in_its_range_is_refused(value: float) -> None:
    """Fault 8."""
    with pytest.raises(UsageError, match="saturation"):
        ColorizeConfig(saturation=value)


def test_a_copy_of_a_photograph_that_was_cut_says_so(exports: dict[str, Path], make_photo: MakePhoto) -> None:
    """Fault 19."""
    data = encoded(make_photo(400, 300, "RGB"), "JPEG")[:-20]
    result = colorize(data, exports["onnx"])
    assert (result.status, result.data) == (Status.COPIED, data)
    assert result.note
