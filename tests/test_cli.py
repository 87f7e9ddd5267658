"""The commands as a user meets them: what they do, and what they say of it."""

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from commands import call, counts, summary
from conftest import MakePhoto
from PIL import Image

from colorgan.backends import load_model
from colorgan.cli.main import main


def test_batch_colors_a_folder_and_sums_up(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    (photos / "notes.txt").touch()
    result = call("batch", photos, tmp_path / "results", "--model", exports["onnx"])
    assert result.exit_code == 0
    assert result.stderr == ""
    first, summary, times = result.stdout.splitlines()
    assert "onnxruntime" in first
    assert re.match(r"3\D+3\D", summary)
    assert str(tmp_path / "results") in summary
    assert len(re.findall(r"\d+%", times)) == 6  # of the bottleneck, four stages and the device
    assert sorted(path.name for path in (tmp_path / "results").glob("[!.]*")) == [
        "colorized_0.jpg",
        "colorized_1.jpg",
        "colorized_2.jpg",
        "manifest.jsonl",
    ]


def test_batch_names_what_failed_and_exits_with_1(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    (photos / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (photos / "empty.jpg").touch()
    result = call("batch", photos, tmp_path / "results", "--model", exports["onnx"])
    assert result.exit_code == 1
    named = sorted(line.split(": ")[1] for line in result.stderr.splitlines())
    assert named == ["broken.png", "empty.jpg"]
    again = call("batch", photos, tmp_path / "results", "--model", exports["onnx"], "--json")
    assert counts(again) == {"done": 3, "failed": 2}


def test_batch_names_the_first_failures_and_where_the_rest_is(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    for number in range(13):
        (photos / f"empty_{number}.jpg").touch()
    result = call("batch", photos, tmp_path / "results", "--model", exports["onnx"])
    assert result.exit_code == 1
    *named, last = result.stderr.splitlines()
    assert len(named) == 10
    assert str(tmp_path / "results/manifest.jsonl") in last


def test_strict_stops_at_the_first_failure(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    (photos / "00.jpg").touch()
    for number in range(200):
        (photos / f"more_{number}.jpg").write_bytes((photos / "0.jpg").read_bytes())
    batch = ("batch", photos, tmp_path / "results", "--model", exports["onnx"], "--strict")
    result = call(*batch)
    assert result.exit_code == 1
    failed, stopped = result.stderr.splitlines()
    assert "00.jpg" in failed
    assert "--strict" in stopped
    assert len(list((tmp_path / "results").glob("*.jpg"))) < 200
    (photos / "00.jpg").unlink()
    assert call(*batch).exit_code == 0
    assert len(list((tmp_path / "results").glob("*.jpg"))) == 203


def test_a_dry_run_names_what_is_to_do_and_does_nothing(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    batch = ("batch", photos, tmp_path / "results", "--model", exports["onnx"])
    result = call(*batch, "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == ["0.jpg", "1.jpg", "2.jpg"]
    assert not (tmp_path / "results").exists()
    assert call(*batch, "--limit", "2").exit_code == 0
    told = summary(call(*batch, "--dry-run", "--json").stdout)
    assert (told["to_do"], told["counts"]) == (1, {"done": 2})


def test_a_dry_run_needs_no_leave_to_write(
    exports: dict[str, Path], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:  # root may write anywhere
        raise PermissionError(13, "Permission denied")

    (tmp_path / "results").mkdir()
    monkeypatch.setattr("colorgan.storage.files.NamedTemporaryFile", refuse)
    result = call("batch", photos, tmp_path / "results", "--model", exports["onnx"], "--dry-run")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 3


def test_limit_counts_what_is_worked_on_now(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    batch = ("batch", photos, tmp_path / "results", "--model", exports["onnx"], "--limit", "2", "--json")
    assert counts(call(*batch)) == {"colored": 2}
    assert counts(call(*batch)) == {"done": 2, "colored": 1}
    assert counts(call(*batch)) == {"done": 3}


def test_options_that_change_a_result_make_it_anew(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    batch = ("batch", photos, tmp_path / "results", "--model", exports["onnx"])
    for options in (
        [],
        ["--saturation", "0"],
        ["--quality", "50"],
        ["--format", "png"],
        ["--prefix", "new_"],
    ):
        assert counts(call(*batch, *options, "--json")) == {"colored": 3}
        assert counts(call(*batch, *options, "--json")) == {"done": 3}
    with Image.open(tmp_path / "results/colorized_0.jpg.png") as image:
        assert np.asarray(image.convert("HSV"))[..., 1].max() > 10
    assert (tmp_path / "results/new_0.jpg").is_file()


def test_no_saturation_is_gray(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    call("batch", photos, tmp_path / "results", "--model", exports["onnx"], "--saturation", "0")
    with Image.open(tmp_path / "results/colorized_0.jpg") as image:
        assert np.ptp(np.asarray(image.convert("RGB"), int), axis=-1).max() <= 1


@pytest.mark.parametrize(
    ("what", "status", "names"),
    [
        ("copy", "copied", {"colorized_a.jpg"}),
        ("skip", "skipped", set()),
        ("recolor", "colored", {"colorized_a.jpg"}),
    ],
)
def test_what_is_in_color_is_copied_left_out_or_colored_anew(
    exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path, what: str, status: str, names: set[str]
) -> None:
    (tmp_path / "photos").mkdir()
    make_photo(256, 256, "RGB").save(tmp_path / "photos/a.jpg")
    batch = ("batch", tmp_path / "photos", tmp_path / "results", "--model", exports["onnx"], "--json")
    result = call(*batch, "--if-color", what)
    assert result.exit_code == 0
    assert counts(result) == {status: 1}
    results = {path.name: path for path in (tmp_path / "results").glob("*.jpg")}
    assert set(results) == names
    for path in results.values():
        copied = path.read_bytes() == (tmp_path / "photos/a.jpg").read_bytes()
        assert copied == (what == "copy")


def test_a_list_of_files_is_colored_whatever_their_names(
    exports: dict[str, Path], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (photos / "1.jpg").rename(photos / "scan")
    Path("list.txt").write_text("photos/0.jpg\nphotos/scan\nphotos/gone.jpg\n")
    result = call("batch", "@list.txt", "results", "--model", exports["onnx"])
    assert result.exit_code == 1
    assert "photos/gone.jpg:" in result.stderr
    assert result.stderr.count("\n") == 1
    assert {path.name for path in Path("results/photos").iterdir()} == {
        "colorized_0.jpg",
        "colorized_scan.jpg",
    }
    words = ["batch", "-", "results", "--model", str(exports["onnx"]), "--json"]
    piped = CliRunner().invoke(main, words, input="photos/0.jpg\nphotos/2.jpg\n")
    assert counts(piped) == {"done": 1, "colored": 1}


@pytest.mark.parametrize("name", ["onnx", "torchscript", "checkpoint"])
def test_batch_takes_every_kind_of_model_and_a_single_file(
    exports: dict[str, Path], photos: Path, tmp_path: Path, name: str
) -> None:
    result = call("batch", photos / "1.jpg", tmp_path / "results", "--model", exports[name])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "results/colorized_1.jpg").is_file()


def test_batch_uses_the_embedded_model(photos: Path, tmp_path: Path) -> None:
    assert call("batch", photos, tmp_path / "results").exit_code == 0


def test_train_export_and_batch_work_together(photo_folder: Path, photos: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    options = f"--size 32 --base-channels 4 --workers 1 --save-every 1 -o {models}".split()
    result = call("train", photo_folder, "--epochs", "1", *options)
    assert result.exit_code == 0, result.output
    assert (models / "best.pt").is_file()

    refused = call("train", photo_folder, *options)
    assert refused.exit_code == 2
    assert "--resume" in refused.stderr

    other = call("train", photo_folder, "--resume", "-o", models, "--base-channels", "8")
    assert other.exit_code == 2
    assert str(models / "last.pt") in other.stderr

    resumed = call("train", photo_folder, "--resume", "--epochs", "2", "-o", models)
    assert resumed.exit_code == 0, resumed.output
    assert (models / "metrics.jsonl").read_text().count('"validation"') == 2  # one an epoch

    exported = call("export", models / "best.pt", "--native-size", "48")
    assert exported.exit_code == 0, exported.output
    assert str(models / "best.onnx") in exported.stdout
    assert load_model(models / "best.onnx").native_size == 48
    verified = call("export", "--verify", models / "best.onnx", "--against", models / "best.pt")
    assert verified.exit_code == 0
    assert str(models / "best.onnx") in verified.stdout
    assert call("batch", photos, tmp_path / "out", "--model", models / "best.onnx").exit_code == 0
