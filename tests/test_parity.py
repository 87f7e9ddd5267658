"""No export that differs from its checkpoint gets past the gate."""

import copy
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from conftest import MakePhoto, seeded_generator, write_checkpoint
from onnx import helper, numpy_helper
from torch import Tensor

from colorgan.batch.sources import find_images
from colorgan.config import ExportConfig
from colorgan.errors import ModelError, UsageError
from colorgan.export import exporting
from colorgan.export.exporting import export_checkpoint
from colorgan.export.onnx import export_onnx
from colorgan.export.parity import PHOTOS, Parity, compare, make_cases, sample_batches
from colorgan.export.shapes import example_input
from colorgan.export.torch_export import export_torch
from colorgan.export.verifying import verify_export
from colorgan.networks.generator import UNetGenerator
from colorgan.networks.predictors import ChromaPredictor, Predictor


class WronglyScaled(Predictor):
    """Luma from 0 to 1 where the generator was trained with -1 to 1."""

    def forward(self, luma: Tensor) -> Tensor:
        chroma = self.generator.chroma(luma / 255)
        return (128 + 127.5 * chroma).round().clamp(0, 255).to(torch.uint8)


class Swapped(ChromaPredictor):
    """Cr before Cb."""

    def forward(self, luma: Tensor) -> Tensor:
        chroma = super().forward(luma)
        return chroma.flip(1)


def refuse(
    checkpoint: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, write: object, config: ExportConfig
) -> None:
    """See that what `write` writes is not kept."""
    broken = replace(exporting.FORMATS[config.format], write=write)  # type: ignore[arg-type]
    monkeypatch.setitem(exporting.FORMATS, config.format, broken)
    with pytest.raises(ModelError, match=r"best\..* CPU\b"):
        export_checkpoint(checkpoint, folder, config)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize("broken", [WronglyScaled, Swapped])
def test_a_broken_export_is_an_error_and_leaves_no_file(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: type[Predictor], precision: str
) -> None:
    def write(predictor: Predictor, path: Path, config: ExportConfig) -> None:
        export_onnx(broken(predictor.generator), path, config)

    refuse(
        checkpoint, tmp_path / "out", monkeypatch, write, ExportConfig(precision=precision, static_size="64")
    )


@pytest.mark.parametrize("format", ["torchscript", "torch-export"])
def test_batch_norm_left_in_training_mode_is_an_error(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    def write(predictor: Predictor, path: Path, config: ExportConfig) -> None:
        training = ChromaPredictor(seeded_generator().train()).train()
        if format == "torch-export":
            export_torch(training, path, config)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                torch.jit.trace(training, example_input(config, 16), check_trace=False).save(path)

    refuse(checkpoint, tmp_path / "out", monkeypatch, write, ExportConfig(format=format))


def stretched_generator(factor: float) -> UNetGenerator:
    """The seeded generator with larger values inside: LeakyReLU and convolutions keep the factor."""
    generator = seeded_generator()
    modules = dict(generator.named_modules())
    with torch.no_grad():
        for parameter in modules["downs.3.1.4"].parameters():  # the last norm before the first up-block
            parameter.mul_(factor)
        next(modules["ups.0.up"].parameters()).div_(factor)  # its weight
    return generator


def test_half_precision_that_overflows_is_refused(tmp_path: Path) -> None:
    checkpoint = write_checkpoint(tmp_path / "large.pt", stretched_generator(1e6))
    assert (
        export_checkpoint(checkpoint, tmp_path, ExportConfig(format="torchscript")).parities["CPU"].largest
        <= 1
    )
    with pytest.raises(ModelError, match=r"large\.64x64\.fp16\.onnx"):
        export_checkpoint(checkpoint, tmp_path, ExportConfig(precision="fp16", static_size="64"))


def test_a_file_with_values_that_are_no_numbers_is_refused(exports: dict[str, Path], tmp_path: Path) -> None:
    model = onnx.load(exports["onnx"])
    weights = next(tensor for tensor in model.graph.initializer if tensor.name == "generator.head.weight")
    values = numpy_helper.to_array(weights).copy()
    values[1, 0] = np.nan
    weights.CopyFrom(numpy_helper.from_array(values, weights.name))
    onnx.save(model, tmp_path / "nan.onnx")
    with pytest.raises(ModelError, match=r"nan\.onnx"):
        verify_export(tmp_path / "nan.onnx", exports["checkpoint"])


def test_a_checkpoint_with_values_that_are_no_numbers_is_refused(tmp_path: Path) -> None:
    generator = seeded_generator()
    with torch.no_grad():
        next(generator.head.parameters())[1, 0] = torch.nan
    checkpoint = write_checkpoint(tmp_path / "nan.pt", generator)
    with pytest.raises(ModelError, match=r"nan\.pt"):
        export_checkpoint(checkpoint, tmp_path, ExportConfig())


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_no_number_is_within_no_limit(precision: str, exports: dict[str, Path]) -> None:
    cases = make_cases(exports["checkpoint"], seeded_generator(), "rgb", (0, 0, 0), None)

    def predict(gray: np.ndarray) -> np.ndarray:
        return np.full((len(gray), 3, *gray.shape[2:]), np.nan, np.float32)

    assert "nan" in compare(predict, cases).excess(precision)
    assert "nan" in compare(lambda gray: gray[:1], cases).excess(precision)  # of another shape
    assert not Parity(1, 0.01, 0.2).excess(precision)


def test_a_generator_without_colors_is_not_exported(tmp_path: Path) -> None:
    generator = seeded_generator()
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(1e-3)
    checkpoint = write_checkpoint(tmp_path / "gray.pt", generator)
    with pytest.raises(ModelError, match=r"gray\.pt.* 255\b.* 16\b"):
        export_checkpoint(checkpoint, tmp_path / "out", ExportConfig())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["onnx", "half", "fp16", "torchscript", "torch-export"])
