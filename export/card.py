"""A model card for a checkpoint whose trainer wrote none."""

from __future__ import annotations

from colorgan.networks.checkpoint import State
from colorgan.networks.generator import UNetGenerator


def describe_training(generator: UNetGenerator, state: State) -> str:
    """Markdown that tells what the checkpoint knows of itself: network, training and validation."""
    config, training = generator.config, state["training_config"]
    entropy = f"{training.get('class_weight', 1):g} x cross-entropy of classes"
    others = entropy if config.head == "classes" else "BCE"
    losses = f"{others} + {training['l1_weight']:g} x L1"
    millions = sum(weight.numel() for weight in generator.parameters()) / 1e6
    plain = config.encoder == "plain"
    encoder = f"{config.base_channels} base channels" if plain else f"encoder {config.encoder}"
    lines = [
        "# Model card",
        "",
        "Colors gray photographs. The colors are plausible at best, never evidence.",
        "",
        f"- Network: U-Net, {encoder}, up-blocks of {', '.join(map(str, config.up_widths))} channels, "
        f"head {config.head}, {millions:.1f} million parameters",
        f"- Training: by colorgan-train, last at {training['size']} px; "
        f"{epochs_of(state)} epochs; "
        f"{losses}; learning rate {training['learning_rate']:g}",
    ]
    if validation := state.get("best"):
        figures = ", ".join(f"{name} {value:.3g}" for name, value in validation.items())
        lines.append(f"- Best validation by the trainer: {figures}")
    return "\n".join([*lines, "- Data: not stated", ""])


def epochs_of(state: State) -> str:
    """How many epochs a checkpoint of a run is at; a merged one does not know."""
    return f"{state['step'] / state['steps_per_epoch']:.3g}" if "step" in state else "an unknown number of"
