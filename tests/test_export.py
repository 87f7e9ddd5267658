"""Exported files say what the checkpoint says."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from conftest import MakePhoto, seeded_generator, write_checkpoint
from torch import nn

from colorgan.backends import load_model
from colorgan.config import ExportConfig
from colorgan.errors import ModelError, UsageError
from colorgan.export import exporting
from colorgan.export.exporting import export_checkpoint, verify_export
from colorgan.export.folding import fold_batch_norm, round_to_half
from colorgan.export.onnx import export_onnx
from colorgan.export.parity import PHOTOS, sample_batches
from colorgan.networks import ChromaPredictor
from colorgan.sources import find_images

SHAPES = [(1, 16, 16), (3, 64, 48), (2, 32, 128)]


def luma(count: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 1, height, width), dtype=np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["onnx", "half", "torchscript"])
def test_every_form_matches_its_checkpoint(
    exports: dict[str, Path], name: str, shape: tuple[int, int, int]
) -> None:
    reference = load_model(exports["checkpoint"]).backend.predict(luma(*shape)).astype(int)
    chroma = load_model(exports[name]).backend.predict(luma(*shape))
    assert reference.std() > 10  # a generator that predicts nothing would prove nothing
    assert chroma.dtype == np.uint8
    assert np.abs(chroma - reference).max() <= (2 if name == "half" else 1)


def test_the_rgb_head_is_exported_as_chroma_too(tmp_path: Path) -> None:
    checkpoint = write_checkpoint(tmp_path / "rgb.pt", seeded_generator("rgb"))
    exported = export_checkpoint(checkpoint, tmp_path, ExportConfig())
    assert exported.parity.largest <= 1
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


def test_onnx_is_one_file_with_folded_norms_and_dynamic_sizes(exports: dict[str, Path]) -> None:
    assert [path.name for path in exports["onnx"].parent.iterdir()] == ["best.onnx"]
    model = onnx.load(exports["onnx"])
    onnx.checker.check_model(model, full_check=True)
    assert "BatchNormalization" not in {node.op_type for node in model.graph.node}
    batch, channels, height, width = model.graph.input[0].type.tensor_type.shape.dim
    assert channels.dim_value == 1
    assert batch.dim_param
    assert height.dim_param != width.dim_param


def test_no_path_of_this_machine_is_in_the_file(exports: dict[str, Path]) -> None:
    assert str(Path(exporting.__file__).parent).encode() not in exports["onnx"].read_bytes()


def test_metadata_tells_origin_and_use(exports: dict[str, Path]) -> None:
    assert load_model(exports["onnx"]).native_size == 64  # that of the training
    assert load_model(exports["half"]).native_size == 96  # as asked for
    assert load_model(exports["torchscript"]).native_size == 64


def test_folding_keeps_the_function() -> None:
    generator, gray = seeded_generator(), torch.rand(2, 1, 32, 48) * 2 - 1
    folded = fold_batch_norm(generator)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert torch.allclose(folded(gray), generator(gray), atol=1e-4)


def break_normalisation(predictor: ChromaPredictor, path: Path) -> None:
    with torch.no_grad():
        predictor.generator.stem[0].weight.mul_(1.5)  # type: ignore[operator]
    export_onnx(predictor, path)


def test_an_export_that_differs_is_an_error_and_leaves_no_file(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = exporting.FORMATS["onnx"].__class__(
        ".onnx", break_normalisation, exporting.FORMATS["onnx"].add_metadata, exporting.FORMATS["onnx"].open
    )
    monkeypatch.setitem(exporting.FORMATS, "onnx", broken)
    with pytest.raises(ModelError, match="was not kept: largest difference from the checkpoint"):
        export_checkpoint(checkpoint, tmp_path / "out", ExportConfig())
    assert list((tmp_path / "out").iterdir()) == []


def test_a_generator_without_colours_is_not_exported(tmp_path: Path) -> None:
    generator = seeded_generator()
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(1e-3)
    checkpoint = write_checkpoint(tmp_path / "gray.pt", generator)
    with pytest.raises(
        ModelError, match=r"gray.pt: its chroma spans \d steps of 255, fewer than 16: train it"
    ):
        export_checkpoint(checkpoint, tmp_path / "out", ExportConfig())
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["onnx", "half", "torchscript"])
def test_an_export_can_be_verified_later(exports: dict[str, Path], tmp_path: Path, name: str) -> None:
    parity = verify_export(exports[name], exports["checkpoint"])
    assert parity.largest <= 1
    assert parity.mean < 0.1
    assert parity.ciede2000 < 0.1
    assert parity.span >= 16
    other = write_checkpoint(tmp_path / "other.pt", seeded_generator(seed=1))
    with pytest.raises(ModelError, match=r"is not an export of .*other.pt: largest difference"):
        verify_export(exports[name], other)


def test_the_users_own_photographs_are_taken(
    exports: dict[str, Path], tmp_path: Path, make_photo: MakePhoto
) -> None:
    with pytest.raises(UsageError, match="there are no photographs to verify the export on"):
        verify_export(exports["onnx"], exports["checkpoint"], tmp_path)
    make_photo().save(tmp_path / "a.png")
    assert verify_export(exports["onnx"], exports["checkpoint"], tmp_path).largest <= 1


def test_photographs_noise_and_flat_images_are_compared_in_every_shape() -> None:
    batches = list(sample_batches(find_images(PHOTOS)))
    assert [batch.shape for batch in batches] == [
        (1, 1, 32, 32),
        (2, 1, 64, 48),
        (3, 1, 96, 160),
        (8, 1, 128, 128),
    ]
    images = [image for batch in batches for image in batch]
    spreads = sorted(float(image.std()) for image in images)
    assert spreads[0] == 0
    assert sum(spread > 20 for spread in spreads) >= 8
    assert all(batch.dtype == np.uint8 for batch in batches)


def test_half_weights_are_for_onnx() -> None:
    with pytest.raises(UsageError, match="onnx only"):
        ExportConfig(format="torchscript", half_weights=True)
