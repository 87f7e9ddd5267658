"""What a model file says of itself is shown, and what it says wrongly is one clear line."""

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from click.testing import CliRunner
from onnx import helper
from test_model_files import assert_one_line

from colorgan.backends import load_model
from colorgan.cli.export import main as export_command
from colorgan.errors import ModelError


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            lambda state: state["generator_config"].update(base_channels=8),
            "stem.0.weight",
        ),
        (
            lambda state: state["generator_config"].update(base_channels=10**5),
            "stem.0.weight",
        ),
        (
            lambda state: state["generator_config"].update(base_channels="x"),
            "",
        ),
        (
            lambda state: state["generator_config"].update(head="rgb"),
            "head.weight",
        ),
        (lambda state: state["generator_config"].update(width=3), "width"),
        (lambda state: state.update(generator_config=3), ""),
        (lambda state: state.update(mean_generator=[1]), ""),
        (lambda state: state["mean_generator"].pop("head.bias"), "head.bias"),
        (lambda state: state["mean_generator"].update({"head.bias": 1}), ""),
        (lambda state: state.pop("mean_generator"), ""),
        (lambda state: state.pop("training_config"), ""),
        (lambda state: state.pop("format_version"), "None"),
        (lambda state: state.update(format_version=7), "7"),
    ],
)
def test_a_checkpoint_of_another_kind_is_one_clear_line(
    exports: dict[str, Path],
    tmp_path: Path,
    change: Callable[[dict[str, Any]], object],
    named: str,
) -> None:
    state = torch.load(exports["checkpoint"], weights_only=True)
    change(state)
    torch.save(state, tmp_path / "other.pt")
    result = CliRunner().invoke(export_command, [str(tmp_path / "other.pt"), "-o", str(tmp_path / "out")])
    assert_one_line(result, tmp_path / "other.pt", named)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["onnx", "torchscript", "torch-export", "checkpoint"])
@pytest.mark.parametrize("use", ["--inspect", "--verify"])
@pytest.mark.parametrize("damage", ["truncated", "empty", "other bytes", "not there"])
def test_a_damaged_file_is_one_clear_line(
    exports: dict[str, Path], tmp_path: Path, name: str, use: str, damage: str
) -> None:
    path, data = tmp_path / "a.model", exports[name].read_bytes()
    damaged = {
        "truncated": data[: len(data) // 2],
        "empty": b"",
        "other bytes": struct.pack("64Q", *range(64)),
    }
    if damage in damaged:
        path.write_bytes(damaged[damage])
    against = ["--against", str(exports["checkpoint"])] if use == "--verify" else []
    assert_one_line(CliRunner().invoke(export_command, [use, str(path), *against]), path)


def test_an_unknown_version_of_the_metadata_is_said(exports: dict[str, Path], tmp_path: Path) -> None:
    model = onnx.load(exports["onnx"])
    strings = {entry.key: entry.value for entry in model.metadata_props}
    strings["colorgan"] = strings["colorgan"].replace('"format_version": 2', '"format_version": 9')
    helper.set_model_props(model, strings)
    onnx.save(model, tmp_path / "a.onnx")
    with pytest.raises(ModelError, match=r"a\.onnx.* 9\b"):
        load_model(tmp_path / "a.onnx")


@pytest.mark.parametrize("value", ['"x"', "[1]", "{}", "null", '{"a": "b"}'])
@pytest.mark.parametrize("field", ["native_size", "versions", "parity", "shape", "signature"])
def test_metadata_of_other_types_is_one_clear_line(
    exports: dict[str, Path], tmp_path: Path, field: str, value: str
) -> None:
    model = onnx.load(exports["onnx"])
    strings = {entry.key: entry.value for entry in model.metadata_props}
    strings["colorgan"] = json.dumps(json.loads(strings["colorgan"]) | {field: json.loads(value)})
    helper.set_model_props(model, strings)
    onnx.save(model, tmp_path / "a.onnx")
    result = CliRunner().invoke(export_command, ["--inspect", str(tmp_path / "a.onnx")])
    if (field, value) in (("versions", "{}"), ("versions", '{"a": "b"}'), ("parity", "{}")):
        assert result.exit_code == 0
    else:
        assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_text_of_a_stranger_does_not_control_the_terminal(exports: dict[str, Path], tmp_path: Path) -> None:
    model = onnx.load(exports["onnx"])
    strings = {entry.key: entry.value for entry in model.metadata_props} | {"license": "MIT\x1b[2J\r"}
    helper.set_model_props(model, strings)
    onnx.save(model, tmp_path / "a.onnx")
    result = CliRunner().invoke(export_command, ["--inspect", str(tmp_path / "a.onnx")])
    assert result.exit_code == 0
    assert "MIT\ufffd[2J\n" in result.output


@pytest.mark.parametrize("name", ["onnx", "torchscript", "torch-export"])
def test_a_file_tells_what_it_is_whatever_its_name(
    exports: dict[str, Path], tmp_path: Path, name: str
) -> None:
    path = shutil.copy(exports[name], tmp_path / "model.jpg")
    result = CliRunner().invoke(export_command, ["--inspect", str(path)])
    assert result.exit_code == 0, result.output
    rows = {line[:14].strip(): line[14:] for line in result.output.splitlines() if line[:14].strip()}
    assert rows["format"].startswith(
        {"onnx": "ONNX, opset 18", "torchscript": "Tor"}.get(name, "torch.export")
    )
    assert rows["input"] == "luma uint8 (batch, 1, height, width)"
    assert rows["output"] == "chroma uint8 (batch, 2, height, width)"
    assert rows["precision"] == "fp32"
    assert "18 " in rows["operators"]  # LeakyReLU
    assert rows["parity, CPU"].startswith("largest ")
    assert rows["model card"] == "# Model card"
