"""What goes into an exported network: names, an example, and which sides may change."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from colorgan.config import ExportConfig

NAMES = {"planes": ("luma", "chroma"), "rgb": ("gray", "rgb")}
"""Of input and output, by signature."""

LARGEST_SIDE = 16384
"""Only an upper bound that the exporter asks for, in pixels; no runtime enforces it."""


def example_input(config: ExportConfig, stride: int) -> Tensor:
    """A black batch; two of each where any number will do, as an example of 1 would fix it in the graph."""
    batch, height, width = config.shape
    shape = (batch or 2, 1, height or 2 * stride, width or 2 * stride)
    return torch.zeros(shape, dtype=torch.uint8 if config.signature == "planes" else torch.float32)


def dynamic_shapes(config: ExportConfig, stride: int) -> dict[str, dict[int, Any]]:
    """The sides of the predictor's argument that may change, for torch.export."""
    batch, height, _ = config.shape
    sides: dict[int, Any] = {} if batch else {0: torch.export.Dim("batch", min=1, max=4096)}
    if not height:
        for axis, name in ((2, "height"), (3, "width")):
            sides[axis] = stride * torch.export.Dim(name, min=1, max=LARGEST_SIDE // stride)
    return {NAMES[config.signature][0]: sides}
