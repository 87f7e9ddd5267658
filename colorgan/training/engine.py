"""Lightning Fabric, set up for what the run asks for: device, precision, and the processes of torchrun."""

from __future__ import annotations

import os
from typing import Literal, TypeVar

import torch
import torch.distributed
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

from colorgan.config import TrainingConfig
from colorgan.devices import torch_device
from colorgan.errors import UsageError

PRECISIONS: dict[str, Literal["32-true", "bf16-mixed", "16-mixed"]] = {
    "fp32": "32-true",
    "bf16": "bf16-mixed",
    "fp16": "16-mixed",
}


Value = TypeVar("Value")


def start_engine(config: TrainingConfig) -> Fabric:
    """Join the other processes if torchrun started this one; fp16 comes with a gradient scaler."""
    device = torch_device(config.device).type
    precision = config.precision
    if precision == "auto":
        precision = "bf16" if device == "cuda" else "fp32"
    if precision == "fp16" and device == "cpu":
        raise UsageError("--precision fp16 is for CUDA; on a CPU take fp32 or bf16")
    processes = int(os.environ.get("WORLD_SIZE", 1))
    on_this_machine = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    fabric = Fabric(
        accelerator=device,
        devices=on_this_machine,
        num_nodes=processes // on_this_machine,
        strategy="ddp" if processes > 1 else "auto",
        precision=PRECISIONS[precision],
        plugins=TorchElasticEnvironment() if processes > 1 else LightningEnvironment(),
    )
    fabric.launch()
    return fabric


def take_buffers_of_first(fabric: Fabric, network: torch.nn.Module) -> None:
    """Give the statistics of the first process's batch norms to all: each has seen batches of its own."""
    if fabric.world_size > 1:
        for buffer in network.buffers():
            torch.distributed.broadcast(buffer, 0)


def gather(fabric: Fabric, value: Value) -> list[Value]:
    """The value of each process, in all of them: they meet here, so it is for now and then."""
    if fabric.world_size == 1:
        return [value]
    values: list[Value | None] = [None] * fabric.world_size
    torch.distributed.all_gather_object(values, value)
    return values  # type: ignore[return-value]
