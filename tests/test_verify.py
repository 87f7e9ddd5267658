"""A lossless result is decoded again before it gets its name (fault 46)."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import MakePhoto
from PIL import Image

from colorgan import ColorizeConfig, Colorizer, ImageError, RunError, Status
from colorgan.photo import encode
from colorgan.photo.png import SIGNATURE, chunk, encode_png
from colorgan.photo.tiff import encode_tiff
from colorgan.photo.verify import check_lossless

NAME = Path("a")
END_OF_HEADER = len(SIGNATURE) + 4 + 4 + 13 + 4


def encoded(pixels: np.ndarray, format: str) -> bytes:
    return encode_png(pixels) if format == "PNG" else encode_tiff(pixels, ">", {})


@pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow, about the half of a file
@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [3, 4])
def test_one_value_that_differs_in_any_sample_is_found(format: str, depth: type, channels: int) -> None:
    pixels: np.ndarray = (
        np.random.default_rng(0).integers(0, np.iinfo(depth).max, (9, 7, channels)).astype(depth)
    )
    data = encoded(pixels, format)
    check_lossless(NAME, data, format, pixels)
    for place in ((0, 0, 0), (8, 6, channels - 1)):
        wrong = pixels.copy()
        wrong[place] ^= 1
        with pytest.raises(ImageError):
            check_lossless(NAME, data, format, wrong)
    with pytest.raises(ImageError):
        check_lossless(NAME, data[: len(data) // 2], format, pixels)
    with pytest.raises(ImageError):
        check_lossless(NAME, b"", format, pixels)


@pytest.mark.parametrize("format", ["png", "tiff"])
@pytest.mark.parametrize("mode", ["L", "I;16"])
def test_a_result_that_is_not_what_was_to_be_written_gets_no_name(
    exports: dict[str, Path],
    tmp_path: Path,
    make_photo: MakePhoto,
    monkeypatch: pytest.MonkeyPatch,
    format: str,
    mode: str,
) -> None:
    """As where memory is at fault: a bit of the pixels flips on their way to the encoder."""
    (tmp_path / "in").mkdir()
    pixels = np.asarray(make_photo(64, 48))
    Image.fromarray(pixels if mode == "L" else pixels.astype(np.uint16) * 257).save(tmp_path / "in/a.png")
    lossless = encode._lossless

    def damaged(photo: object, merged: np.ndarray, *rest: object) -> bytes:
        wrong = merged.copy()
        wrong[3, 3, 1] ^= 1
        return lossless(photo, wrong, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(encode, "_lossless", damaged)
    colorizer = Colorizer(exports["onnx"], ColorizeConfig(format=format))
    (outcome,) = colorizer.colorize_folder(tmp_path / "in", tmp_path / "out")
    assert outcome.status is Status.FAILED
    assert not list((tmp_path / "out").glob("colorized*"))
    monkeypatch.undo()
    (outcome,) = colorizer.colorize_folder(tmp_path / "in", tmp_path / "out")
    assert outcome.status is Status.COLORED


def test_a_damaged_chunk_is_not_copied_into_a_result(exports: dict[str, Path], make_photo: MakePhoto) -> None:
    """Found by the campaign: a name that is not of letters makes every reader refuse the result."""
    plain = encode_png(np.asarray(make_photo(64, 48)))
    damaged = [
        plain[:END_OF_HEADER],
        chunk(b"\xa0cIf", b"x"),
        chunk(b"eXI\xff", b"x"),
        chunk(b"prVt", b"kept"),
    ]
    colored = Colorizer(exports["onnx"]).colorize(b"".join([*damaged, plain[END_OF_HEADER:]]))
    Image.open(io.BytesIO(colored.data)).load()
    assert b"cIf" not in colored.data
    assert chunk(b"prVt", b"kept") in colored.data


@pytest.mark.parametrize(
    ("values", "error"), [(0, ImageError), (255, ImageError), (np.nan, RunError), (np.inf, RunError)]
)
def test_what_a_model_predicts_that_is_no_color_colors_nothing(
    exports: dict[str, Path], tmp_path: Path, make_photo: MakePhoto, values: float, error: type[Exception]
) -> None:
    """Found by the campaign: 0 and 255 are what NaN and infinity become as bytes."""

    class Broken:
        def predict(self, luma: np.ndarray) -> np.ndarray:
            dtype = np.float32 if error is RunError else np.uint8
            return np.full((len(luma), 2, *luma.shape[2:]), values, dtype)

    make_photo(64, 48).save(tmp_path / "a.jpg")
    colorizer = Colorizer(exports["onnx"])
    colorizer.model = replace(colorizer.model, backend=Broken())
    with pytest.raises(error):
        colorizer.colorize(tmp_path / "a.jpg")
    if error is RunError:
        with pytest.raises(RunError):
            colorizer.colorize_folder(tmp_path / "a.jpg", tmp_path / "out")
    else:
        (outcome,) = colorizer.colorize_folder(tmp_path / "a.jpg", tmp_path / "out")
        assert outcome.status is Status.FAILED
    assert not list((tmp_path / "out").glob("colorized*"))
