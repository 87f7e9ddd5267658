"""Wrong usage is one line and exit code 2, and help needs nothing heavy."""

import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner, Result
from conftest import MakePhoto
from onnx import TensorProto, helper

from colorgan.cli.main import main
from colorgan.devices import has_cuda_driver


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def photos(tmp_path: Path, make_photo: MakePhoto) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        make_photo(80, 60, seed=number).save(folder / f"{number}.jpg")
    return folder


@pytest.mark.skipif(has_cuda_driver(), reason="there may be a CUDA device")
@pytest.mark.parametrize("options", [["--device", "cuda"], ["--device", "tensorrt"], ["--devices", "0,1"]])
def test_a_device_that_is_not_there_is_exit_code_3(photos: Path, tmp_path: Path, options: list[str]) -> None:
    result = call("batch", photos, tmp_path / "results", *options)
    assert result.exit_code == 3
    assert result.stderr.startswith("Error: ")
    assert result.stderr.endswith("or use --device cpu\n")
    assert not (tmp_path / "results").exists()


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
        (["batch", "photos", "results", "--prefix", "a/b"], "prefix is 'a/b'; it must be the beginning"),
        (["batch", "photos", "results", "--devices", "0,x"], "devices is '0,x'; it must be numbers"),
        (["batch", "photos", "results", "--devices", "0", "--device", "cpu"], "leave out --device cpu"),
        (["batch", "photos", "results", "--quality", "101"], "quality is 101; it must be at most 100"),
        (["batch", "photos", "photos/0.jpg"], "photos/0.jpg: is a file"),
        (["batch", "photos", "photos/0.jpg/results"], "cannot be written to"),
        (["batch", "photos", "results", "--model", "nowhere"], "nowhere: there is no such model file"),
        (["batch", "photos", "results", "--model", "foreign"], "foreign: is the ONNX file of another model"),
        (["batch", "photos", "results", "--model", "junk"], "junk: is not a model that onnxruntime can open"),
        (["batch", "photos", "results", "--memory", "0"], "memory is 0; it must be at least 1"),
        (["export", "nowhere"], "nowhere: there is no such checkpoint"),
        (["export", "junk"], "junk: is not a checkpoint of colorgan-train"),
        (["export", "foreign"], "foreign: is not a checkpoint of colorgan-train"),
        (["export", "junk", "--format", "all", "--precision", "int8"], "not for --format torchscript"),
        (["export", "junk", "--opset", "99"], "opset is 99; it must be at most 23"),
        (["export", "junk", "--model-card", "nowhere"], "nowhere: the model card cannot be read"),
        (["export", "--inspect", "foreign"], "foreign: says nothing of its origin"),
        (["export", "--inspect", "photos"], "photos: there is no such model file"),
        (["export", "--verify", "junk", "--against", "junk"], "junk: is not a model that onnxruntime can"),
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
    assert not result.stdout or result.stdout.startswith("Running on")  # and then nothing else
    assert result.stdout.count("\n") <= 1
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
    for package in ("torch", "skimage"):
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
