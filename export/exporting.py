"""Carry a checkpoint to another runtime: fold, write, check, and only then give the file its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import onnx as onnx_package
import onnxruntime
import torch

from colorgan.backends.model_metadata import ModelMetadata
from colorgan.batch.sources import find_images
from colorgan.config import ExportConfig
from colorgan.errors import ModelError, UsageError
from colorgan.export import int8, onnx, torch_export, torchscript, triton
from colorgan.export.card import describe_training
from colorgan.export.folding import fold_batch_norm, round_to_half
from colorgan.export.parity import PHOTOS, Parity, make_cases
from colorgan.export.verifying import judge
from colorgan.networks.checkpoint import build_generator, load_checkpoint
from colorgan.networks.predictors import ChromaPredictor, Predictor, RgbPredictor
from colorgan.storage.files import atomic_file, sha256_of, writing
from colorgan.version import __version__

PREDICTORS = {"planes": ChromaPredictor, "rgb": RgbPredictor}


@dataclass(frozen=True)
class Format:
    """How one kind of file is written and described."""

    suffix: str
    write: Callable[[Predictor, Path, ExportConfig], None]
    add_metadata: Callable[[Path, ModelMetadata], None]


ONNX = Format(".onnx", onnx.export_onnx, onnx.add_metadata)
FORMATS = {
    "onnx": ONNX,
    "torchscript": Format(".torchscript", torchscript.export_torchscript, torchscript.add_metadata),
    "torch-export": Format(".pt2", torch_export.export_torch, torch_export.add_metadata),
    "triton": ONNX,
}


@dataclass(frozen=True)
class Exported:
    """A file that was written and checked."""

    path: Path
    bytes: int
    parities: dict[str, Parity]
    """By device or execution provider."""


@dataclass(frozen=True)
class Photographs:
    """Folders of photographs; None: those that ship with the package."""

    verification: Path | None = None
    calibration: Path | None = None


PACKAGED = Photographs()


def export_checkpoint(
    checkpoint: Path,
    folder: Path,
    config: ExportConfig,
    photographs: Photographs = PACKAGED,
    card: str = "",
) -> Exported:
    """Write the checkpoint's generator into the folder, under its name with the suffix of the format.

    The file is first compared with the checkpoint, on photographs and every device that is there. If it
    differs by more than its precision allows (`LIMITS`), that is an error, and no file is left. `card` is the
    text of a model card; without it, one is written from what the checkpoint knows of its training. Beside
    the file lies its metadata as JSON, for programs that cannot read it from the file.
    """
    state = load_checkpoint(checkpoint)
    generator = build_generator(checkpoint, state)
    format = FORMATS[config.format]
    stride = generator.config.stride
    for name in ("static_size", "native_size"):
        sides = config.shape[1:] if name == "static_size" else (config.native_size,)
        if any(side % stride for side in sides):
            value = f"{name.replace('_', '-')} is {getattr(config, name)}"
            raise UsageError(f"{value}; {checkpoint} takes multiples of {stride}")
    folded = fold_batch_norm(generator)
    if config.half_weights:
        # What can be wrong is the file, not the rounding that was asked for: compare like with like.
        folded = generator = round_to_half(folded)
    cases = make_cases(checkpoint, generator, config.signature, config.shape, photographs.verification)
    native_size = config.native_size or state["training_config"]["size"]
    name = f"{checkpoint.stem}{config.variant}"
    path = triton.model_path(folder, name) if config.format == "triton" else folder / (name + format.suffix)
    with writing(path):
        with atomic_file(path) as temporary:
            format.write(PREDICTORS[config.signature](folded).eval(), temporary, config)
            if config.half_weights:
                onnx.store_weights_in_half(temporary)
            if config.precision == "fp16":
                onnx.compute_in_half(temporary)
            problem = ""
            if config.precision == "int8":
                photos = find_images(photographs.calibration or PHOTOS)
                problem = int8.quantize(temporary, photos, native_size, stride, config.shape)
            parities, drift = judge(temporary, config.precision, cases)
            if problem := drift or problem:
                raise ModelError(path, f"was not kept: {problem}")
            metadata = ModelMetadata(
                signature=config.signature,
                precision=config.precision,
                half_weights=config.half_weights,
                shape=config.shape,
                native_size=native_size,
                stride=stride,
                head=generator.config.head,
                base_channels=generator.config.base_channels,
                encoder=generator.config.encoder,
                checkpoint_sha256=sha256_of(checkpoint),
                versions={
                    "colorgan": __version__,
                    "torch": str(torch.__version__),
                    "onnx": onnx_package.__version__,
                    "onnxruntime": onnxruntime.__version__,
                },
                parity={device: asdict(parity) for device, parity in parities.items()},
                license=config.license,
                model_card=card or describe_training(generator, state),
            )
            format.add_metadata(temporary, metadata)
            with atomic_file(path.with_suffix(path.suffix + ".json")) as described:
                described.write_text(metadata.to_json() + "\n", encoding="ascii")
        if config.format == "triton":
            triton.write_config(folder, name, metadata)
    return Exported(path, path.stat().st_size, parities)
