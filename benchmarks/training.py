"""Time a training step beside a bare loop, and measure the memory that steps take.

    python -m benchmarks.training PHOTOS_DIR --size 96 --base-channels 32 --batch-size 8
    python -m benchmarks.training PHOTOS_DIR --size 1024 --base-channels 64 --memory 1,2

The first: `trainer` is the product's step on a batch in memory. `bare` is forward, backward and step of the
same networks, losses and optimizers on the same batch, and nothing else. They take turns. The second: peak
memory of `colorgan-train --dry-run` with each batch size, as it is and with `--save-memory`. Writes
`benchmarks/results/training_step.json` or `training_memory.json`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

import click
import torch

from benchmarks.report import write_report
from colorgan.config import GeneratorConfig, TrainingConfig
from colorgan.evaluation.turns import take_turns
from colorgan.networks.color_space import prepare_input
from colorgan.networks.discriminator import Discriminator
from colorgan.networks.generator import UNetGenerator
from colorgan.training.dataset import Draw
from colorgan.training.losses import adversarial_loss, discriminator_loss, reconstruction_loss
from colorgan.training.photographs import find_photographs
from colorgan.training.trainer import Trainer


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--size", default=96, show_default=True)
@click.option("--base-channels", default=32, show_default=True)
@click.option("--batch-size", default=8, show_default=True)
@click.option("--rounds", default=15, show_default=True)
@click.option("--device", default="auto", show_default=True)
@click.option("--precision", default="auto", show_default=True)
@click.option("--name", default="training_step", show_default=True, help="Of the file of the first.")
@click.option("--memory", help="Measure memory with these batch sizes instead, such as 1,2,4.")
def main(
    photos: Path,
    size: int,
    base_channels: int,
    batch_size: int,
    rounds: int,
    device: str,
    precision: str,
    name: str,
    memory: str | None,
) -> None:
    """Measure training on the photographs in PHOTOS."""
    settings = {"size": size, "base_channels": base_channels}
    if memory:
        write_report("training_memory", settings | {"rows": measure_memory(photos, settings, memory)})
        return
    config = TrainingConfig(size=size, batch_size=batch_size, workers=0, device=device, precision=precision)
    seconds = take_turns(contenders(photos, config, base_channels), rounds)
    rates = {contender: batch_size / median(each) for contender, each in seconds.items()}
    trainer, bare = rates["trainer"], rates["bare"]
    click.echo(f"trainer {trainer:.1f} samples/s, bare {bare:.1f} samples/s: {trainer / bare:.3f}")
    more = {"batch_size": batch_size, "precision": precision, "samples_per_second": rates, "seconds": seconds}
    write_report(name, {**settings, **more})


def contenders(photos: Path, config: TrainingConfig, base_channels: int) -> dict[str, Callable[[], object]]:
    """A step of the trainer and one of the bare loop, on one batch."""
    trainer = Trainer(config, GeneratorConfig(base_channels=base_channels), find_photographs(photos))
    items = [trainer.photos[Draw(number, number)].pixels for number in range(config.batch_size)]
    pixels = torch.stack([item for item in items if item is not None])
    device, autocast = trainer.fabric.device, trainer.fabric.autocast
    trainer.generator.train()

    def trainer_step() -> float:
        return trainer.train_on([pixels])["generator"].item()

    generator = UNetGenerator(trainer.generator.config).to(device).to(memory_format=torch.channels_last)
    discriminator = Discriminator(base_channels).to(device).to(memory_format=torch.channels_last)
    optimizers = [
        torch.optim.Adam(network.parameters(), 2e-4, betas=(0.5, 0.999))
        for network in (generator, discriminator)
    ]
    real = pixels.to(device).permute(0, 3, 1, 2).float() / 127.5 - 1

    def bare_step() -> float:
        with autocast():
            fake = generator(prepare_input(real))
            judged = discriminator_loss(discriminator(real).float(), discriminator(fake.detach()).float())
        optimizers[1].zero_grad()
        judged.backward()
        optimizers[1].step()
        discriminator.requires_grad_(False)
        with autocast():
            logits = discriminator(fake)
        discriminator.requires_grad_(True)
        loss = 100 * reconstruction_loss(fake.float(), real) + adversarial_loss(logits.float())
        optimizers[0].zero_grad()
        loss.backward()
        optimizers[0].step()
        return loss.item()

    return {"trainer": trainer_step, "bare": bare_step}


def measure_memory(photos: Path, settings: dict[str, int], batch_sizes: str) -> list[dict[str, object]]:
    """Gigabytes of a dry run in a process of its own, for each batch size."""
    rows: list[dict[str, object]] = []
    click.echo("| batch size | GB | GB with --save-memory |")
    click.echo("| ---: | ---: | ---: |")
    for batch_size in map(int, batch_sizes.split(",")):
        found = []
        for extra in ([], ["--save-memory"]):
            options = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
            command = [sys.executable, "-m", "colorgan.cli.main", "train", str(photos), "--dry-run", *options]
            command += [f"--batch-size={batch_size}", *extra]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found.append(float(re.findall(r"([\d.]+) GB at most", output)[0]))
        click.echo(f"| {batch_size} | {found[0]} | {found[1]} |")
        rows.append({"batch_size": batch_size, "gigabytes": found[0], "save_memory": found[1]})
    return rows


if __name__ == "__main__":
    main()
