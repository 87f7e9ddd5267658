"""Tiny training runs, in this process or as a command."""

import subprocess
import time
from pathlib import Path
from threading import Event
from typing import Any

import torch

from colorgan.config import GeneratorConfig, TrainingConfig
from colorgan.networks.checkpoint import load_checkpoint
from colorgan.training.photographs import find_photographs, fingerprint, split
from colorgan.training.run import Run
from colorgan.training.trainer import Trainer

TINY = GeneratorConfig(base_channels=4)
SMALL: dict[str, Any] = {"size": 32, "batch_size": 4, "workers": 0, "save_every": 1}


def make_run(photos: Path, folder: Path, said: list[str] | None = None, **settings: Any) -> Run:
    config = TrainingConfig(**SMALL | settings)
    training, validation = split(find_photographs(photos), 2, seed=0)
    folder.mkdir(exist_ok=True)
    say = (said if said is not None else []).append
    return Run(Trainer(config, TINY, training), validation, fingerprint(training, photos), folder, say)


def go(run: Run, steps: int = 10**9) -> list[dict[str, float]]:
    """Train to the end or for so many steps; give the figures of each."""
    figures: list[dict[str, float]] = []
    stop = Event()

    def on_step(scalars: dict[str, torch.Tensor]) -> None:
        figures.append({name: value.item() for name, value in scalars.items()})
        if len(figures) == steps:
            stop.set()

    run.go(stop, on_step)
    return figures


def resumed(photos: Path, folder: Path, **settings: Any) -> Run:
    run = make_run(photos, folder, **settings)
    run.resume(folder / "last.pt", load_checkpoint(folder / "last.pt"))
    return run


def assert_same(one: Any, other: Any) -> None:
    """Both are of the same values, bit for bit."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, (list, tuple)):
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)
    else:
        assert one == other


def command(photos: Path, out: Path, *options: str) -> list[str]:
    small = "--size 32 --base-channels 4 --batch-size 2 --workers 1 --save-every 1"
    return [*["-m", "colorgan.cli.main", "train"], str(photos), "-o", str(out), *small.split(), *options]


def wait_for_a_checkpoint(out: Path, process: subprocess.Popen[str]) -> None:
    """Wait until the run has saved a checkpoint."""
    while process.poll() is None and not ((out / "last.pt").exists()):
        time.sleep(0.05)
