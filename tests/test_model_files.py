"""Model files are programs: what is opened is decided by content, and nothing in it runs that should not."""

import io
import json
import pickle
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner
from onnx import TensorProto, helper

from colorgan.backends import load_model
from colorgan.backends.torch_archive import OPERATOR, SIZE, check_archive
from colorgan.cli.export import main as export_command
from colorgan.errors import ModelError

Files = dict[str, bytes]


class Planted:
    """Unpickled, it makes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


def rewrite(source: Path, target: Path, change: Callable[[Files], None]) -> Path:
    """Copy an archive with its files changed."""
    with zipfile.ZipFile(source) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target


def member(files: Files, end: str) -> str:
    return next(name for name in files if name.endswith(end))


def saved(value: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def edit_json(files: Files, end: str, change: Callable[[dict[str, Any]], None]) -> None:
    name = member(files, end)
    values = json.loads(files[name])
    change(values)
    files[name] = json.dumps(values).encode()


def plant_in_inputs(files: Files, mark: Path) -> None:
    files[member(files, "sample_inputs/model.pt")] = saved(Planted(mark))


def plant_in_weights(files: Files, mark: Path) -> None:
    def change(table: dict[str, Any]) -> None:
        entry = next(iter(table["config"].values()))
        entry["use_pickle"] = True
        files[member(files, f"weights/{entry['path_name']}")] = saved(Planted(mark))

    edit_json(files, "model_weights_config.json", change)


def plant_in_constants(files: Files, mark: Path) -> None:
    def change(table: dict[str, Any]) -> None:
        table["config"]["x"] = {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True}

    edit_json(files, "model_constants_config.json", change)
    root = next(iter(files)).split("/")[0]
    files[f"{root}/data/constants/opaque_obj_0"] = pickle.dumps(Planted(mark))


def plant_in_sizes(files: Files, mark: Path) -> None:
    name = member(files, "model.json")
    text = files[name].decode()
    planted = f"__import__('pathlib').Path('{mark}').touch()"
    files[name] = text.replace('"expr_str": "', f'"expr_str": "{planted} or ').encode()
    assert planted in files[name].decode()


def plant_in_operators(files: Files, mark: Path) -> None:
    name = member(files, "model.json")
    files[name] = files[name].replace(b"torch.ops.aten.tanh.default", b"torch.serialization.os.getcwd")


def plant_in_guards(files: Files, mark: Path) -> None:
    def change(model: dict[str, Any]) -> None:
        model["guards_code"] = [f"__import__('pathlib').Path('{mark}').touch()"]

    edit_json(files, "model.json", change)


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        (plant_in_inputs, "holds a pickle with code in it"),
        (plant_in_weights, "could run code; it is not loaded"),
        (plant_in_constants, "is not loaded"),
        (plant_in_sizes, "could run code; it is not loaded"),
        (plant_in_operators, "could run code; it is not loaded"),
    ],
)
def test_code_in_a_torch_export_file_does_not_run(
    exports: dict[str, Path], tmp_path: Path, plant: Callable[[Files, Path], None], reason: str
) -> None:
    mark = tmp_path / "it ran"
    path = rewrite(exports["torch-export"], tmp_path / "a.onnx", lambda files: plant(files, mark))
    for use in (["--inspect", path], ["--verify", path, "--against", exports["checkpoint"]]):
        result = CliRunner().invoke(export_command, list(map(str, use)))
        assert result.exit_code == 2
        assert reason in result.output
        assert result.output.count("\n") == 1
    with pytest.raises(ModelError, match=reason):
        load_model(path)
    assert not mark.exists()


def test_guards_of_a_torch_export_file_are_not_run(exports: dict[str, Path], tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    path = rewrite(exports["torch-export"], tmp_path / "a.pt2", lambda files: plant_in_guards(files, mark))
    load_model(path).backend.predict(np.zeros((1, 1, 32, 32), np.uint8))
    assert not mark.exists()


def test_the_planted_pickle_would_run(tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    torch.load(io.BytesIO(saved(Planted(mark))), weights_only=False)
    assert mark.exists()


@pytest.mark.parametrize("text", ["Symbol('s1', positive=True, integer=True)", "16*s12", "Integer(-1)", "s3"])
def test_sizes_are_sums_and_products_of_numbers(text: str) -> None:
    assert SIZE.fullmatch(text)


@pytest.mark.parametrize("text", ["exec(chr(112))", "__import__('os')", "s1.x", "Symbol('os')", "eval(s1)"])
def test_nothing_else_is_a_size(text: str) -> None:
    assert not SIZE.fullmatch(text)


@pytest.mark.parametrize(
    "text", ["torch.ops.aten.os.system.x", "torch.hub.load", "math.exp", "_operator.call"]
)
def test_only_aten_has_operators(text: str) -> None:
    assert not OPERATOR.fullmatch(text)


def test_an_archive_of_this_exporter_is_harmless(exports: dict[str, Path]) -> None:
    check_archive(exports["torch-export"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda state: state["generator_config"].update(base_channels=8),
            "stem.0.weight is (4, 1, 3, 3), not",
        ),
        (
            lambda state: state["generator_config"].update(base_channels=10**5),
            "stem.0.weight is (4, 1, 3, 3)",
        ),
        (
            lambda state: state["generator_config"].update(base_channels="x"),
            "does not hold the generator it",
        ),
        (
            lambda state: state["generator_config"].update(head="rgb"),
            "head.weight is (2, 4, 1, 1), not (3, 4,",
        ),
        (lambda state: state["generator_config"].update(width=3), "unknown settings: width"),
        (lambda state: state.update(generator_config=3), "does not hold the generator it describes"),
        (lambda state: state.update(mean_generator=[1]), "does not hold the generator it describes"),
        (lambda state: state["mean_generator"].pop("head.bias"), "weights named 'head.bias'"),
        (lambda state: state["mean_generator"].update({"head.bias": 1}), "does not hold the generator it"),
        (lambda state: state.pop("mean_generator"), "does not hold the generator it describes"),
        (lambda state: state.pop("training_config"), "does not say at what size it was trained"),
        (lambda state: state.pop("format_version"), "has format version None, not 2"),
        (lambda state: state.update(format_version=7), "has format version 7, not 2; use the colorgan that"),
    ],
)
def test_a_checkpoint_of_another_kind_is_one_clear_line(
    exports: dict[str, Path],
    tmp_path: Path,
    change: Callable[[dict[str, Any]], object],
    message: str,
) -> None:
    state = torch.load(exports["checkpoint"], weights_only=True)
    change(state)
    torch.save(state, tmp_path / "other.pt")
    result = CliRunner().invoke(export_command, [str(tmp_path / "other.pt"), "-o", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert result.output.startswith(f"Error: {tmp_path / 'other.pt'}: ")
    assert message in result.output
    assert result.output.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_pickle_in_a_checkpoint_does_not_run(exports: dict[str, Path], tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    path = tmp_path / "a.pt"
    torch.save({"format": "colorgan-checkpoint", "mean_generator": Planted(mark)}, path)
    with pytest.raises(ModelError, match="is not a checkpoint of colorgan-train, or it is damaged"):
        load_model(path)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["data.pkl", "constants.pkl"])
def test_a_pickle_in_torchscript_does_not_run(exports: dict[str, Path], tmp_path: Path, name: str) -> None:
    mark = tmp_path / "it ran"

    def plant(files: Files) -> None:
        files[member(files, f"/{name}")] = pickle.dumps(Planted(mark), protocol=2)

    with pytest.raises(ModelError, match="is not a TorchScript file, or it is damaged"):
        load_model(rewrite(exports["torchscript"], tmp_path / "a.torchscript", plant))
    assert not mark.exists()


def test_a_bare_pickle_is_no_model(tmp_path: Path) -> None:
    mark, path = tmp_path / "it ran", tmp_path / "a.onnx"
    path.write_bytes(pickle.dumps(Planted(mark)))
    with pytest.raises(ModelError, match="is not a model that onnxruntime can open"):
        load_model(path)
    assert not mark.exists()


def test_machine_code_is_never_loaded(exports: dict[str, Path], tmp_path: Path) -> None:
    def plant(files: Files) -> None:
        files["m/data/aotinductor/model/model.so"] = b"\x7fELF"

    path = rewrite(exports["torch-export"], tmp_path / "a.pt2", plant)
    with pytest.raises(ModelError, match="holds compiled machine code"):
        load_model(path)


def test_onnx_with_data_in_other_files_is_refused(exports: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    model = onnx.load(exports["onnx"])
    onnx.save(model, path, save_as_external_data=True, location="b.data", size_threshold=0)
    with pytest.raises(ModelError, match="keeps data in other files, which are never read"):
        load_model(path)


def test_data_in_other_files_is_found_in_the_innermost_graph(tmp_path: Path) -> None:
    tensor = TensorProto(name="t", data_type=TensorProto.FLOAT, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    constant = helper.make_node("Constant", [], ["y"])
    constant.attribute.append(helper.make_attribute("value", tensor))
    inner = helper.make_graph([constant], "inner", [], [])
    outer = helper.make_graph([helper.make_node("If", ["c"], ["z"], then_branch=inner)], "outer", [], [])
    onnx.save(helper.make_model(outer), tmp_path / "a.onnx")
    with pytest.raises(ModelError, match="keeps data in other files"):
        load_model(tmp_path / "a.onnx")


@pytest.mark.parametrize("domain", ["com.example", "com.microsoft"])
def test_onnx_with_operators_of_others_is_refused(
    exports: dict[str, Path], tmp_path: Path, domain: str
) -> None:
    model = onnx.load(exports["onnx"])
    model.graph.node[3].domain = domain
    onnx.save(model, tmp_path / "a.onnx")
    with pytest.raises(ModelError, match=f"uses operators that are not of ONNX itself \\('{domain}'\\)"):
        load_model(tmp_path / "a.onnx")


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
    result = CliRunner().invoke(export_command, [use, str(path), "--against", str(exports["checkpoint"])])
    assert result.exit_code == 2
    assert result.output.startswith(f"Error: {path}: ")
    assert result.output.count("\n") == 1


def test_an_unknown_version_of_the_metadata_is_said(exports: dict[str, Path], tmp_path: Path) -> None:
    model = onnx.load(exports["onnx"])
    strings = {entry.key: entry.value for entry in model.metadata_props}
    strings["colorgan"] = strings["colorgan"].replace('"format_version": 2', '"format_version": 9')
    helper.set_model_props(model, strings)
    onnx.save(model, tmp_path / "a.onnx")
    with pytest.raises(ModelError, match="has format version 9, and this colorgan reads 2: export it again"):
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
    assert (result.exit_code, result.output.count("\n")) == (2, 1) or (field, value) in (
        ("versions", "{}"),
        ("versions", '{"a": "b"}'),
        ("parity", "{}"),
    )
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_text_of_a_stranger_does_not_control_the_terminal(exports: dict[str, Path], tmp_path: Path) -> None:
    model = onnx.load(exports["onnx"])
    strings = {entry.key: entry.value for entry in model.metadata_props} | {"license": "MIT\x1b[2J\r"}
    helper.set_model_props(model, strings)
    onnx.save(model, tmp_path / "a.onnx")
    result = CliRunner().invoke(export_command, ["--inspect", str(tmp_path / "a.onnx")])
    assert result.exit_code == 0
    assert "license       MIT\ufffd[2J\n" in result.output


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
    assert rows["license"] == "not stated"
    assert rows["model card"] == "# Model card"
