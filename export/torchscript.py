"""Write a generator as TorchScript.

Deprecated upstream in favour of torch.export; it works, and programs that embed libtorch use it.
"""

from __future__ import annotations

from pathlib import Path

import torch

from colorgan.backends.pytorch import without_deprecation_warnings
from colorgan.config import STRIDE
from colorgan.metadata import ModelMetadata
from colorgan.networks import ChromaPredictor


def export_torchscript(predictor: ChromaPredictor, path: Path) -> None:
    """Write `luma` uint8 (N, 1, H, W) -> `chroma` uint8 (N, 2, H, W), traced and frozen; any N, H and W."""
    example = torch.zeros(2, 1, 2 * STRIDE, 2 * STRIDE, dtype=torch.uint8)
    with without_deprecation_warnings():
        torch.jit.freeze(torch.jit.trace(predictor.eval(), example, check_trace=False)).save(path)


def add_metadata(path: Path, metadata: ModelMetadata) -> None:
    """Add the metadata to the TorchScript file, as one of its extra files."""
    with without_deprecation_warnings():
        torch.jit.save(torch.jit.load(path), path, _extra_files=metadata.to_strings())
