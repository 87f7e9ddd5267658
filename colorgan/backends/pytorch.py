"""Run a TorchScript file, or a checkpoint itself, by PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from colorgan.backends import Model, Planes
from colorgan.checkpoint import build_generator, load_checkpoint
from colorgan.devices import torch_device
from colorgan.errors import ModelError, PredictError
from colorgan.metadata import KEY, ModelMetadata
from colorgan.networks import ChromaPredictor
from colorgan.provenance import credit_of


class TorchBackend:
    """Any module that maps luma uint8 (N, 1, H, W) to chroma uint8 (N, 2, H, W)."""

    def __init__(self, module: nn.Module, device: torch.device) -> None:
        self.module, self.device = module.eval().to(device), device

    @torch.inference_mode()
    def predict(self, luma: Planes) -> Planes:
        """Map luma uint8 (N, 1, H, W) to chroma uint8 (N, 2, H, W)."""
        try:
            chroma: Planes = self.module(torch.from_numpy(luma).to(self.device)).cpu().numpy()
        except RuntimeError as error:  # torch.OutOfMemoryError is one
            raise PredictError(f"PyTorch failed on a batch of {luma.shape}: {error}") from error
        return chroma


def load_checkpoint_model(path: Path, device: str) -> Model:
    """Take the generator of a checkpoint as it is."""
    state = load_checkpoint(path)
    backend = TorchBackend(ChromaPredictor(build_generator(path, state)), torch_device(device))
    return Model(
        backend, state["training_config"]["size"], f"PyTorch, {backend.device.type.upper()}", credit_of(path)
    )


def load_torchscript(path: Path, device: str) -> Model:
    """Take a TorchScript file written by colorgan-export."""
    backend, strings = open_torchscript(path, torch_device(device))
    metadata = ModelMetadata.from_strings(path, strings)
    return Model(
        backend, metadata.native_size, f"TorchScript, {backend.device.type.upper()}", credit_of(path)
    )


def open_torchscript(path: Path, device: torch.device) -> tuple[TorchBackend, dict[str, str]]:
    """Open a TorchScript file and read its metadata, empty if it has none."""
    strings = {KEY: ""}
    try:
        with without_deprecation_warnings():
            module = torch.jit.load(path, map_location=device, _extra_files=strings)
    except RuntimeError as error:
        raise ModelError(path, "is not a TorchScript file, or it is damaged") from error
    return TorchBackend(module, device), strings


@contextmanager
def without_deprecation_warnings() -> Iterator[None]:
    """Keep quiet that TorchScript is deprecated: it is offered on purpose, and the README says so."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit")
        yield
