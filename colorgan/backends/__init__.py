"""What runs a model: ONNX by onnxruntime, TorchScript and checkpoints by PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile, ZipFile

import numpy as np
import numpy.typing as npt

from colorgan.errors import ModelError, UsageError
from colorgan.provenance import Credit

Planes = npt.NDArray[np.uint8]

EMBEDDED_MODEL = Path(str(files("colorgan") / "models" / "generator.onnx"))
"""The model that ships in the package."""


class Backend(Protocol):
    """Anything that maps luma uint8 (N, 1, H, W) to chroma uint8 (N, 2, H, W), H and W multiples of 16."""

    def predict(self, luma: Planes) -> Planes:
        """Predict Cb and Cr, 128 being neutral; raises PredictError, as when memory runs out."""


@dataclass(frozen=True)
class Model:
    """A backend, and what one must know to use it."""

    backend: Backend
    native_size: int
    """Side in pixels of the square whose area the generator sees best."""
    runs_on: str
    """Runtime and device, such as `onnxruntime, CPU`."""
    credit: Credit
    """The file's name and SHA-256, for the results."""
    weights: str = "fp32"
    """Precision in which the file stores them."""
    batch_size: int = 1
    """Images per call of `predict` that suit it."""
    at_once: int = 1
    """Calls of `predict` that may run side by side."""


def load_model(
    path: Path = EMBEDDED_MODEL, *, device: str = "auto", devices: Sequence[int] = (), threads: int = 1
) -> Model:
    """Open an ONNX file, a TorchScript file or a checkpoint; the content decides, not the suffix.

    `device` is auto, cpu, cuda or tensorrt; `devices` are numbers of CUDA devices. `threads` are those of one
    call of onnxruntime on the CPU: with 1, as many calls as there are processors run side by side.
    """
    if not path.is_file():
        raise ModelError(path, "there is no such model file")
    try:
        with ZipFile(path) as archive:
            names = archive.namelist()
    except (BadZipFile, OSError):
        from colorgan.backends.onnx_runtime import load_onnx

        return load_onnx(path, device, devices, threads)
    from colorgan.backends.pytorch import load_checkpoint_model, load_torchscript

    if device == "tensorrt" or len(devices) > 1:
        raise UsageError(f"{path}: TensorRT and several devices are for ONNX models; see colorgan-export")
    load = load_torchscript if any("/code/" in name for name in names) else load_checkpoint_model
    return load(path, f"cuda:{devices[0]}" if devices else device)