def test_an_export_can_be_verified_later(exports: dict[str, Path], tmp_path: Path, name: str) -> None:
    parity = verify_export(exports[name], exports["checkpoint"])["CPU"]
    assert parity.largest <= (3 if name == "fp16" else 1)
    assert parity.mean < 0.2
    assert parity.ciede2000 < 0.1
    other = write_checkpoint(tmp_path / "other.pt", seeded_generator(seed=1))
    with pytest.raises(ModelError, match=r"other\.pt"):
        verify_export(exports[name], other)


def test_a_file_that_says_to_be_another_is_not_taken_at_its_word(
    exports: dict[str, Path], tmp_path: Path
) -> None:
    model = onnx.load(exports["onnx"])
    strings = {entry.key: entry.value.replace('"planes"', '"rgb"') for entry in model.metadata_props}
    helper.set_model_props(model, strings)
    onnx.save(model, tmp_path / "a.onnx")
    with pytest.raises(ModelError, match=r"a\.onnx.*best\.pt"):
        verify_export(tmp_path / "a.onnx", exports["checkpoint"])


def test_the_users_own_photographs_are_taken(
    exports: dict[str, Path], tmp_path: Path, make_photo: MakePhoto
) -> None:
    with pytest.raises(UsageError):
        verify_export(exports["onnx"], exports["checkpoint"], tmp_path)
    make_photo().save(tmp_path / "a.png")
    assert verify_export(exports["onnx"], exports["checkpoint"], tmp_path)["CPU"].largest <= 1


def test_photographs_noise_and_flat_images_are_compared_in_every_shape() -> None:
    batches = list(sample_batches(find_images(PHOTOS), (0, 0, 0), 16))
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


def test_fixed_sizes_see_as_many_images() -> None:
    batches = list(sample_batches(find_images(PHOTOS), (4, 32, 48), 16))
    assert [batch.shape for batch in batches] == 4 * [(4, 1, 32, 48)]
    assert len({batch.tobytes() for batch in batches}) == 4


def test_the_reference_is_not_the_predictor_that_is_exported(exports: dict[str, Path]) -> None:
    generator = seeded_generator()
    cases = make_cases(exports["checkpoint"], generator, "planes", (0, 0, 0), None)
    predictor = ChromaPredictor(copy.deepcopy(generator)).eval()
    assert cases
    for case in cases:
        with torch.inference_mode():
            chroma = predictor(torch.from_numpy(case.luma)).numpy()
        assert np.abs(chroma.astype(int) - case.expected).max() <= 1
