"""What a model file is, is decided by its content; what it is not is said in one line."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from colorgan.backends import load_model
from colorgan.backends.onnx_runtime import OnnxRuntimeBackend
from colorgan.errors import DeviceError, ModelError


def foreign_onnx(path: Path, name: str = "pixels") -> Path:
    shape: list[str | int | None] = ["n", 1, "h", "w"]
    graph = helper.make_graph(
        [helper.make_node("Concat", [name, name], ["chroma"], axis=1)],
        "foreign",
        [helper.make_tensor_value_info(name, TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("chroma", TensorProto.UINT8, ["n", 2, "h", "w"])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


@pytest.mark.parametrize("name", ["onnx", "torchscript", "checkpoint"])
def test_the_suffix_does_not_matter(exports: dict[str, Path], tmp_path: Path, name: str) -> None:
    renamed = tmp_path / "model.bin"
    renamed.write_bytes(exports[name].read_bytes())
    model = load_model(renamed)
    assert model.native_size == 64
    assert model.backend.predict(np.zeros((1, 1, 32, 32), np.uint8)).shape == (1, 2, 32, 32)


def test_the_embedded_model_opens() -> None:
    model = load_model()
    assert isinstance(model.backend, OnnxRuntimeBackend)
    assert model.runs_on.startswith("onnxruntime, ")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "there is no such model file"),
        (lambda path: path.write_bytes(b""), "is not a model that onnxruntime can open"),
        (lambda path: path.write_text("hello"), "is not a model that onnxruntime can open"),
        (foreign_onnx, "is the ONNX file of another model"),
        (lambda path: foreign_onnx(path, "luma"), "was not written by colorgan-export"),
        (lambda path: torch.save({"weights": 1}, path), "is not a checkpoint of colorgan-train"),
        (lambda path: torch.save(print, path), "is not a checkpoint of colorgan-train"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, make: object, message: str) -> None:
    path = tmp_path / "model"
    make(path)  # type: ignore[operator]
    with pytest.raises(ModelError, match=message) as caught:
        load_model(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["onnx", "torchscript", "checkpoint"])
def test_a_truncated_file_is_refused(exports: dict[str, Path], tmp_path: Path, name: str) -> None:
    path = tmp_path / "half"
    data = exports[name].read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError):
        load_model(path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is there")
@pytest.mark.parametrize("name", ["onnx", "torchscript", "checkpoint"])
def test_a_device_that_is_not_there_is_an_error(exports: dict[str, Path], name: str) -> None:
    with pytest.raises(DeviceError, match="use --device cpu"):
        load_model(exports[name], device="cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("name", ["onnx", "torchscript", "checkpoint"])
def test_cuda_matches_the_cpu(exports: dict[str, Path], name: str) -> None:
    luma = np.random.default_rng(0).integers(0, 256, (2, 1, 64, 48), dtype=np.uint8)
    on_cuda, on_cpu = (load_model(exports[name], device=device) for device in ("cuda", "cpu"))
    assert "CUDA" in on_cuda.runs_on
    difference = on_cuda.backend.predict(luma).astype(int) - on_cpu.backend.predict(luma)
    assert np.abs(difference).max() <= 2  # TF32 on the device
