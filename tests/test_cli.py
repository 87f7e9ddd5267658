"""The commands as a user meets them: exit codes, and one clear line for what is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner, Result
from conftest import MakePhoto
from onnx import TensorProto, helper

from colorgan.backends import load_model
from colorgan.cli.main import main


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def photos(tmp_path: Path, make_photo: MakePhoto) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        make_photo(80, 60, seed=number).save(folder / f"{number}.jpg")
    return folder


def test_batch_colours_a_folder_and_sums_up(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    (photos / "notes.txt").touch()
    result = call("batch", photos, tmp_path / "results", "--model", exports["onnx"])
    assert result.exit_code == 0
    assert result.stderr == ""
    first, last = result.stdout.splitlines()
    assert first.startswith("Running on onnxruntime, ")
    assert last.startswith("3 of 3 images coloured in ")
    assert last.endswith(f"; 1 not an image, left alone. Results: {tmp_path / 'results'}")
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
    assert "3 of 5 images coloured" in result.stdout
    assert "2 failed" in result.stdout


@pytest.mark.parametrize("name", ["onnx", "torchscript", "checkpoint"])
def test_batch_takes_every_kind_of_model_and_a_single_file(
    exports: dict[str, Path], photos: Path, tmp_path: Path, name: str
) -> None:
    result = call("batch", photos / "1.jpg", tmp_path / "results", "--model", exports[name])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "results/colorized_1.jpg").is_file()


def test_batch_uses_the_embedded_model(photos: Path, tmp_path: Path) -> None:
    assert call("batch", photos, tmp_path / "results").exit_code == 0


def write_foreign_onnx(path: Path) -> None:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", values[:1], values[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["batch", "nowhere", "results"], "nowhere: there is no such folder or file"),
        (["batch", "photos", "photos"], "photos: is the input folder itself"),
        (["batch", "photos/sub", "photos"], "photos: holds the input folder"),
        (["batch", "photos/sub", "results"], "photos/sub: there are no images in it"),
        (["batch", "photos", "photos/0.jpg"], "photos/0.jpg: is a file"),
        (["batch", "photos", "photos/0.jpg/results"], "cannot be written to"),
        (["batch", "photos", "results", "--model", "nowhere"], "nowhere: there is no such model file"),
        (["batch", "photos", "results", "--model", "foreign"], "foreign: is the ONNX file of another model"),
        (["batch", "photos", "results", "--model", "junk"], "junk: is not a model that onnxruntime can open"),
        (["batch", "photos", "results", "--memory", "0"], "memory is 0; it must be at least 1"),
        (["export", "nowhere"], "nowhere: there is no such checkpoint"),
        (["export", "junk"], "junk: is not a checkpoint of colorgan-train"),
        (["export", "foreign"], "foreign: is not a checkpoint of colorgan-train"),
        (["train", "nowhere"], "nowhere: there is no such folder"),
        (["train", "photos/sub"], "photos/sub: there are no images in it"),
        (["train", "photos", "--validation", "nowhere"], "nowhere: there is no such folder"),
        (["train", "photos", "-o", "photos/0.jpg/models"], "photos/0.jpg/models: cannot be written to"),
        (["train", "photos", "--size", "100"], "size is 100; it must be a multiple of 16"),
        (["train", "photos", "--resume"], "saved_models/last.pt: there is no such checkpoint"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    photos: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(photos.parent)
    (photos / "sub").mkdir()
    Path("junk").write_bytes(b"junk")
    write_foreign_onnx(Path("foreign"))
    result = call(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_an_unwritable_results_folder_is_refused(photos: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    (tmp_path / "results").mkdir(mode=0o500)
    result = call("batch", photos, tmp_path / "results")
    assert result.exit_code == 2
    assert "cannot be written to (Permission denied)" in result.stderr


def test_train_export_and_batch_work_together(photo_folder: Path, photos: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    options = f"--size 32 --base-channels 4 --workers 1 --save-every 1 -o {models}".split()
    result = call("train", photo_folder, "--epochs", "1", *options)
    assert result.exit_code == 0, result.output
    assert "epoch_0001.pt: L1 0." in result.stdout
    assert "colourless" in result.stdout

    refused = call("train", photo_folder, *options)
    assert refused.exit_code == 2
    assert "holds a run already: add --resume" in refused.stderr

    other = call("train", photo_folder, "--resume", "-o", models, "--base-channels", "8")
    assert other.exit_code == 2
    assert "a resumed run cannot change the generator" in other.stderr

    resumed = call("train", photo_folder, "--resume", "--epochs", "2", "-o", models)
    assert resumed.exit_code == 0, resumed.output
    assert "epoch_0002.pt" in resumed.stdout

    exported = call("export", models / "best.pt", "--native-size", "48")
    assert exported.exit_code == 0, exported.output
    assert exported.stdout.startswith(
        f"{models / 'best.onnx'}: 0.5 MB; largest difference from the checkpoint "
    )
    assert load_model(models / "best.onnx").native_size == 48
    assert call("batch", photos, tmp_path / "out", "--model", models / "best.onnx").exit_code == 0


@pytest.mark.parametrize("name", ["batch", "export", "train"])
def test_help_imports_nothing_heavy(name: str) -> None:
    code = (
        f"import sys; from colorgan.cli.{name} import main\n"
        "try: main(['--help'])\n"
        "finally: print(*{'torch', 'onnx', 'onnxruntime', 'skimage'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage:" in done.stdout
    assert done.stderr.strip() == ""


def test_the_onnx_path_works_without_torch(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    for package in ("torch", "onnx", "skimage"):
        (blocked / f"{package}.py").write_text(
            f"raise ModuleNotFoundError('no {package} here', name={package!r})"
        )
    environment = os.environ | {"PYTHONPATH": str(blocked)}
    batch = [
        sys.executable,
        "-m",
        "colorgan.cli.main",
        "batch",
        str(photos),
        str(tmp_path / "out"),
        "--model",
    ]
    done = subprocess.run([*batch, str(exports["onnx"])], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    done = subprocess.run(
        [*batch, str(exports["checkpoint"])], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == "Error: this needs torch, which is not installed: pip install 'colorgan[train]'\n"
