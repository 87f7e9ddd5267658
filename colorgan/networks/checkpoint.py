"""One file with everything that a run needs to go on, and that an export needs to begin."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import torch

from colorgan.config import GeneratorConfig
from colorgan.errors import ColorganError, ModelError, RunError, UsageError
from colorgan.networks.generator import UNetGenerator
from colorgan.storage.files import atomic_file, writing
from colorgan.storage.paths import LOCAL

FORMAT = "colorgan-checkpoint"
FORMAT_VERSION = 2

State = dict[str, Any]


def save_checkpoint(path: Path, state: State) -> None:
    """Write the state to `path`; what was there stays until the new file is whole."""
    try:
        with writing(path), atomic_file(path) as temporary:
            torch.save({"format": FORMAT, "format_version": FORMAT_VERSION, **state}, temporary)
    except RuntimeError as error:  # PyTorch's, whose text speaks of positions in its file
        raise RunError(f"{path}: the checkpoint cannot be written; is the disk full?") from error


def mark_checkpoint(path: Path, mark: Path) -> None:
    """Make `mark`, such as best.pt, another name of the checkpoint at `path`; a copy where links fail."""
    with writing(mark), atomic_file(mark) as temporary:
        try:
            os.link(path, temporary)
        except OSError:
            shutil.copyfile(path, temporary)
        mark.unlink(missing_ok=True)  # renaming a link over a link to the same file would do nothing


def load_checkpoint(path: Path, device: str = "cpu") -> State:
    """Read a checkpoint without running any code in it (`weights_only=True`)."""
    if not LOCAL.is_file(path):
        raise ModelError(path, "there is no such checkpoint; train one with colorgan-train")
    if not is_zipfile(path):  # torch would try an older format, and fail in many ways
        raise ModelError(path, "is not a checkpoint of colorgan-train")
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise ModelError(path, "is not a checkpoint of colorgan-train, or it is damaged") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise ModelError(path, "is not a checkpoint of colorgan-train")
    if (version := state.get("format_version")) != FORMAT_VERSION:
        raise ModelError(
            path, f"has format version {version}, not {FORMAT_VERSION}; use the colorgan that wrote it"
        )
    try:
        int(state["training_config"]["size"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(path, "does not say at what size it was trained; it is damaged") from error
    return state


def build_generator(path: Path, state: State) -> UNetGenerator:
    """Build the generator that the state of the checkpoint at `path` describes, ready for inference."""
    try:
        config, weights = GeneratorConfig.from_dict(state["generator_config"]), state["mean_generator"]
        with torch.device("meta"):  # shapes alone: what is described may not fit into memory
            described = UNetGenerator(config).state_dict()
        if described.keys() != weights.keys():
            raise UsageError(f"weights named {min(described.keys() ^ weights.keys())!r}")
        for name, weight in weights.items():
            if weight.shape != described[name].shape:
                raise UsageError(f"{name} is {tuple(weight.shape)}, not {tuple(described[name].shape)}")
        generator = UNetGenerator(config)
        generator.load_state_dict(weights)
    except (ColorganError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(path, f"does not hold the generator it describes ({error})") from error
    return generator.eval()
