"""Wrong usage is one line and exit code 2, and help needs nothing heavy."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import onnx
import pytest
from commands import call
from onnx import TensorProto, helper

from colorgan.cli.main import COMMANDS
from colorgan.cli.options import Place
from colorgan.devices import has_cuda_driver


@pytest.mark.skipif(has_cuda_driver(), reason="there may be a CUDA device")
@pytest.mark.parametrize("options", [["--device", "cuda"], ["--device", "tensorrt"], ["--devices", "0,1"]])
def test_a_device_that_is_not_there_is_exit_code_3(photos: Path, tmp_path: Path, options: list[str]) -> None:
    result = call("batch", photos, tmp_path / "results", *options)
    assert result.exit_code == 3
    assert result.stderr.startswith("Error: ")
    assert "--device cpu" in result.stderr
    assert not (tmp_path / "results").exists()


def write_foreign_onnx(path: Path) -> None:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", values[:1], values[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["batch", "nowhere", "results"], "nowhere:"),
        (["batch", "photos", "photos"], "photos:"),
        (["batch", "photos/sub", "photos"], "photos:"),
        (["batch", "photos/sub", "results"], "photos/sub:"),
        (["batch", "photos", "results", "--prefix", "a/b"], "prefix"),
        (["batch", "photos", "results", "--devices", "0,x"], "devices"),
        (["batch", "photos", "results", "--devices", "0", "--device", "cpu"], "--device"),
        (["batch", "photos", "results", "--quality", "101"], "quality"),
        (["batch", "photos", "photos/0.jpg"], "photos/0.jpg:"),
        (["batch", "photos", "photos/0.jpg/results"], "photos/0.jpg"),
        (["batch", "photos", "results", "--model", "nowhere"], "nowhere:"),
        (["batch", "photos", "results", "--model", "foreign"], "foreign:"),
        (["batch", "photos", "results", "--model", "junk"], "junk:"),
        (["batch", "photos", "results", "--memory", "0"], "memory"),
        (["export", "nowhere"], "nowhere:"),
        (["export", "junk"], "junk:"),
        (["export", "foreign"], "foreign:"),
        (["export", "junk", "--format", "all", "--precision", "int8"], "torchscript"),
        (["export", "junk", "--opset", "99"], "opset"),
        (["export", "junk", "--model-card", "nowhere"], "nowhere:"),
        (["export", "--inspect", "foreign"], "foreign:"),
        (["export", "--inspect", "photos"], "photos:"),
        (["export", "--verify", "junk", "--against", "junk"], "junk:"),
        (["train", "nowhere"], "nowhere:"),
        (["train", ""], "''"),
        (["train", "photos", "--config", ""], "''"),
        (["export", ""], "''"),
        (["restore", "photos/sub", "originals"], "photos/sub:"),
        (["restore", "s3://", "originals"], "s3://"),
        (["prepare", "photos", "photos/0.jpg"], "photos/0.jpg:"),
        (["train", "photos/sub"], "photos/sub:"),
        (["train", "photos", "--validation", "nowhere"], "nowhere:"),
        (["train", "photos", "-o", "photos/0.jpg/models"], "photos/0.jpg/models:"),
        (["train", "photos", "--size", "100"], "size"),
        (["train", "photos", "--resume"], "saved_models/last.pt:"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    photos: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], named: str
) -> None:
    monkeypatch.chdir(photos.parent)
    (photos / "sub").mkdir()
    Path("junk").write_bytes(b"junk")
    write_foreign_onnx(Path("foreign"))
    result = call(*arguments)
    assert result.exit_code == 2
    assert result.stdout.count("\n") <= 1  # where it runs, and then nothing else
    assert result.stderr.startswith("Error: ")
    assert named in result.stderr
    assert "[Errno" not in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_takes_an_empty_name_for_the_current_folder(name: str) -> None:
    parameters = import_module(f"colorgan.cli.{name}").main.params
    assert {type(each.type) for each in parameters if isinstance(each.type, click.Path)} <= {Place}


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_an_unwritable_results_folder_is_refused(photos: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    (tmp_path / "results").mkdir(mode=0o500)
    result = call("batch", photos, tmp_path / "results")
    assert result.exit_code == 2
    assert "results" in result.stderr


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
    assert "colorgan[train]" in done.stderr
    assert done.stderr.count("\n") == 1
