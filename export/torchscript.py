"""Write a generator as TorchScript.

Deprecated upstream in favor of torch.export; it works, and programs that embed libtorch use it.
"""

from __future__ import annotations

from pathlib import Path

import torch

from colorgan.backends.model_metadata import ModelMetadata
from colorgan.backends.pytorch import without_deprecation_warnings
from colorgan.config import ExportConfig
from colorgan.export.shapes import example_input
from colorgan.networks.predictors import Predictor


def export_torchscript(predictor: Predictor, path: Path, config: ExportConfig) -> None:
    """Write the predictor, traced and frozen, for any N, H and W."""
    with without_deprecation_warnings():
        traced = torch.jit.trace(predictor, example_input(config, predictor.stride), check_trace=False)
        torch.jit.freeze(traced).save(path)


def add_metadata(path: Path, metadata: ModelMetadata) -> None:
    """Add the metadata to the TorchScript file, as its extra files."""
    with without_deprecation_warnings():
        torch.jit.save(torch.jit.load(path), path, _extra_files=metadata.to_strings())
