"""Photographs of all sizes are colored in batches, and nothing is lost on the way."""

import os
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import MakePhoto
from PIL import Image

from colorgan import ColorizeConfig, Colorizer, ImageError, Status
from colorgan.backends import Model
from colorgan.batch.engine import Engine
from colorgan.batch.timing import StageTimes
from colorgan.config import ExportConfig
from colorgan.errors import PredictError, UsageError
from colorgan.export.exporting import export_checkpoint
from colorgan.photo.color import Planes
from colorgan.photo.encode import Result, encode_result
from colorgan.photo.image import Photo
from colorgan.photo.xmp import Credit

SIZES = [(64, 48), (48, 64), (200, 150), (90, 90), (301, 77), (17, 230), (1, 1)]


@pytest.fixture
def archive(tmp_path: Path, make_photo: MakePhoto) -> Path:
    """A folder with everything in it that can be."""
    folder = tmp_path / "archive"
    (folder / "1911/may").mkdir(parents=True)
    for number, (width, height) in enumerate(SIZES * 3):
        parent = folder / ("1911/may" if number % 2 else "1911")
        make_photo(width, height, seed=number).save(parent / f"{number}.{'jpg' if number % 3 else 'png'}")
    make_photo(256, 256, "RGB").save(folder / "in color.jpg")
    (folder / "broken.jpg").write_bytes((folder / "in color.jpg").read_bytes()[:900])
    (folder / "empty.tif").touch()
    (folder / "notes.txt").write_text("Box 12")
    return folder


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("YCbCr"), dtype=int)


@pytest.mark.parametrize("batch_size", [0, 2, 5])
def test_a_model_of_fixed_sizes_colors_photographs_of_all(
    checkpoint: Path, archive: Path, tmp_path: Path, batch_size: int
) -> None:
    model = export_checkpoint(checkpoint, tmp_path, ExportConfig(static_size="64x80", static_batch=3)).path
    colorizer = Colorizer(model, ColorizeConfig(batch_size=batch_size))
    counts = Counter(outcome.status for outcome in colorizer.colorize_folder(archive, tmp_path / "results"))
    assert counts == {Status.COLORED: 21, Status.COPIED: 1, Status.FAILED: 2, Status.IGNORED: 1}
    assert colorizer(archive / "1911" / "0.png").size == SIZES[0]


def test_a_folder_is_colored_and_every_file_accounted_for(
    exports: dict[str, Path], archive: Path, tmp_path: Path
) -> None:
    outcomes = list(Colorizer(exports["onnx"]).colorize_folder(archive, tmp_path / "results"))
    counts = Counter(outcome.status for outcome in outcomes)
    colored = 3 * len(SIZES)
    assert counts == {Status.COLORED: colored, Status.COPIED: 1, Status.FAILED: 2, Status.IGNORED: 1}
    assert {outcome.path for outcome in outcomes} == set(archive.rglob("*.*"))
    for outcome in outcomes:
        assert bool(outcome.error) == (outcome.status is Status.FAILED)
        if outcome.status is Status.COLORED:
            assert isinstance(outcome.path, Path)
            assert isinstance(outcome.output, Path)
            relative = outcome.path.relative_to(archive)
            assert outcome.output == tmp_path / "results" / relative.with_name(f"colorized_{relative.name}")
            assert np.abs(read(outcome.output)[..., 0] - read(outcome.path)[..., 0]).mean() < 6
    written = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert len(written) == colored + 3  # the copy, the manifest and its lock; no temporary file is left


def test_what_is_in_color_already_is_copied_byte_for_byte(
    exports: dict[str, Path], archive: Path, tmp_path: Path
) -> None:
    list(Colorizer(exports["onnx"]).colorize_folder(archive, tmp_path / "results"))
    copy = tmp_path / "results/colorized_in color.jpg"
    assert copy.read_bytes() == (archive / "in color.jpg").read_bytes()


