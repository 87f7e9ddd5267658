"""The commands as a user meets them: what they do, and what they say of it."""

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from commands import call
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
    assert first.startswith("Running on onnxruntime, ")
    assert summary.startswith("3 of 3 images colored in ")
    assert summary.endswith(f"; 1 not an image, left alone. Results: {tmp_path / 'results'}")
    pattern = r"Bottleneck: [a-z]+, \d+% of the work \(([a-z]+ \d+%(, )?){4}\)\. The device was \d+% busy\."
    assert re.fullmatch(pattern, times)
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
    assert sorted(result.stderr.splitlines()) == [
        "Failed: broken.png: is not an image that can be read",
        "Failed: empty.jpg: is empty (0 bytes)",
    ]
    assert "3 of 5 images colored" in result.stdout
    assert "2 failed" in result.stdout


def test_batch_names_the_first_failures_and_where_the_rest_is(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    for number in range(13):
        (photos / f"empty_{number}.jpg").touch()
    result = call("batch", photos, tmp_path / "results", "--model", exports["onnx"])
    assert result.exit_code == 1
    *named, last = result.stderr.splitlines()
    assert len(named) == 10
    assert last == f"Failed: 3 more, named in {tmp_path / 'results/manifest.jsonl'}"


def test_strict_stops_at_the_first_failure(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    (photos / "00.jpg").touch()
    for number in range(200):
        (photos / f"more_{number}.jpg").write_bytes((photos / "0.jpg").read_bytes())
    batch = ("batch", photos, tmp_path / "results", "--model", exports["onnx"], "--strict")
    result = call(*batch)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "Failed: 00.jpg: is empty (0 bytes)",
        "Stopped at a failure, as --strict asks; run the same command again to continue.",
    ]
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
    assert result.stderr == "3 files to process. Nothing was done.\n"
    assert not (tmp_path / "results").exists()
    assert call(*batch, "--limit", "2").exit_code == 0
    assert call(*batch, "--dry-run").stderr == "1 files to process; 2 done before. Nothing was done.\n"


def test_a_dry_run_needs_no_leave_to_write(
    exports: dict[str, Path], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:  # root may write anywhere
        raise PermissionError(13, "Permission denied")

    (tmp_path / "results").mkdir()
    monkeypatch.setattr("colorgan.storage.files.NamedTemporaryFile", refuse)
    result = call("batch", photos, tmp_path / "results", "--model", exports["onnx"], "--dry-run")
    assert result.exit_code == 0
    assert result.stderr == "3 files to process. Nothing was done.\n"


def test_limit_counts_what_is_worked_on_now(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    batch = ("batch", photos, tmp_path / "results", "--model", exports["onnx"], "--limit", "2")
    assert "2 of 3 images colored" in call(*batch).stdout
    assert "1 of 3 images colored" in call(*batch).stdout
    assert "0 of 3 images colored" in call(*batch).stdout


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
        assert "3 of 3 images colored" in call(*batch, *options).stdout
        assert "0 of 3 images colored" in call(*batch, *options).stdout
    with Image.open(tmp_path / "results/colorized_0.jpg.png") as image:
        assert np.asarray(image.convert("HSV"))[..., 1].max() > 10
    assert (tmp_path / "results/new_0.jpg").is_file()


def test_no_saturation_is_gray(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    call("batch", photos, tmp_path / "results", "--model", exports["onnx"], "--saturation", "0")
    with Image.open(tmp_path / "results/colorized_0.jpg") as image:
        assert np.ptp(np.asarray(image.convert("RGB"), int), axis=-1).max() <= 1


@pytest.mark.parametrize(
    ("what", "remark", "names"),
    [
        ("copy", "1 already in color, copied", {"colorized_a.jpg"}),
        ("skip", "1 already in color, left out", set()),
        ("recolor", "1 of 1 images colored", {"colorized_a.jpg"}),
    ],
)
def test_what_is_in_color_is_copied_left_out_or_colored_anew(
    exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path, what: str, remark: str, names: set[str]
) -> None:
    (tmp_path / "photos").mkdir()
    make_photo(256, 256, "RGB").save(tmp_path / "photos/a.jpg")
    result = call(
        "batch", tmp_path / "photos", tmp_path / "results", "--model", exports["onnx"], "--if-color", what
    )
    assert result.exit_code == 0
    assert remark in result.stdout
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
    assert result.stderr == "Failed: photos/gone.jpg: cannot be read (No such file or directory)\n"
    assert {path.name for path in Path("results/photos").iterdir()} == {
        "colorized_0.jpg",
        "colorized_scan.jpg",
    }
    piped = CliRunner().invoke(
        main, ["batch", "-", "results", "--model", str(exports["onnx"])], input="photos/0.jpg\nphotos/2.jpg\n"
    )
    assert "1 of 2 images colored" in piped.stdout
    assert "1 done before" in piped.stdout


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
    assert "validation: L1 0." in result.stdout
    assert "colorless" in result.stdout

    refused = call("train", photo_folder, *options)
    assert refused.exit_code == 2
    assert "holds a run already: add --resume" in refused.stderr

    other = call("train", photo_folder, "--resume", "-o", models, "--base-channels", "8")
    assert other.exit_code == 2
    assert "it cannot become another generator" in other.stderr

    resumed = call("train", photo_folder, "--resume", "--epochs", "2", "-o", models)
    assert resumed.exit_code == 0, resumed.output
    assert "epoch 2: " in resumed.stdout

    exported = call("export", models / "best.pt", "--native-size", "48")
    assert exported.exit_code == 0, exported.output
    assert exported.stdout.startswith(
        f"{models / 'best.onnx'}: 0.5 MB\n    on CPU: largest difference from the checkpoint "
    )
    assert load_model(models / "best.onnx").native_size == 48
    verified = call("export", "--verify", models / "best.onnx", "--against", models / "best.pt")
    assert verified.exit_code == 0
    assert verified.stdout.startswith(f"{models / 'best.onnx'}, on CPU: largest difference from ")
    assert call("batch", photos, tmp_path / "out", "--model", models / "best.onnx").exit_code == 0
