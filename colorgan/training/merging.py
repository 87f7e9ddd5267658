"""Merge checkpoints of one run into one, whose weights are the mean of theirs.

Of L1 alone and of the discriminator's part: where they err in different ways, the mean can err less than both
(Wortsman et al. 2022, "Model soups", arXiv:2203.05482). As the mean's colors are duller, they can be made
stronger in the head, which is linear but for its tanh.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from colorgan.errors import UsageError
from colorgan.networks.checkpoint import build_generator, load_checkpoint, save_checkpoint
from colorgan.networks.chroma_classes import ClassHead


def merge_checkpoints(
    paths: Sequence[Path],
    output: Path,
    strength: float = 1.0,
    temperature: float | None = None,
    *,
    half_weights: bool = False,
) -> None:
    """Write the mean of the weights of one or more generators, with those of the head times `strength`.

    `temperature` replaces that of a head of classes. What is written holds no more than a generator:
    `half_weights` stores it in half precision. Raises ModelError for a file that is no checkpoint, UsageError
    for generators that are built differently or whose head has no such setting.
    """
    states = [load_checkpoint(path) for path in paths]
    merged, *others = map(build_generator, paths, states)
    for path, other in zip(paths[1:], others, strict=True):
        if merged.config != other.config:
            raise UsageError(f"{paths[0]}, {path}: cannot be merged, as they are built differently")
    if strength != 1 and merged.config.head == "rgb":  # it would change the brightness, too
        raise UsageError(f"{paths[0]}: predicts all of RGB, and strength is for those that predict chroma")
    if temperature is not None and not isinstance(merged.head, ClassHead):
        raise UsageError(f"{paths[0]}: has no temperature, which a head of classes has alone")
    weights = [generator.state_dict() for generator in (merged, *others)]
    with torch.no_grad():
        for name, value in weights[0].items():
            if value.is_floating_point():
                value.copy_(torch.stack([each[name] for each in weights]).mean(0))
        head = merged.head
        # The mean of classes is linear in their centers.
        for weight in [head.centers] if isinstance(head, ClassHead) else head.parameters():
            weight.mul_(strength)
        if temperature is not None:
            merged.state_dict()["head.temperature"].fill_(temperature)
    stored = {
        name: value.half() if half_weights and value.is_floating_point() else value
        for name, value in merged.state_dict().items()
    }
    kept = {name: states[0][name] for name in ("generator_config", "training_config")}
    save_checkpoint(output, {"mean_generator": stored, **kept})