@pytest.mark.parametrize("batch_size", [1, 3, 16])
def test_a_result_does_not_depend_on_its_batch(
    exports: dict[str, Path], archive: Path, tmp_path: Path, batch_size: int
) -> None:
    colorizer = Colorizer(exports["onnx"], ColorizeConfig(batch_size=batch_size))
    outcomes = colorizer.colorize_folder(archive, tmp_path / "results")
    pngs = [each for each in outcomes if each.status is Status.COLORED and each.path.suffix == ".png"]
    assert pngs
    for outcome in pngs:
        assert outcome.output is not None
        alone = np.asarray(colorizer(outcome.path), dtype=int)
        with Image.open(outcome.output) as result:
            assert np.abs(np.asarray(result, dtype=int) - alone).max() <= 2  # 1 of chroma, in RGB


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes are Linux's")
@pytest.mark.parametrize(
    "name", [b"caf\xe9.jpg", b"new\nline.jpg", b"x" * 251 + b".jpg", "日本.jpg".encode()]
)
def test_odd_names_work(exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path, name: bytes) -> None:
    make_photo().save(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").rename(tmp_path / os.fsdecode(name))
    colorizer = Colorizer(exports["onnx"])
    for status in (Status.COLORED, Status.DONE):
        (outcome,) = colorizer.colorize_folder(tmp_path, tmp_path / "results")
        assert outcome.status is status
        assert isinstance(outcome.output, Path)
        assert outcome.output.is_file()


def test_an_unexpected_error_costs_one_file_only(
    exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        make_photo(seed=number).save(tmp_path / f"{number}.png")

    def fail_for_one(photo: Photo, *arguments: Any) -> Result:
        if photo.path.name == "2.png":
            raise KeyError("bug")
        return encode_result(photo, *arguments)

    monkeypatch.setattr("colorgan.painting.painter.encode_result", fail_for_one)
    outcomes = list(Colorizer(exports["onnx"]).colorize_folder(tmp_path, tmp_path / "results"))
    failed = {outcome.path.name: outcome.error for outcome in outcomes if outcome.error}
    log = tmp_path / "results" / "colorgan-error.log"
    assert list(failed) == ["2.png"]
    assert "KeyError('bug')" in failed["2.png"]
    assert str(log) in failed["2.png"]
    assert "Traceback" in log.read_text()
    assert len(outcomes) == 4


@pytest.mark.filterwarnings("ignore")  # Pillow's, about the damage
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("format", ["keep", "jpg", "tiff"])
def test_damaged_files_of_every_format_cost_themselves_only(
    exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path, seed: int, format: str
) -> None:
    choose, exif = random.Random(seed), Image.Exif()
    exif[0x013B], exif[0x0112] = "J. Smith", 6
    (tmp_path / "in").mkdir()
    for suffix, mode, progressive in [
        ("jpg", "L", True),
        ("jpg", "L", False),
        ("jpg", "RGB", False),
        ("png", "L", False),
        ("png", "LA", False),
        ("png", "I;16", False),
        ("tif", "L", False),
        ("webp", "RGB", False),
        ("gif", "L", False),
        ("bmp", "L", False),
    ]:
        path = tmp_path / "in" / f"{choose.random()}.{suffix}"
        make_photo().convert(mode).save(path, exif=exif.tobytes(), progressive=progressive)
        for copy in range(6):
            data = bytearray(path.read_bytes())
            for _ in range(choose.randrange(1, 5)):
                data[choose.randrange(min(len(data), choose.choice([400, 10**6])))] = choose.randrange(256)
            (tmp_path / "in" / f"{copy}{path.name}").write_bytes(data)
    config = ColorizeConfig(format=format, if_color="recolor")
    outcomes = Colorizer(exports["onnx"], config).colorize_folder(tmp_path / "in", tmp_path / "results")
    assert len(outcomes) == 70
    assert sum(outcome.status is Status.COLORED for outcome in outcomes) >= 10  # those that are whole
    for outcome in outcomes:
        assert (outcome.status is Status.COLORED) == bool(outcome.output)
        if outcome.output is not None:
            with Image.open(outcome.output) as image:
                image.load()


class CountingBackend:
    """Neutral chroma; remembers the shapes that it was given."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def predict(self, luma: Planes) -> Planes:
        self.shapes.append(luma.shape)
        return np.full((len(luma), 2, *luma.shape[2:]), 128, np.uint8)


def test_photographs_of_different_sizes_fit_in_one_batch(
    make_photo: MakePhoto, exports: dict[str, Path], tmp_path: Path
) -> None:
    for number in range(12):
        make_photo(80 + 8 * number, 60 + 6 * number, seed=number).save(tmp_path / f"{number}.jpg")
    colorizer, backend = Colorizer(exports["onnx"], ColorizeConfig(batch_size=4)), CountingBackend()
    colorizer.model = Model(backend, 64, "a test", Credit("a test", "0"))
    assert len(list(colorizer.colorize_folder(tmp_path, tmp_path / "results"))) == 12
    assert sum(shape[0] for shape in backend.shapes) == 12
    assert {shape[1:] for shape in backend.shapes} == {(1, 64, 80)}
    assert max(shape[0] for shape in backend.shapes) <= 4


class SmallBackend(CountingBackend):
    """Has memory for so many images at once."""

    room = 2
    refused = 0

    def predict(self, luma: Planes) -> Planes:
        if len(luma) > self.room:
            self.refused += 1
            raise PredictError("out of memory")
        return super().predict(luma)


def test_a_batch_that_does_not_fit_is_halved(
    make_photo: MakePhoto, exports: dict[str, Path], tmp_path: Path
) -> None:
    colorizer, backend = Colorizer(exports["onnx"]), SmallBackend()
    batcher = Engine(colorizer.config, backend.predict, 7, 1).batcher(StageTimes())
    assert len(list(batcher.function([np.zeros((64, 80), np.uint8)] * 7))) == 7
    assert max(shape[0] for shape in backend.shapes) == 2
    assert batcher.size <= 2  # it is remembered

    make_photo(80, 60).save(tmp_path / "a.jpg")
    colorizer.model = Model(backend, 64, "a test", Credit("a test", "0"))
    backend.room = 0
    with pytest.raises(PredictError):
        list(colorizer.colorize_folder(tmp_path, tmp_path / "other"))


def test_names_that_the_results_folder_cannot_tell_apart_are_reported(
    exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("A.jpg", "a.jpg", "b.jpg"):
        make_photo().save(tmp_path / name)
    monkeypatch.setattr("colorgan.storage.local.ignores_case", lambda _: True)
    outcomes = {
        outcome.path.name: outcome
        for outcome in Colorizer(exports["onnx"]).colorize_folder(tmp_path, tmp_path / "results")
    }
    assert [outcomes[name].status for name in ("A.jpg", "b.jpg")] == [Status.COLORED] * 2
    assert outcomes["a.jpg"].status is Status.FAILED
    assert "A.jpg" in outcomes["a.jpg"].error


def test_a_folder_that_cannot_be_read_is_a_failure_and_the_rest_is_done(
    exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    make_photo().save(tmp_path / "a.jpg")
    scandir = os.scandir

    def refuse(folder: str | Path) -> object:
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr("colorgan.batch.sources.os.scandir", refuse)
    outcomes = Colorizer(exports["onnx"]).colorize_folder(tmp_path, tmp_path / "results")
    assert {outcome.path.name: outcome.status for outcome in outcomes} == {
        "a.jpg": Status.COLORED,
        "closed": Status.FAILED,
    }


def test_one_photograph_from_python(exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path) -> None:
    make_photo(100, 70).save(tmp_path / "a.png")
    colorizer = Colorizer(exports["onnx"])
    from_file, from_image = colorizer(tmp_path / "a.png"), colorizer(make_photo(100, 70))
    assert (from_file.mode, from_file.size) == ("RGB", (100, 70))
    assert np.array_equal(np.asarray(from_file), np.asarray(from_image))
    assert np.asarray(from_file).std(axis=-1).max() > 5
    with pytest.raises(ImageError, match=r"gone\.png"):
        colorizer(tmp_path / "gone.png")


def test_saving_a_skipped_photograph_leaves_the_file_that_is_there(
    exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path
) -> None:
    (tmp_path / "kept.png").write_bytes(b"mine")
    colorizer = Colorizer(exports["onnx"], ColorizeConfig(if_color="skip"))
    skipped = colorizer.colorize(make_photo(64, 48, "RGB"))
    with pytest.raises(UsageError, match=r"kept\.png"):
        skipped.save(tmp_path / "kept.png")
    assert (tmp_path / "kept.png").read_bytes() == b"mine"
