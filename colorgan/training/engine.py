"""Lightning Fabric, set up for what the run asks for: device, precision, and the processes of torchrun."""

from __future__ import annotations

import os
from typing import Literal

import torch
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


def any_process(fabric: Fabric, flag: bool) -> bool:
    """Whether the flag is set in any process: all of them must stop at the same step."""
    if fabric.world_size == 1:
        return flag
    flags = fabric.all_reduce(torch.tensor(float(flag), device=fabric.device), reduce_op="sum")
    return isinstance(flags, torch.Tensor) and flags.item() > 0
