"""Carry a checkpoint to another runtime: fold, write, check, and only then give the file its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import onnx as onnx_package
import torch

from colorgan.backends import Backend, load_model
from colorgan.backends.onnx_runtime import CPU as ONNX_CPU
from colorgan.backends.onnx_runtime import OnnxRuntimeBackend, open_session
from colorgan.backends.pytorch import TorchBackend, open_torchscript
from colorgan.checkpoint import build_generator, load_checkpoint
from colorgan.config import STRIDE, ExportConfig
from colorgan.errors import ModelError, RunError
from colorgan.export import onnx, torchscript
from colorgan.export.folding import fold_batch_norm, round_to_half
from colorgan.export.parity import LEAST_SPAN, LIMIT, Parity, compare
from colorgan.files import atomic_file, sha256_of
from colorgan.metadata import ModelMetadata
from colorgan.networks import ChromaPredictor, UNetGenerator
from colorgan.version import __version__

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Format:
    """How one kind of file is written, described and opened again."""

    suffix: str
    write: Callable[[ChromaPredictor, Path], None]
    add_metadata: Callable[[Path, ModelMetadata], None]
    open: Callable[[Path], Backend]


FORMATS = {
    "onnx": Format(
        ".onnx",
        onnx.export_onnx,
        onnx.add_metadata,
        lambda path: OnnxRuntimeBackend([open_session(path, [(ONNX_CPU, {})])]),
    ),
    "torchscript": Format(
        ".torchscript",
        torchscript.export_torchscript,
        torchscript.add_metadata,
        lambda path: open_torchscript(path, CPU)[0],
    ),
}


@dataclass(frozen=True)
class Exported:
    """A file that was written and checked."""

    path: Path
    bytes: int
    parity: Parity


def export_checkpoint(
    checkpoint: Path, folder: Path, config: ExportConfig, photos: Path | None = None
) -> Exported:
    """Write the checkpoint's generator into the folder, under its name with the suffix of the format.

    The file is run against the checkpoint first, on the photographs in the folder `photos` or those that ship
    with the package; if their chroma differs by more than 1 step of 255 anywhere, that is an error and no
    file is left.
    """
    state = load_checkpoint(checkpoint)
    generator = build_generator(checkpoint, state)
    format = FORMATS[config.format]
    folded = fold_batch_norm(generator)
    if config.half_weights:
        # What can be wrong is the file, not the rounding that was asked for: compare like with like.
        folded = generator = round_to_half(folded)
    path = folder / f"{checkpoint.stem}{format.suffix}"
    try:
        with atomic_file(path) as temporary:
            format.write(ChromaPredictor(folded), temporary)
            if config.half_weights:
                onnx.store_weights_in_half(temporary)
            parity = compare(format.open(temporary), _reference(generator), photos)
            _require_colors(checkpoint, parity)
            if parity.largest > LIMIT:
                raise ModelError(path, f"was not kept: {parity}; {LIMIT} is allowed")
            metadata = ModelMetadata(
                native_size=config.native_size or state["training_config"]["size"],
                stride=STRIDE,
                head=generator.config.head,
                base_channels=generator.config.base_channels,
                weights="fp16" if config.half_weights else "fp32",
                checkpoint_sha256=sha256_of(checkpoint),
                versions={
                    "colorgan": __version__,
                    "torch": str(torch.__version__),
                    "onnx": onnx_package.__version__,
                },
                largest_difference=parity.largest,
            )
            format.add_metadata(temporary, metadata)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error})") from error
    return Exported(path, path.stat().st_size, parity)


def verify_export(path: Path, checkpoint: Path, photos: Path | None = None) -> Parity:
    """Run a file that was exported before against the checkpoint; raises ModelError if they differ."""
    model = load_model(path, device="cpu")
    generator = build_generator(checkpoint, load_checkpoint(checkpoint))
    if model.weights == "fp16":
        generator = round_to_half(fold_batch_norm(generator))
    parity = compare(model.backend, _reference(generator), photos)
    _require_colors(checkpoint, parity)
    if parity.largest > LIMIT:
        raise ModelError(path, f"is not an export of {checkpoint}: {parity}; {LIMIT} is allowed")
    return parity


def _require_colors(checkpoint: Path, parity: Parity) -> None:
    if parity.span < LEAST_SPAN:
        spans = f"spans {parity.span} steps of 255, fewer than {LEAST_SPAN}"
        raise ModelError(
            checkpoint, f"its chroma {spans}: train it first, as to compare it would prove nothing"
        )


def _reference(generator: UNetGenerator) -> Backend:
    return TorchBackend(ChromaPredictor(generator), CPU)
