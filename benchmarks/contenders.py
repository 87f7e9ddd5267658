"""The runtimes that one checkpoint can be carried to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks import opening
from benchmarks.opening import Opened
from colorgan.config import ExportConfig, GeneratorConfig, TrainingConfig
from colorgan.export.exporting import export_checkpoint
from colorgan.networks.checkpoint import save_checkpoint
from colorgan.networks.generator import UNetGenerator


@dataclass(frozen=True)
class Contender:
    """A runtime at one precision."""

    runtime: str
    precision: str
    export: ExportConfig | None
    """What it runs; nothing: the checkpoint itself."""
    open: Callable[[Path, str, int], Opened] = opening.open_product
    """Open the file on a device with so many threads."""
    devices: tuple[str, ...] = ("cpu", "cuda")
    package: str = ""
    """What must be installed for it, besides colorgan."""

    @property
    def name(self) -> str:
        """Runtime and precision."""
        return f"{self.runtime}, {self.precision}"


FP32, FP16, INT8 = ExportConfig(), ExportConfig(precision="fp16"), ExportConfig(precision="int8")
GPU, CPU = ("cuda",), ("cpu",)

CONTENDERS = (
    Contender("PyTorch eager", "fp32", None, opening.open_torch),
    Contender("PyTorch eager", "bf16", None, opening.open_bf16, GPU),
    Contender("PyTorch eager", "fp16", None, opening.open_fp16, GPU),
    Contender("torch.compile", "fp32", None, opening.open_compiled),
    Contender("TorchScript", "fp32", ExportConfig(format="torchscript"), opening.open_torch),
    Contender("torch.export", "fp32", ExportConfig(format="torch-export"), opening.open_torch),
    Contender("AOTInductor", "fp32", ExportConfig(format="torch-export"), opening.open_inductor),
    Contender("onnxruntime", "fp32", FP32),
    Contender("onnxruntime", "half weights", ExportConfig(half_weights=True)),
    Contender("onnxruntime", "fp16", FP16),
    Contender("onnxruntime", "int8", INT8),
    Contender("TensorRT", "fp32", FP32, opening.open_tensorrt, GPU),
    Contender("TensorRT", "fp16", FP16, opening.open_tensorrt, GPU),
    Contender("OpenVINO", "fp32", FP32, opening.open_openvino, CPU, "openvino"),
    Contender("OpenVINO", "int8", INT8, opening.open_openvino, CPU, "openvino"),
)
REFERENCE = CONTENDERS[0]
QUICK = ("PyTorch eager, fp32", "TorchScript, fp32", "onnxruntime, fp32")


def export(contender: Contender, checkpoint: Path, folder: Path) -> Path:
    """The file that the contender runs, made if it is not there."""
    if contender.export is None:
        return checkpoint
    place = folder / f"{contender.export.format}{contender.export.variant}"
    if found := list(place.glob("*")):
        return found[0]
    return export_checkpoint(checkpoint, place, contender.export).path


def untrained_checkpoint(folder: Path, base_channels: int = 32) -> Path:
    """A generator of the embedded model's size that has learned nothing: it computes as long as any."""
    torch.manual_seed(0)
    generator = UNetGenerator(GeneratorConfig(base_channels=base_channels))
    with torch.no_grad():
        for _ in range(3):  # statistics for the batch norms
            generator.train()(torch.rand(2, 1, 32, 32) * 2 - 1)
    state = {
        "mean_generator": generator.state_dict(),
        "generator_config": generator.config.to_dict(),
        "training_config": TrainingConfig(size=96).to_dict(),
    }
    save_checkpoint(folder / "untrained.pt", state)
    return folder / "untrained.pt"
