"""Run a TorchScript file, a torch.export file or a checkpoint itself, by PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor
from torch.export.passes import move_to_device_pass

from colorgan.backends import GPU_BATCH, Model
from colorgan.backends.kinds import Kind
from colorgan.backends.model_metadata import KEYS, ModelMetadata
from colorgan.backends.torch_archive import load_program
from colorgan.devices import torch_device
from colorgan.errors import ModelError, PredictError
from colorgan.networks.checkpoint import build_generator, load_checkpoint
from colorgan.networks.predictors import ChromaPredictor
from colorgan.photo.color import Planes
from colorgan.photo.xmp import credit_of

Module = Callable[[Tensor], Tensor]


class TorchBackend:
    """Any module, on that device, that maps luma uint8 (N, 1, H, W) to chroma uint8 (N, 2, H, W)."""

    def __init__(self, module: Module, device: torch.device) -> None:
        self.module, self.device = module, device

    @torch.inference_mode()
    def predict(self, luma: Planes) -> Planes:
        """Map luma uint8 (N, 1, H, W) to chroma uint8 (N, 2, H, W)."""
        try:
            chroma: Planes = self.module(torch.tensor(luma, device=self.device)).cpu().numpy()
        except (RuntimeError, AssertionError) as error:  # torch.OutOfMemoryError is a RuntimeError
            raise PredictError(f"PyTorch failed on a batch of {luma.shape}: {error}") from error
        return chroma


def load_torch(path: Path, kind: Kind, device: str) -> Model:
    """Take a file of colorgan-export, or the generator of a checkpoint as it is."""
    place = torch_device(device)
    runtime = "PyTorch" if kind is Kind.CHECKPOINT else kind.value
    runs_on, credit = f"{runtime}, {place.type.upper()}", credit_of(path)
    batch_size = 1 if place.type == "cpu" else GPU_BATCH
    if kind is Kind.CHECKPOINT:
        state = load_checkpoint(path)
        generator = build_generator(path, state)
        backend = TorchBackend(ChromaPredictor(generator).eval().to(place), place)
        native_size, stride = state["training_config"]["size"], generator.config.stride
        return Model(backend, native_size, runs_on, credit, batch_size=batch_size, stride=stride)
    module, strings = OPEN[kind](path, place)
    metadata = ModelMetadata.from_strings(path, strings).of_planes(path)
    return Model(
        TorchBackend(module, place),
        metadata.native_size,
        runs_on,
        credit,
        metadata.shape,
        batch_size,
        stride=metadata.stride,
        license=metadata.license,
        card=metadata.model_card,
    )


def open_torchscript(path: Path, device: torch.device) -> tuple[Module, dict[str, str]]:
    """Open a TorchScript file and read its metadata, empty if it has none."""
    strings: dict[str, str | bytes] = dict.fromkeys(KEYS, "")
    try:
        with without_deprecation_warnings():
            module = torch.jit.load(path, map_location=device, _extra_files=strings)
        # PyTorch gives bytes for some and text for others.
        return module, {
            key: text if isinstance(text, str) else text.decode() for key, text in strings.items()
        }
    except (RuntimeError, UnicodeDecodeError) as error:
        raise ModelError(path, "is not a TorchScript file, or it is damaged") from error


def open_torch_export(path: Path, device: torch.device) -> tuple[Module, dict[str, str]]:
    """Open a torch.export file that can run no code, and read its metadata, empty if it has none."""
    strings = dict.fromkeys(KEYS, "")
    program = move_to_device_pass(load_program(path, strings), device)
    # Guards would refuse sides of one stride, on which the network runs; and they are text that is run.
    return program.module(check_guards=False), strings


OPEN = {Kind.TORCHSCRIPT: open_torchscript, Kind.TORCH_EXPORT: open_torch_export}


@contextmanager
def without_deprecation_warnings() -> Iterator[None]:
    """Keep quiet that TorchScript is deprecated: it is offered on purpose, and the README says so."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit")
        yield
