"""Train small generators that differ in one thing each, and compare their colors on photographs held out.

    python -m benchmarks.ablation PHOTOS_DIR --size 64 --epochs 2
    python -m benchmarks.ablation PHOTOS_DIR --only 'L1;64 channels' --name ablation_wide

All see the same photographs as often, by the product's trainer, one after the other. Each then colors the
middle squares of 200 others, with its chroma as it is and stronger. CIEDE2000 pulls towards gray where a
model doubts, colorfulness away from it: a model is a curve, not a point. `aged` is the same on gray that was
made to look like an old print's. The spread of runs that differ in nothing but their seed is in the table,
too. Writes `benchmarks/results/ablation.json`, or what `--name` says.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor

from benchmarks.report import write_report
from colorgan.config import GeneratorConfig, TrainingConfig
from colorgan.evaluation.metrics import RGB8, ciede2000
from colorgan.networks.color_space import compose, extract_chroma, prepare_input
from colorgan.networks.generator import UNetGenerator
from colorgan.photo.color import colorfulness
from colorgan.training.aging import Aging
from colorgan.training.dataset import load_square
from colorgan.training.photographs import find_photographs, split
from colorgan.training.trainer import Trainer
from colorgan.training.validation import to_rgb8

SATURATIONS = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
"""Factors of the chroma; the table shows the first."""


def variants(epochs: int) -> dict[str, dict[str, Any]]:
    """What each does unlike the first, which learns from L1 alone."""
    return {
        "L1": {},
        "L1, another seed": {"seed": 1},
        "L1, then GAN in the last epoch": {"warmup_epochs": epochs - 1},
        "L1 + GAN": {"warmup_epochs": 0},
        "rgb head": {"head": "rgb"},
        "chroma weight 1": {"chroma_weight": 1.0},
        "chroma weight 5": {"chroma_weight": 5.0},
        "half of them aged": {"aging": 0.5},
        "32 channels": {"base_channels": 32},
        "64 channels": {"base_channels": 64},
    }


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--size", default=64, show_default=True, help="Of the squares, in training and after it.")
@click.option("--epochs", default=2, show_default=True)
@click.option("--batch-size", default=16, show_default=True)
@click.option("--learning-rate", default=1e-3, show_default=True, help="At the start; a cosine leads to 0.")
@click.option("--base-channels", default=16, show_default=True, help="Where the variant does not say.")
@click.option("--only", help="Variants, such as 'L1;rgb head'.  [default: all]")
@click.option("--name", default="ablation", show_default=True, help="Of the file in benchmarks/results/.")
def main(photos: Path, only: str | None, name: str, base_channels: int, **settings: Any) -> None:
    """Compare ways to train on the photographs, or shards, in PHOTOS."""
    training, held_out = split(find_photographs(photos), 200, seed=0)
    common = TrainingConfig(schedule="cosine", warmup_epochs=settings["epochs"], ema=0.99, **settings)
    pixels = torch.stack([load_square(photo, common.size) for photo in held_out])
    rgb = pixels.permute(0, 3, 1, 2).float() / 255
    rows: list[dict[str, Any]] = []
    click.echo("| | samples | minutes | CIEDE2000 | beside colorless | colorfulness ratio | aged |")
    click.echo("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    chosen = variants(common.epochs)
    for variant in only.split(";") if only else chosen:
        changes = dict(chosen[variant])
        generator = GeneratorConfig(
            changes.pop("base_channels", base_channels), changes.pop("head", "chroma")
        )
        start = time.perf_counter()
        trainer = Trainer(replace(common, **changes), generator, training)
        for _ in trainer.steps():
            pass
        row = {"variant": variant, "minutes": (time.perf_counter() - start) / 60}
        row |= {"samples": trainer.step * trainer.order.per_step}
        rows.append(row | compare(trainer.mean_generator, rgb))
        click.echo(shown(rows[-1]))
        report = {"settings": common.to_dict(), "base_channels": base_channels, "held_out": len(held_out)}
        path = write_report(name, report | {"rows": rows})
    click.echo(path, err=True)


@torch.inference_mode()
def compare(generator: UNetGenerator, rgb: Tensor) -> dict[str, Any]:
    """The figures of a generator on squares RGB (N, 3, H, W) in [0, 1]."""
    device = next(generator.parameters()).device
    true, clean = to_rgb8(2 * rgb - 1), prepare_input(rgb)
    colorful = np.mean([colorfulness(image) for image in true])
    grays = {"clean": clean, "aged": Aging(rgb, clean, torch.Generator().manual_seed(0)).gray(1.0)}
    found: dict[str, Any] = {"colorless_ciede2000": distance(to_rgb8(2 * clean.expand_as(rgb) - 1), true)}
    for name, gray in grays.items():
        chroma = torch.cat([color(generator, part.to(device)).cpu() for part in (2 * gray - 1).split(25)])
        found[name] = []
        for saturation in SATURATIONS:
            # Over the clean gray in both cases: only the colors are compared.
            images = to_rgb8(compose(2 * clean - 1, saturation * chroma))
            ratio = np.mean([colorfulness(image) for image in images]) / colorful
            point = {"saturation": saturation, "ciede2000": distance(images, true)}
            found[name].append(point | {"colorfulness_ratio": float(ratio)})
    return found


def color(generator: UNetGenerator, gray: Tensor) -> Tensor:
    """The chroma (N, 2, H, W) that either head predicts."""
    return extract_chroma(generator(gray).clamp(-1, 1))


def distance(images: list[RGB8], true: list[RGB8]) -> float:
    """Mean CIEDE2000."""
    return float(np.mean([ciede2000(*pair) for pair in zip(images, true, strict=True)]))


def shown(row: dict[str, Any]) -> str:
    """A line of the table."""
    point, aged = row["clean"][0], row["aged"][0]
    beside = point["ciede2000"] / row["colorless_ciede2000"] - 1
    cells = f"{row['variant']} | {row['samples']:,} | {row['minutes']:.1f} | {point['ciede2000']:.2f}"
    return f"| {cells} | {beside:+.1%} | {point['colorfulness_ratio']:.2f} | {aged['ciede2000']:.2f} |"


if __name__ == "__main__":
    main()
