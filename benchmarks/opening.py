"""How each runtime is opened; each imports its runtime when it is called, so that cold starts are its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from colorgan.backends import load_model
from colorgan.photo.color import Planes

if TYPE_CHECKING:
    import torch

    from colorgan.backends.pytorch import TorchBackend


@dataclass(frozen=True)
class Opened:
    """A runtime that is ready to predict, as `Backend.predict` does."""

    predict: Callable[[Planes], Planes]
    runs_on: str


def open_product(path: Path, device: str, threads: int) -> Opened:
    """As colorgan opens it."""
    model = load_model(path, device=device, threads=threads)
    return Opened(model.backend.predict, model.runs_on)


def open_torch(path: Path, device: str, threads: int) -> Opened:
    """As colorgan opens what PyTorch runs."""
    import torch

    torch.set_num_threads(threads)
    return open_product(path, device, threads)


def open_compiled(path: Path, device: str, threads: int) -> Opened:
    """The checkpoint by torch.compile, for fixed shapes."""
    import torch

    torch.set_num_threads(threads)
    backend = _torch_backend(path, device)
    backend.module = torch.compile(backend.module, dynamic=False)
    return Opened(backend.predict, f"PyTorch, {device.upper()}, compiled")


def open_inductor(path: Path, device: str, threads: int) -> Opened:
    """A torch.export file compiled ahead of time by AOTInductor; its cold start includes the compiler."""
    import torch
    from torch._inductor import aoti_compile_and_package, aoti_load_package
    from torch.export.passes import move_to_device_pass

    from colorgan.backends.pytorch import TorchBackend
    from colorgan.backends.torch_archive import load_program

    torch.set_num_threads(threads)
    program = move_to_device_pass(load_program(path, {}), device)
    with TemporaryDirectory() as folder:
        module = aoti_load_package(aoti_compile_and_package(program, package_path=f"{folder}/model.pt2"))
    return Opened(TorchBackend(module, torch.device(device)).predict, f"AOTInductor, {device.upper()}")


def open_bf16(path: Path, device: str, threads: int) -> Opened:
    """The checkpoint with autocast to bfloat16."""
    import torch

    return _open_autocast(path, device, torch.bfloat16)


def open_fp16(path: Path, device: str, threads: int) -> Opened:
    """The checkpoint with autocast to float16."""
    import torch

    return _open_autocast(path, device, torch.float16)


def open_tensorrt(path: Path, device: str, threads: int) -> Opened:
    """By onnxruntime's TensorRT."""
    return open_product(path, "tensorrt", threads)


def open_openvino(path: Path, device: str, threads: int) -> Opened:
    """By OpenVINO, one call after the other, in the precision of the file."""
    import openvino

    hints = {"PERFORMANCE_HINT": "LATENCY", "EXECUTION_MODE_HINT": "ACCURACY"}
    compiled = openvino.Core().compile_model(str(path), "CPU", hints | {"INFERENCE_NUM_THREADS": threads})
    request = compiled.create_infer_request()

    def predict(luma: Planes) -> Planes:
        return np.array(request.infer({"luma": luma})["chroma"])

    (runs_on,) = compiled.get_property("EXECUTION_DEVICES")
    return Opened(predict, f"OpenVINO, {runs_on}")


def _open_autocast(path: Path, device: str, dtype: torch.dtype) -> Opened:
    import torch

    backend = _torch_backend(path, device)

    def predict(luma: Planes) -> Planes:
        with torch.autocast(backend.device.type, dtype):
            return backend.predict(luma)

    return Opened(predict, f"PyTorch, {device.upper()}, {dtype}")


def _torch_backend(path: Path, device: str) -> TorchBackend:
    from colorgan.backends.pytorch import TorchBackend

    backend = load_model(path, device=device).backend
    assert isinstance(backend, TorchBackend)
    return backend
