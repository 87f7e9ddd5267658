"""Model files are programs: nothing in one runs that should not."""

import io
import json
import pickle
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner, Result
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


def assert_one_line(result: Result, path: Path, named: str = "") -> None:
    """It failed on a model, which it said in a line that names the file and what is wrong in it."""
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert str(path) in result.output
    assert named in result.output.partition(str(path))[2]


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
    ("plant", "named"),
    [
        (plant_in_inputs, "model.pt"),
        (plant_in_weights, "use_pickle"),
        (plant_in_constants, "use_pickle"),
        (plant_in_sizes, "expr_str"),
        (plant_in_operators, "getcwd"),
    ],
)
def test_code_in_a_torch_export_file_does_not_run(
    exports: dict[str, Path], tmp_path: Path, plant: Callable[[Files, Path], None], named: str
) -> None:
    mark = tmp_path / "it ran"
    path = rewrite(exports["torch-export"], tmp_path / "a.pt2", lambda files: plant(files, mark))
    for use in (["--inspect", path], ["--verify", path, "--against", exports["checkpoint"]]):
        result = CliRunner().invoke(export_command, list(map(str, use)))
        assert_one_line(result, path, named)
    with pytest.raises(ModelError, match=re.escape(named)):
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


def test_a_pickle_in_a_checkpoint_does_not_run(exports: dict[str, Path], tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    path = tmp_path / "a.pt"
    torch.save({"format": "colorgan-checkpoint", "mean_generator": Planted(mark)}, path)
    with pytest.raises(ModelError, match=r"a\.pt"):
        load_model(path)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["data.pkl", "constants.pkl"])
def test_a_pickle_in_torchscript_does_not_run(exports: dict[str, Path], tmp_path: Path, name: str) -> None:
    mark = tmp_path / "it ran"

    def plant(files: Files) -> None:
        files[member(files, f"/{name}")] = pickle.dumps(Planted(mark), protocol=2)

    with pytest.raises(ModelError, match=r"a\.torchscript"):
        load_model(rewrite(exports["torchscript"], tmp_path / "a.torchscript", plant))
    assert not mark.exists()


def test_a_bare_pickle_is_no_model(tmp_path: Path) -> None:
    mark, path = tmp_path / "it ran", tmp_path / "a.onnx"
    path.write_bytes(pickle.dumps(Planted(mark)))
    with pytest.raises(ModelError, match=r"a\.onnx"):
        load_model(path)
    assert not mark.exists()


def test_machine_code_is_never_loaded(exports: dict[str, Path], tmp_path: Path) -> None:
    def plant(files: Files) -> None:
        files["m/data/aotinductor/model/model.so"] = b"\x7fELF"

    path = rewrite(exports["torch-export"], tmp_path / "a.pt2", plant)
    with pytest.raises(ModelError, match=r"a\.pt2"):
        load_model(path)


def test_onnx_with_data_in_other_files_is_refused(exports: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    model = onnx.load(exports["onnx"])
    onnx.save(model, path, save_as_external_data=True, location="b.data", size_threshold=0)
    with pytest.raises(ModelError, match=r"a\.onnx"):
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
    with pytest.raises(ModelError, match=r"a\.onnx"):
        load_model(tmp_path / "a.onnx")


@pytest.mark.parametrize("domain", ["com.example", "com.microsoft"])
def test_onnx_with_operators_of_others_is_refused(
    exports: dict[str, Path], tmp_path: Path, domain: str
) -> None:
    model = onnx.load(exports["onnx"])
    model.graph.node[3].domain = domain
    onnx.save(model, tmp_path / "a.onnx")
    with pytest.raises(ModelError, match=domain):
        load_model(tmp_path / "a.onnx")


@pytest.mark.parametrize("suffix", [".onnx", ".ONNX", ".pt"])
@pytest.mark.parametrize("name", ["torchscript", "torch-export"])
def test_a_file_that_can_carry_code_is_not_opened_by_the_name_of_one_that_cannot(
    exports: dict[str, Path], tmp_path: Path, name: str, suffix: str
) -> None:
    """Fault 41."""
    path = tmp_path / f"a{suffix}"
    shutil.copy(exports[name], path)
    with pytest.raises(ModelError, match=f"a{suffix}.*{exports[name].suffix}"):
        load_model(path)
    against = ["--against", str(exports["checkpoint"])]
    for use in (["--inspect", str(path)], ["--verify", str(path), *against]):
        assert_one_line(CliRunner().invoke(export_command, use), path)
    path.rename(right := path.with_suffix(exports[name].suffix))
    assert load_model(right).native_size == 64
