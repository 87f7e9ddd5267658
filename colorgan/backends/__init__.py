"""What runs a model: ONNX by onnxruntime, everything else by PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path, PurePath
from typing import Protocol, Self

import numpy as np

from colorgan.backends.input_shape import input_shape, pad
from colorgan.backends.kinds import Kind, kind_of
from colorgan.errors import ImageError, ModelError, PredictError, UsageError
from colorgan.photo.color import Planes
from colorgan.photo.xmp import Credit
from colorgan.storage.files import sha256_of

NAMELESS = PurePath("photograph")
EMBEDDED_MODEL = Path(str(files("colorgan") / "models" / "generator.onnx"))
"""The model that ships in the package."""

GPU_BATCH = 16
"""Images per call that suit a GPU, unless the file is fixed to another number."""


class Backend(Protocol):
    """Anything that maps luma uint8 (N, 1, H, W) to chroma uint8 (N, 2, H, W).

    H and W are multiples of the model's stride.
    """

    def predict(self, luma: Planes) -> Planes:
        """Predict Cb and Cr, 128 being neutral; raises PredictError, as when memory runs out."""


class Closed:
    """The backend of a closed model."""

    def predict(self, _luma: Planes) -> Planes:
        """Raise UsageError."""
        raise UsageError("the model is closed; load it again")


class FixedBatch:
    """A backend that takes batches of one size only, for batches of any: padded, and cut in pieces."""

    def __init__(self, backend: Backend, size: int) -> None:
        self.backend, self.size = backend, size

    def predict(self, luma: Planes) -> Planes:
        """Map luma uint8 (N, 1, H, W) to chroma uint8 (N, 2, H, W)."""
        padded = pad_batch(luma, -(-len(luma) // self.size) * self.size)
        parts = [self.backend.predict(part) for part in np.split(padded, len(padded) // self.size)]
        return np.concatenate(parts)[: len(luma)]


def pad_batch(luma: Planes, size: int) -> Planes:
    """Add black images to a batch, up to the size."""
    return np.pad(luma, [(0, size - len(luma)), (0, 0), (0, 0), (0, 0)])


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
    shape: tuple[int, int, int] = (0, 0, 0)
    """Batch, height and width that the file is fixed to; 0 where any will do."""
    batch_size: int = 1
    """Images per call of `predict` that suit it."""
    stride: int = 16
    """Heights and widths that the backend takes are multiples of this, in pixels."""
    at_once: int = 1
    """Calls of `predict` that may run side by side."""
    license: str = ""
    card: str = ""
    """What the file says of its license, and its model card."""

    def close(self) -> None:
        """Let go of the backend and its memory, as soon as no call is using it."""
        object.__setattr__(self, "backend", Closed())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def input_shape(self, width: int, height: int) -> tuple[int, int]:
        """Height and width, in pixels, at which the model sees a photograph of this width and height."""
        return input_shape(width, height, self.native_size, self.stride, self.shape[1:])

    def predict_batch(self, luma: Planes) -> Planes:
        """Map luma uint8 (N, 1, H, W) to chroma uint8 (N, 2, H, W); PredictError for anything else."""
        chroma, wanted = self.backend.predict(luma), (len(luma), 2, *luma.shape[2:])
        found = (getattr(chroma, "dtype", type(chroma).__name__), getattr(chroma, "shape", ()))
        if found != (np.uint8, wanted):
            raise PredictError(f"{self.credit.model}: predicts {found}, not chroma uint8 {wanted}")
        return chroma

    def predict(
        self,
        luma: Planes,
        predict: Callable[[Planes], Planes] | None = None,
        path: PurePath = NAMELESS,
    ) -> Planes:
        """Map luma uint8 (H, W) of any size to chroma uint8 (2, H, W); padded for the network, then cut.

        `predict` maps one padded luma to its chroma instead of the backend, as in batches with others. Raises
        ImageError, of `path`, where no value is a color.
        """
        padded = pad(luma, self.stride, self.shape[1:])
        chroma = predict(padded) if predict else self.predict_batch(padded[None, None])[0]
        if ((chroma == 0) | (chroma == 255)).all():  # what NaN and infinity become as bytes
            raise ImageError(path, "the model predicts NaN or infinity for it; use another model or device")
        return chroma[:, : luma.shape[0], : luma.shape[1]]


def load_model(
    path: Path = EMBEDDED_MODEL,
    *,
    device: str = "auto",
    devices: Sequence[int] = (),
    threads: int = 1,
    batch_size: int = 0,
    sha256: str = "",
) -> Model:
    """Open an ONNX, TorchScript or torch.export file or a checkpoint; the content decides, not the suffix.

    `device` is auto, cpu or one of ACCELERATORS; `devices` are numbers of its devices. `threads` are those of
    one call of onnxruntime on the CPU: with 1, as many calls as there are processors run side by side.
    `batch_size` is that of the largest batch, 0 for what suits the device. ModelError for a file of another
    SHA-256 than `sha256`, before anything of it is read.
    """
    if sha256 and (found := sha256_of(path)) != sha256.lower():
        raise ModelError(path, f"has the SHA-256 {found}, not the one that --model-sha256 asks for")
    kind = kind_of(path)
    if kind is Kind.ONNX:
        from colorgan.backends.onnx_runtime import load_onnx

        model = load_onnx(path, device, devices, threads, batch_size)
    else:
        from colorgan.backends.pytorch import load_torch

        if device not in ("auto", "cpu", "cuda") or len(devices) > 1:
            raise UsageError(f"{path}: only ONNX models run there; see colorgan-export, or use --device cpu")
        model = load_torch(path, kind, f"cuda:{devices[0]}" if devices else device)
    batch = model.shape[0]
    return replace(model, backend=FixedBatch(model.backend, batch), batch_size=batch) if batch else model
