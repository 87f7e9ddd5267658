"""What a model file is, is decided by its content; what it is not is said in one line."""

import gc
import json
import weakref
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import TensorProto, helper

from colorgan.backends import EMBEDDED_MODEL, load_model
from colorgan.backends.onnx_runtime import OnnxRuntimeBackend
from colorgan.backends.onnx_session import open_session
from colorgan.errors import DeviceError, ModelError, UsageError
from colorgan.export.verifying import read_metadata, verify_export

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


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
    "make",
    [
        lambda path: None,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("hello"),
        foreign_onnx,
        lambda path: foreign_onnx(path, "luma"),
        lambda path: torch.save({"weights": 1}, path),
        lambda path: torch.save(print, path),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, make: object) -> None:
    path = tmp_path / "model"
    make(path)  # type: ignore[operator]
    with pytest.raises(ModelError) as caught:
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
    with pytest.raises(DeviceError, match="--device cpu"):
        load_model(exports[name], device="cuda")


@pytest.mark.gpu
@needs_cuda
@pytest.mark.parametrize("name", ["onnx", "torchscript", "checkpoint"])
def test_cuda_matches_the_cpu(exports: dict[str, Path], name: str) -> None:
    luma = np.random.default_rng(0).integers(0, 256, (2, 1, 64, 48), dtype=np.uint8)
    on_cuda, on_cpu = (load_model(exports[name], device=device) for device in ("cuda", "cpu"))
    assert "CUDA" in on_cuda.runs_on
    difference = on_cuda.backend.predict(luma).astype(int) - on_cpu.backend.predict(luma)
    assert np.abs(difference).max() <= 2  # TF32 on the device


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_padding_a_batch_changes_nothing(exports: dict[str, Path], count: int) -> None:
    session = open_session(exports["onnx"])
    luma = np.random.default_rng(0).integers(0, 256, (count, 1, 48, 64), dtype=np.uint8)
    plain, padded = (OnnxRuntimeBackend([session], pad=pad).predict(luma) for pad in (False, True))
    assert plain.shape == padded.shape == (count, 2, 48, 64)
    assert np.abs(plain.astype(int) - padded).max() <= 1


@pytest.mark.parametrize("name", ["onnx", "torchscript", "checkpoint"])
def test_a_model_can_be_closed_and_lets_go_of_its_backend(exports: dict[str, Path], name: str) -> None:
    with load_model(exports[name]) as model:
        backend = weakref.ref(model.backend)
        model.predict(np.zeros((32, 32), np.uint8))
    gc.collect()
    assert backend() is None
    with pytest.raises(UsageError):
        model.predict(np.zeros((32, 32), np.uint8))
    model.close()  # again


@pytest.mark.parametrize(
    ("driver", "packages", "remedy"),
    [
        (False, {"onnxruntime-gpu"}, "--device cpu"),
        (True, {"onnxruntime"}, r"pip install 'colorgan\[cuda\]'"),
        (True, {"onnxruntime", "onnxruntime-gpu"}, "pip uninstall -y"),
    ],
)
@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_why_a_device_is_not_there_is_said_with_the_remedy(
    exports: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    driver: bool,
    packages: set[str],
    remedy: str,
    device: str,
) -> None:
    where = "colorgan.backends.onnx_session"
    monkeypatch.setattr(f"{where}.has_cuda_driver", lambda: driver)
    monkeypatch.setattr(f"{where}.ort.get_available_providers", lambda: ["CPUExecutionProvider"])
    monkeypatch.setattr(f"{where}.version_of", lambda package: package in packages)
    with pytest.raises(DeviceError, match=f"(?i){device}.*{remedy}"):
        load_model(exports["onnx"], device=device)
    with pytest.raises(DeviceError, match=remedy):
        load_model(exports["onnx"], devices=(1,))
    assert "CPU" in load_model(exports["onnx"]).runs_on


def test_several_devices_are_for_onnx_alone(exports: dict[str, Path]) -> None:
    with pytest.raises(UsageError, match="torchscript"):
        load_model(exports["torchscript"], devices=(0, 1))


@pytest.mark.gpu
@needs_cuda
@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_batches_of_all_sizes_and_shapes_match_the_cpu(exports: dict[str, Path], device: str) -> None:
    if f"{device}ExecutionProvider".lower() not in map(str.lower, ort.get_available_providers()):
        pytest.skip(f"onnxruntime has no {device}")
    on_gpu, on_cpu = load_model(exports["onnx"], device=device), load_model(exports["onnx"], device="cpu")
    random = np.random.default_rng(0)
    for count, height, width in [(1, 64, 64), (3, 48, 80), (16, 64, 64), (7, 112, 48)]:
        luma = random.integers(0, 256, (count, 1, height, width), dtype=np.uint8)
        difference = on_gpu.backend.predict(luma).astype(int) - on_cpu.backend.predict(luma)
        assert np.abs(difference).max() <= 2


@pytest.mark.gpu
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there are not two CUDA devices")
def test_two_devices_share_the_batches(exports: dict[str, Path]) -> None:
    model = load_model(exports["onnx"], devices=(0, 1))
    assert model.at_once == 2
    assert "0, 1" in model.runs_on


def test_the_embedded_model_carries_its_license_and_card() -> None:
    metadata = read_metadata(EMBEDDED_MODEL)
    assert metadata.license == "Apache-2.0"
    assert metadata.stride == 32
    assert metadata.model_card == EMBEDDED_MODEL.with_name("MODEL_CARD.md").read_text()


def test_the_embedded_model_has_the_weights_of_the_checkpoint_beside_it() -> None:
    checkpoint = Path(__file__).parents[1] / "colorgan/models/generator.pt"  # which is not installed
    (parity,) = verify_export(EMBEDDED_MODEL, checkpoint).values()
    assert parity.largest <= 1
    described = json.loads(EMBEDDED_MODEL.with_suffix(".json").read_text())
    assert (described["stride"], described["native_size"]) == (32, 96)
