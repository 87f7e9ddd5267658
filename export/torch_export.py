"""Write a generator as a torch.export archive, which replaces TorchScript upstream."""

from __future__ import annotations

from pathlib import Path

import torch

from colorgan.backends.model_metadata import ModelMetadata
from colorgan.backends.torch_archive import load_program
from colorgan.config import ExportConfig
from colorgan.export.shapes import dynamic_shapes, example_input
from colorgan.networks.predictors import Predictor


def export_torch(predictor: Predictor, path: Path, config: ExportConfig) -> None:
    """Write the predictor as an exported program."""
    shapes = dynamic_shapes(config, predictor.stride)
    program = torch.export.export(
        predictor, (example_input(config, predictor.stride),), dynamic_shapes=shapes
    )
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # paths of this machine
    _save(program, path)


def add_metadata(path: Path, metadata: ModelMetadata) -> None:
    """Add the metadata to the archive, as its extra files."""
    _save(load_program(path), path, metadata.to_strings())


def _save(program: torch.export.ExportedProgram, path: Path, strings: dict[str, str] | None = None) -> None:
    with path.open("wb") as file:  # by its name, PyTorch would want the suffix .pt2
        torch.export.save(program, file, extra_files=strings)
