"""colorgan-train: photographs in, a checkpoint out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from colorgan.cli.options import command, config_options, find_photographs, given
from colorgan.config import GeneratorConfig, TrainingConfig
from colorgan.errors import UsageError
from colorgan.files import make_writable

if TYPE_CHECKING:
    from colorgan.training import Losses, Trainer


@command("colorgan-train photos/ --size 256 --base-channels 32")
@click.argument("data_dir", type=click.Path(path_type=Path), default="dataset")
@click.option("--validation", type=click.Path(path_type=Path), help="Folder of photographs to validate on.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default="saved_models",
    show_default=True,
    help="Folder for checkpoints and sample grids.",
)
@click.option("--resume", is_flag=True, help="Go on from last.pt in the output folder, with its settings.")
@config_options(GeneratorConfig)
@config_options(TrainingConfig)
def main(data_dir: Path, validation: Path | None, output: Path, resume: bool, **options: Any) -> None:
    """Train a generator on the colour photographs in DATA_DIR and its sub-folders."""
    trainer = prepare(data_dir, validation, output, resume, options)
    if trainer.epoch >= trainer.config.epochs:
        raise UsageError(f"{output} is at epoch {trainer.epoch} already; ask for more with --epochs")
    click.echo(
        f"{len(trainer.training_paths)} photographs, {len(trainer.validation_paths)} for validation; "
        f"{trainer.config.size} px, on {trainer.device.type.upper()}"
    )
    for epoch in trainer.epochs():
        click.echo(f"epoch {epoch}: {train_epoch(trainer)}")
        if trainer.is_due():
            result = trainer.validate()
            click.echo(
                f"{trainer.save(result)}: L1 {result.l1:.4f}, CIEDE2000 {result.ciede2000:.2f} "
                f"(colourless {result.colorless_ciede2000:.2f}), "
                f"colourfulness {result.colorfulness_ratio:.2f} of the true"
            )
    for reason in sorted(trainer.unreadable):
        click.echo(f"Left out: {reason}", err=True)


def train_epoch(trainer: Trainer) -> str:
    """Train one epoch under a progress bar; give its mean losses and its speed."""
    from tqdm import tqdm

    history: list[Losses] = []
    photographs, start = 0, perf_counter()
    with tqdm(total=len(trainer.training_paths), unit="image", leave=False, disable=None) as bar:
        for count, losses in trainer.train_epoch():
            history.append(losses)
            if len(history) % 20 == 1:  # reading a loss waits for the device
                bar.set_postfix_str(mean(history[-1:]), refresh=False)
            bar.update(count)
            photographs += count
    return f"{mean(history)}, {photographs / (perf_counter() - start):.1f} images/s"


def mean(history: list[Losses]) -> str:
    """Show the mean losses of some steps: both networks' own, and the L1 that is in the generator's."""
    means = {
        "G": sum(float(losses.generator) for losses in history) / len(history),
        "L1": sum(float(losses.l1) for losses in history) / len(history),
        "D": sum(float(losses.discriminator) for losses in history) / len(history),
    }
    return ", ".join(f"{name} {value:.3f}" for name, value in means.items())


def prepare(
    data_dir: Path, validation: Path | None, output: Path, resume: bool, options: dict[str, Any]
) -> Trainer:
    """Make the trainer that the command line asks for, resumed if it says so."""
    from colorgan.checkpoint import load_checkpoint
    from colorgan.dataset import split
    from colorgan.training import Trainer

    config, generator_config = TrainingConfig(), GeneratorConfig()
    last = output / "last.pt"
    state = load_checkpoint(last) if resume else None
    if state is not None:
        config = TrainingConfig.from_dict(state["training_config"])
        generator_config = GeneratorConfig.from_dict(state["generator_config"])
    elif last.exists():
        raise UsageError(
            f"{output} holds a run already: add --resume to go on with it, or choose another --output"
        )
    wanted = replace(generator_config, **given(GeneratorConfig, options))
    if resume and wanted != generator_config:
        raise UsageError(f"{last} has {generator_config}; a resumed run cannot change the generator")
    config = replace(config, **given(TrainingConfig, options))
    if validation is None:
        training_paths, validation_paths = split(find_photographs(data_dir), config.held_out, config.seed)
        if not training_paths:
            raise UsageError(f"{data_dir}: one image is too few to train on and to validate with")
    else:
        training_paths, validation_paths = find_photographs(data_dir), find_photographs(validation)
    make_writable(output)
    trainer = Trainer(config, wanted, training_paths, validation_paths, output)
    if state is not None:
        trainer.restore(last, state)
    return trainer
