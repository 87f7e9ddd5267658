"""Exported files say what the checkpoint says."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from conftest import seeded_generator, write_checkpoint
from torch import nn

from colorgan.backends import FixedBatch, load_model
from colorgan.backends.onnx_file import read_onnx
from colorgan.batch.sources import find_images
from colorgan.config import ExportConfig
from colorgan.errors import ModelError, UsageError
from colorgan.export import exporting, int8
from colorgan.export.exporting import Photographs, export_checkpoint
from colorgan.export.folding import fold_batch_norm, round_to_half
from colorgan.export.parity import LIMITS, PHOTOS
from colorgan.export.verifying import read_metadata
from colorgan.networks.predictors import ChromaPredictor

SHAPES = [(1, 16, 16), (3, 64, 48), (2, 32, 128)]


def luma(count: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 1, height, width), dtype=np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["onnx", "half", "fp16", "torchscript", "torch-export"])
def test_every_form_matches_its_checkpoint(
    exports: dict[str, Path], name: str, shape: tuple[int, int, int]
) -> None:
    reference = load_model(exports["checkpoint"]).backend.predict(luma(*shape)).astype(int)
    chroma = load_model(exports[name]).backend.predict(luma(*shape))
    assert reference.std() > 10  # a generator that predicts nothing would prove nothing
    assert chroma.dtype == np.uint8
    assert np.abs(chroma - reference).max() <= {"half": 2, "fp16": 3}.get(name, 1)


@pytest.mark.parametrize("format", ["onnx", "torchscript"])
def test_the_rgb_head_is_exported_as_chroma_too(tmp_path: Path, format: str) -> None:
    checkpoint = write_checkpoint(tmp_path / "rgb.pt", seeded_generator("rgb"))
    exported = export_checkpoint(checkpoint, tmp_path, ExportConfig(format=format))
    assert exported.parities["CPU"].largest <= 1
    assert load_model(exported.path).backend.predict(luma(1, 32, 32)).shape == (1, 2, 32, 32)


def test_half_weights_halve_the_file_and_nothing_else(exports: dict[str, Path]) -> None:
    full, half = exports["onnx"].stat().st_size, exports["half"].stat().st_size
    weights = sum(weight.numel() for weight in seeded_generator().parameters())
    assert full - half > 1.6 * weights  # 2 bytes a weight, less the casts
    rounded = ChromaPredictor(round_to_half(fold_batch_norm(seeded_generator())))
    expected = rounded(torch.from_numpy(luma(2, 48, 48))).detach().numpy()
    assert (
        np.abs(load_model(exports["half"]).backend.predict(luma(2, 48, 48)).astype(int) - expected).max() <= 1
    )


def test_fp16_computes_in_half_and_casts_only_at_its_ends(exports: dict[str, Path]) -> None:
    graph = read_onnx(exports["fp16"]).graph
    assert {tensor.data_type for tensor in graph.initializer} == {onnx.TensorProto.FLOAT16}
    casts = [node for node in graph.node if node.op_type == "Cast"]
    assert [casts[0].input[0], casts[1].output[0]] == ["luma", "chroma"]
    assert len(casts) == 2
    assert exports["fp16"].stat().st_size < 0.6 * exports["onnx"].stat().st_size


def test_onnx_is_one_file_with_folded_norms_and_dynamic_sizes(exports: dict[str, Path]) -> None:
    names = {path.name for path in exports["onnx"].parent.iterdir()}
    assert names == {"best.onnx", "best.onnx.json"}
    model = onnx.load(exports["onnx"])
    onnx.checker.check_model(model, full_check=True)
    operators = [node.op_type for node in model.graph.node]
    assert "BatchNormalization" not in operators
    assert operators.count("Conv") == 19
    assert operators.count("Cast") == 2  # from and to uint8
    assert not {"Transpose", "Constant", "Identity", "Shape"} & set(operators)
    batch, channels, height, width = model.graph.input[0].type.tensor_type.shape.dim
    assert channels.dim_value == 1
    assert batch.dim_param
    assert height.dim_param != width.dim_param


@pytest.mark.parametrize("name", ["onnx", "half", "fp16", "torchscript", "torch-export"])
def test_no_path_of_this_machine_is_in_the_file(exports: dict[str, Path], name: str) -> None:
    folder = str(Path(exporting.__file__).parents[1])
    assert folder.encode() not in exports[name].read_bytes()


def test_the_file_s_name_tells_what_is_not_usual(exports: dict[str, Path]) -> None:
    assert exports["half"].name == "best.half.onnx"
    config = ExportConfig(signature="rgb", static_size="96x128", static_batch=4, precision="fp16")
    assert config.variant == ".rgb.96x128.batch4.fp16"


@pytest.mark.parametrize("name", ["onnx", "half", "fp16", "torchscript", "torch-export"])
def test_metadata_tells_origin_and_use(exports: dict[str, Path], name: str) -> None:
    metadata = read_metadata(exports[name])
    assert (metadata.head, metadata.base_channels, metadata.stride) == ("chroma", 4, 16)
    assert metadata.native_size == (96 if name == "half" else 64)  # as asked for, or that of the training
    assert metadata.precision == ("fp16" if name == "fp16" else "fp32")
    assert metadata.license == ("CC0-1.0" if name == "half" else "")
    assert "4 base channels" in metadata.model_card
    assert metadata.parity["CPU"]["largest"] <= 3
    assert {"colorgan", "torch", "onnx", "onnxruntime"} == set(metadata.versions)
    assert load_model(exports[name]).native_size == metadata.native_size


def test_folding_keeps_the_function() -> None:
    generator, gray = seeded_generator(), torch.rand(2, 1, 32, 48) * 2 - 1
    folded = fold_batch_norm(generator)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert torch.allclose(folded(gray), generator(gray), atol=1e-4)


@pytest.mark.parametrize("head", ["chroma", "rgb"])
def test_the_rgb_signature_lays_the_chroma_over_the_gray(tmp_path: Path, head: str) -> None:
    checkpoint = write_checkpoint(tmp_path / "best.pt", seeded_generator(head))
    path = export_checkpoint(checkpoint, tmp_path, ExportConfig(signature="rgb", static_size="48x32")).path
    assert path.name == "best.rgb.48x32.onnx"
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    gray = (luma(2, 48, 32) / np.float32(255)) * np.float32(0.4) + np.float32(0.3)  # in gamut mostly
    rgb = session.run(["rgb"], {"gray": gray})[0]
    assert (rgb.dtype, rgb.shape) == (np.float32, (2, 3, 48, 32))
    assert rgb.min() >= 0
    assert rgb.max() <= 1
    inside = ((rgb > 0) & (rgb < 1)).all(1, keepdims=True)
    assert inside.mean() > 0.3
    shown = np.tensordot(rgb, [0.299, 0.587, 0.114], (1, 0))[:, None]
    assert np.abs(shown - gray)[inside].max() < 1e-3
    with pytest.raises(ModelError, match=r"best\.rgb\.48x32\.onnx"):
        load_model(path)


@pytest.mark.parametrize("format", ["onnx", "torch-export"])
def test_sizes_can_be_fixed_and_any_batch_still_colored(
    checkpoint: Path, tmp_path: Path, format: str
) -> None:
    config = ExportConfig(format=format, static_size="48x64", static_batch=3)
    path = export_checkpoint(checkpoint, tmp_path, config).path
    assert path.stem == "best.48x64.batch3"
    model = load_model(path)
    assert isinstance(model.backend, FixedBatch)
    assert (model.shape, model.batch_size) == ((3, 48, 64), 3)
    reference = load_model(checkpoint).backend
    for count in (1, 3, 7):
        batch = luma(count, 48, 64)
        difference = model.backend.predict(batch).astype(int) - reference.predict(batch)
        assert len(difference) == count
        assert np.abs(difference).max() <= 1


def test_an_opset_can_be_chosen(checkpoint: Path, tmp_path: Path) -> None:
    path = export_checkpoint(checkpoint, tmp_path, ExportConfig(opset=20, static_size="64")).path
    assert [entry.version for entry in onnx.load(path).opset_import] == [20]


def test_int8_quantizes_every_convolution_by_channel(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "why_of_no_use", lambda fp32, int8: "")  # so small a network does not gain
    monkeypatch.setitem(LIMITS, "int8", ("ciede2000", 20.0))
    exported = export_checkpoint(checkpoint, tmp_path, ExportConfig(precision="int8"))
    model = read_onnx(exported.path)
    quantized = {node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 19
    assert all(node.input[0] in quantized and node.input[1] in quantized for node in convolutions)
    scales = {tensor.name: tensor.dims for tensor in model.graph.initializer if "weight_scale" in tensor.name}
    assert list(scales["generator.downs.0.1.0.weight_scale"]) == [8]
    weights = [tensor for tensor in model.graph.initializer if "weight_quantized" in tensor.name]
    assert max(np.abs(onnx.numpy_helper.to_array(tensor)).max() for tensor in weights) <= 64  # 7 bits
    assert load_model(exported.path).backend.predict(luma(2, 32, 48)).shape == (2, 2, 32, 48)


@pytest.mark.parametrize("native_size", [8, 100, 200])
def test_int8_is_calibrated_in_sizes_that_the_network_takes(native_size: int) -> None:
    photos = find_images(PHOTOS)
    for fixed in ((0, 0, 0), (3, 48, 64)):
        batches = list(int8._calibration_batches(photos, native_size, 16, fixed))
        assert 1 <= len(batches) <= len(photos)
        assert all(batch.shape[2] % 16 == batch.shape[3] % 16 == 0 for batch in batches)
        assert {batch.shape[0] for batch in batches} == {fixed[0] or 1}


@pytest.mark.parametrize(
    ("gain", "limit", "figures"),
    [
        (
            "int8 is not faster on this machine (9.0 ms a batch, fp32 8.0 ms); use fp32",
            20.0,
            r"9\.0 ms.* 8\.0 ms",
        ),
        ("", 0.0, r"CIEDE2000 [0-9.]+.*CIEDE2000 0\.0"),
    ],
)
def test_int8_is_refused_with_the_figures(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gain: str, limit: float, figures: str
) -> None:
    monkeypatch.setattr(int8, "why_of_no_use", lambda fp32, int8: gain)
    monkeypatch.setitem(LIMITS, "int8", ("ciede2000", limit))
    with pytest.raises(ModelError, match=rf"best\.64x64\.int8\.onnx.*{figures}"):
        export_checkpoint(checkpoint, tmp_path / "out", ExportConfig(precision="int8", static_size="64"))
    assert list((tmp_path / "out").iterdir()) == []


def test_int8_is_of_use_only_if_faster() -> None:
    assert int8.why_of_no_use(fp32=2.0, int8=1.0) == ""
    assert int8.why_of_no_use(fp32=2.0, int8=2.0).count("2000.0") == 2


def test_int8_needs_photographs(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(UsageError, match="int8"):
        export_checkpoint(
            checkpoint,
            tmp_path,
            ExportConfig(precision="int8", static_size="64"),
            Photographs(PHOTOS, tmp_path / "none"),
        )


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"format": "torchscript", "half_weights": True}, "--half-weights .*--format torchscript"),
        ({"format": "torch-export", "precision": "int8"}, "--precision .*--format torch-export"),
        ({"precision": "fp16", "half_weights": True}, "--half-weights .*--precision fp32"),
        ({"format": "torchscript", "static_batch": 2}, "--static-batch"),
        ({"static_size": "wide"}, "'wide'"),
        ({"opset": 11}, "11.* 17"),
    ],
)
def test_what_does_not_go_together_is_said(settings: dict[str, object], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        ExportConfig(**settings)  # type: ignore[arg-type]


def test_a_side_alone_is_that_of_a_square() -> None:
    assert ExportConfig(static_size="96x").shape == ExportConfig(static_size="96").shape == (0, 96, 96)
