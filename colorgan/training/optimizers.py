"""The optimizers of both networks, and their learning rate from step to step."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from colorgan.config import TrainingConfig
from colorgan.networks.generator import UNetGenerator


def make_optimizer(network: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """Adam or AdamW, with a pretrained encoder's parameters in a group of their own."""
    pretrained = network.encoder if isinstance(network, UNetGenerator) else None
    encoder = list(pretrained.parameters()) if pretrained else []
    known = {id(parameter) for parameter in encoder}
    others = [parameter for parameter in network.parameters() if id(parameter) not in known]
    groups: list[dict[str, Any]] = [{"params": others}]
    if encoder:
        groups.append({"params": encoder, "is_encoder": True})
    if config.optimizer == "adamw":
        return torch.optim.AdamW(groups, config.learning_rate, betas=(0.9, 0.999), weight_decay=0.01)
    return torch.optim.Adam(groups, config.learning_rate, betas=(0.5, 0.999))


def set_learning_rate(
    optimizer: torch.optim.Optimizer,
    config: TrainingConfig,
    step: int,
    last_step: int,
    steps_per_epoch: int,
    frozen: bool,
) -> None:
    """Give each group the learning rate of a step, which is counted from 0; 0 for a frozen encoder."""
    factor = (1 + math.cos(math.pi * step / last_step)) / 2 if config.schedule == "cosine" else 1.0
    if config.ramp_steps:
        factor *= min(1.0, (step + 1) / config.ramp_steps)
    if config.decay_epochs:
        factor *= min(1.0, (last_step - step) / (config.decay_epochs * steps_per_epoch))
    for group in optimizer.param_groups:
        own = (0.0 if frozen else config.encoder_rate) if group.get("is_encoder") else 1.0
        group["lr"] = config.learning_rate * factor * own
