"""A model card for a checkpoint whose trainer wrote none."""

from __future__ import annotations

from colorgan.networks.checkpoint import State
from colorgan.networks.generator import UNetGenerator


def describe_training(generator: UNetGenerator, state: State) -> str:
    """Markdown that tells what the checkpoint knows of itself: network, training and validation."""
    config, training = generator.config, state["training_config"]
    millions = sum(weight.numel() for weight in generator.parameters()) / 1e6
    lines = [
        "# Model card",
        "",
        "Colors gray photographs. The colors are plausible at best, never evidence.",
        "",
        f"- Network: U-Net, head {config.head}, {config.base_channels} base channels, "
        f"{millions:.1f} million parameters",
        f"- Training: by colorgan-train, last at {training['size']} px; "
        f"{state.get('epoch', 'an unknown number of')} epochs; "
        f"BCE + {training['l1_weight']:g} x L1; learning rate {training['learning_rate']:g}",
    ]
    if validation := state.get("validation"):
        figures = ", ".join(f"{name} {value:.3g}" for name, value in validation.items())
        lines.append(f"- Validation by the trainer: {figures}")
    return "\n".join([*lines, "- Data: not stated", ""])
