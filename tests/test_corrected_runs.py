"""Corrections of a run: they change the photographs that they are for, and nothing else."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from commands import counts
from conftest import MakePhoto, contents
from PIL import Image
from samples import exif, orientation

from colorgan import ColorizeConfig, Colorizer, Correction, Corrections, Status, UsageError, restore
from colorgan.batch.manifest import Manifest
from colorgan.batch.manifest_store import NAME
from colorgan.cli.main import main
from colorgan.corrections.correction import Point, chroma_of
from colorgan.storage.objects import OBJECTS, ObjectPath
from colorgan.storage.paths import AnyPath

FAINT = '[[photo]]\npath = "1.jpg"\nsaturation = 0.2\n'
SKY = '[[photo]]\npath = "1.jpg"\npoints = [{ x = 0.2, y = 0.1, color = "#3060d0" }]\n'


def batch(*words: object) -> Result:
    return CliRunner().invoke(main, ["batch", *map(str, words)])


def rows(results: AnyPath) -> dict[str, str]:
    """The lines of a manifest by their paths."""
    lines = (Path(str(results)) / NAME).read_text().splitlines()
    return {json.loads(line)["path"]: line for line in lines}


def ycbcr(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        image.draft("YCbCr", None)
        return np.asarray(image.convert("YCbCr"))


def test_a_change_colors_those_photographs_again_and_no_other_row_changes(
    photos: Path, tmp_path: Path, exports: dict[str, Path]
) -> None:
    results, command = tmp_path / "results", (photos, tmp_path / "results", "--model", exports["onnx"])
    assert batch(*command).exit_code == 0
    first, before = rows(results), contents(results)
    for text in (FAINT, SKY, FAINT + SKY, ""):
        (results / "corrections.toml").write_text(text)
        told = CliRunner().invoke(main, ["status", str(results), str(photos), "--json"])
        assert told.exit_code == 1  # as a run would change that one
        assert [line["path"] for line in map(json.loads, told.stdout.splitlines()[:-1])] == ["1.jpg"]
        earlier = contents(results)
        done = batch(*command, "--json")
        assert done.exit_code == 0
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert [event["path"] for event in events if event.get("status") == "colored"] == ["1.jpg"]
        assert [event["path"] for event in events if event["event"] == "corrections"] == [
            str(results / "corrections.toml")
        ]
        assert {path: line for path, line in rows(results).items() if path != "1.jpg"} == {
            path: line for path, line in first.items() if path != "1.jpg"
        }
        after = contents(results)
        assert {name for name in after if after[name] != earlier[name]} == {"colorized_1.jpg"}
        restore(results, tmp_path / "originals")
        assert contents(tmp_path / "originals") == contents(photos)
        assert (ycbcr(results / "colorized_1.jpg")[..., 0] == ycbcr(photos / "1.jpg")[..., 0]).all()
        again = batch(*command, "--json")
        assert again.exit_code == 0
        assert counts(again) == {"done": 3}
    assert contents(results) == before


def test_the_first_file_that_is_found_counts(photos: Path, tmp_path: Path, exports: dict[str, Path]) -> None:
    results, other = tmp_path / "results", tmp_path / "other.toml"
    results.mkdir()
    places = [other, results / "corrections.toml", photos / "corrections.toml"]
    for place in places:
        place.write_text(FAINT)
    command = (photos, results, "--model", exports["onnx"], "--dry-run")
    for place in places:
        done = batch(*command, *(["--corrections", other] if place == other else []))
        assert done.exit_code == 0
        assert str(place) in done.output
        place.unlink()
    assert "corrections.toml" not in batch(*command).output
    other.write_text(FAINT)
    assert batch(*command[:-1], "--corrections", other).exit_code == 0
    for words, code in (((), 1), (("--corrections", other), 0)):
        told = CliRunner().invoke(main, ["status", *map(str, (results, photos, *words))])
        assert told.exit_code == code
    other.unlink()
    missing = batch(*command, "--corrections", other)
    assert missing.exit_code == 2
    assert str(other) in missing.output
    (photos / "corrections.toml").write_text("[[photo]]\nskip = 1\n")
    wrong = batch(*command)
    assert wrong.exit_code == 2
    assert f"{photos / 'corrections.toml'}, line 1: " in wrong.output


def test_paths_of_no_photograph_are_named(photos: Path, tmp_path: Path, exports: dict[str, Path]) -> None:
    (photos / "corrections.toml").write_text(
        FAINT + "".join(f'[[photo]]\npath = "{number}.jpeg"\nskip = true\n' for number in range(12))
    )
    command = (photos, tmp_path / "results", "--model", exports["onnx"], "--exclude", "1.jpg")
    done = batch(*command, "--shard", "1/2")
    assert done.exit_code == 0
    assert "'0.jpeg'" in done.output
    assert done.output.count(".jpeg'") == 10  # of twelve
    assert "'1.jpg'" not in done.output


def test_what_is_to_be_skipped_is_copied_as_it_is(
    photos: Path, tmp_path: Path, exports: dict[str, Path]
) -> None:
    results, command = tmp_path / "results", (photos, tmp_path / "results", "--model", exports["onnx"])
    batch(*command)
    (results / "corrections.toml").write_text('[[photo]]\npath = "2.jpg"\nskip = true\n')
    done = batch(*command, "--report")
    assert done.exit_code == 0
    assert (results / "colorized_2.jpg").read_bytes() == (photos / "2.jpg").read_bytes()
    assert Manifest(results).entries["2.jpg"].status == Status.LEFT
    assert CliRunner().invoke(main, ["status", str(results), str(photos)]).exit_code == 0
    assert counts(batch(*command, "--json")) == {"done": 3}


def test_parts_correct_what_a_run_of_all_does(photos: Path, tmp_path: Path, exports: dict[str, Path]) -> None:
    (photos / "corrections.toml").write_text(SKY + '[[photo]]\npattern = "*"\nhues = ["blue times 0"]\n')
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    batch(photos, whole, "--model", exports["onnx"])
    for number in (1, 2):
        assert batch(photos, parts, "--model", exports["onnx"], "--shard", f"{number}/2").exit_code == 0
    assert contents(parts) == contents(whole)
    assert counts(batch(photos, parts, "--model", exports["onnx"], "--json")) == {"done": 3}


def test_a_bucket_may_hold_corrections(
    scans: ObjectPath, bucket: ObjectPath, tmp_path: Path, exports: dict[str, Path]
) -> None:
    command = (scans, bucket / "results", "--model", exports["onnx"], "--json")
    assert batch(*command).exit_code == 0
    OBJECTS.write(scans / "corrections.toml", b'[[photo]]\npath = "1900/0.jpg"\nsaturation = 0\n')
    done = batch(*command)
    assert f"{scans}/corrections.toml" in done.output
    assert counts(done)["colored"] == 1
    OBJECTS.write(bucket / "results/corrections.toml", b"")
    assert counts(batch(*command))["colored"] == 1


def test_python_corrects_one_photograph(exports: dict[str, Path]) -> None:
    photo = Image.new("L", (400, 300), 128)
    colorizer = Colorizer(exports["onnx"])
    correction = Correction(points=(Point(0.2, 0.1, "#3060d0", 0.1),))
    before, after = (np.asarray(colorizer(photo, each), int) for each in (Correction(), correction))
    weights = [0.299, 0.587, 0.114]
    assert np.abs((before - after) @ weights).max() < 1.5
    assert np.abs(before - after)[30, 80].max() > 10
    assert np.abs(before - after)[200:, 300:].max() <= 2
    assert (np.ptp(np.asarray(colorizer(photo, Correction(saturation=0)), int), axis=2) == 0).all()
    assert (np.ptp(np.asarray(colorizer(photo, Correction(skip=True)), int), axis=2) == 0).all()
    left = colorizer.colorize(photo, Correction(skip=True))
    assert left.status is Status.LEFT
    assert Image.open(io.BytesIO(left.data)).mode == "L"
    plain, corrected = colorizer.colorize(photo), colorizer.colorize(photo, correction)
    assert plain.data != corrected.data
    with pytest.raises(UsageError):
        Point(1.2, 0, "red")


@pytest.mark.parametrize("upsampling", ["bilinear", "guided"])
def test_points_are_of_the_upright_picture(tmp_path: Path, exports: dict[str, Path], upsampling: str) -> None:
    path = tmp_path / "turned.jpg"
    Image.new("L", (320, 200), 128).save(path, exif=b"Exif\0\0" + exif(orientation(6)))
    correction = Correction(points=(Point(0.9, 0.1, "#3060d0", 0.2),))  # upright it is 200 x 320
    with Colorizer(exports["onnx"], ColorizeConfig(chroma_upsampling=upsampling)) as colorizer:
        colorizer.colorize(path, correction).save(tmp_path / "result.jpg")
    chroma = ycbcr(tmp_path / "result.jpg")[..., 1:].astype(int) - 128
    assert np.abs(chroma[20, 32] - chroma_of("#3060d0")).max() <= 3  # as stored, before the turn to the right
    assert np.abs(chroma[180, 288] - chroma_of("#3060d0")).max() > 20


def test_a_photograph_in_color_says_that_its_correction_does_not_count(
    make_photo: MakePhoto, tmp_path: Path, exports: dict[str, Path]
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    make_photo(64, 48, "RGB").save(folder / "1.jpg")
    (folder / "corrections.toml").write_text(FAINT)
    outcomes = Colorizer(exports["onnx"]).colorize_folder(folder, tmp_path / "results")
    assert [outcome.status for outcome in outcomes] == [Status.COPIED]
    assert "recolor" in outcomes[0].note
    recolored = Colorizer(exports["onnx"], ColorizeConfig(if_color="recolor"))
    plain, faint = (
        outcome
        for name, corrections in (("plain", Corrections()), ("faint", folder / "corrections.toml"))
        for outcome in recolored.colorize_folder(folder, tmp_path / name, corrections=corrections)
        if outcome.status is Status.COLORED
    )
    assert faint.colorfulness < plain.colorfulness


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_name_that_is_not_utf_8_fits_a_pattern(
    photos: Path, tmp_path: Path, exports: dict[str, Path]
) -> None:
    (photos / "0.jpg").rename(photos / os.fsdecode(b"caf\xe9.jpg"))
    (photos / "corrections.toml").write_text('[[photo]]\npattern = "caf?.jpg"\nskip = true\n')
    done = batch(photos, tmp_path / "results", "--model", exports["onnx"], "--json")
    assert counts(done) == {"colored": 2, "left": 1}
    (told,) = [line for line in map(json.loads, done.stdout.splitlines()) if line["event"] == "corrections"]
    assert told["unused"] == []
