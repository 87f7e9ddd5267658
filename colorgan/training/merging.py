"""Merge two checkpoints of one run into one, whose weights are the mean of theirs.

Of L1 alone and of the discriminator's part: where they err in different ways, the mean can err less than both
(Wortsman et al. 2022, "Model soups", arXiv:2203.05482). As the mean's colors are duller, they can be made
stronger in the head, which is linear but for its tanh.
"""

from __future__ import annotations

from pathlib import Path

import torch

from colorgan.errors import UsageError
from colorgan.networks.checkpoint import build_generator, load_checkpoint, save_checkpoint
from colorgan.networks.chroma_classes import ClassHead


def merge_checkpoints(first: Path, second: Path, output: Path, strength: float = 1.0) -> None:
    """Write the mean of two generators' weights, with those of the head times `strength`.

    Raises ModelError for a file that is no checkpoint, UsageError for generators that are built differently.
    """
    states = [load_checkpoint(path) for path in (first, second)]
    merged, other = map(build_generator, (first, second), states)
    if merged.config != other.config:
        raise UsageError(f"{first}, {second}: cannot be merged, as their generators are built differently")
    if strength != 1 and merged.config.head == "rgb":  # it would change the brightness, too
        raise UsageError(f"{first}: predicts all of RGB, and strength is for those that predict chroma")
    with torch.no_grad():
        for mine, its in zip(merged.state_dict().values(), other.state_dict().values(), strict=True):
            if mine.is_floating_point():
                mine.add_(its).div_(2)
        head = merged.head
        # The mean of classes is linear in their centers.
        for weight in [head.centers] if isinstance(head, ClassHead) else head.parameters():
            weight.mul_(strength)
    kept = {name: states[0][name] for name in ("generator_config", "training_config")}
    save_checkpoint(output, {"mean_generator": merged.state_dict(), **kept})
