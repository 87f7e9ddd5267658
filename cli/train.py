"""colorgan-train: photographs in, a checkpoint out."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from colorgan.cli.exit_codes import stop_at_interrupt
from colorgan.cli.options import Place, command, config_file, config_options, given
from colorgan.config import GeneratorConfig, TrainingConfig
from colorgan.errors import ExitCode, StoppedError, UsageError
from colorgan.storage.files import make_writable, writing
from colorgan.storage.paths import LOCAL

if TYPE_CHECKING:
    from colorgan.training.run import Run


@command("colorgan-train photos/ --size 256 --base-channels 32")
@click.argument("data_dir", type=Place(), default="dataset")
@click.option("--validation", type=Place(), help="Folder of photographs to validate on.")
@click.option(
    "-o",
    "--output",
    type=Place(),
    default="saved_models",
    show_default=True,
    help="Folder for checkpoints, figures and sample grids.",
)
@click.option("--resume", is_flag=True, help="Continue from last.pt in the output folder, with its settings.")
@click.option("--start-from", type=Place(), help="Checkpoint whose generator to begin with.")
@click.option(
    "--encoder-weights",
    metavar="SOURCE",
    help="Weights of a pretrained --encoder: a file, package (of the extra train), timm (a download), or "
    "none.  [default: package for efficientnet_lite0, else timm]",
)
@click.option("--dry-run", is_flag=True, help="Run two steps, and estimate time and memory of the whole run.")
@config_file(GeneratorConfig, TrainingConfig)
@config_options(GeneratorConfig)
@config_options(TrainingConfig)
def main(dry_run: bool, **options: Any) -> None:
    """Train a generator on the color photographs in DATA_DIR and its sub-folders, or in its shards.

    It saves as it goes, and when it is stopped. On several GPUs or machines, start it with torchrun:
    torchrun --nproc-per-node 4 --no-python colorgan-train photos/
    """
    run = prepare(dry_run=dry_run, **options)
    trainer = run.trainer
    if run.is_first:
        click.echo(
            f"{len(trainer.photos.photographs)} photographs, {len(run.validation)} for validation; "
            f"on {trainer.fabric.device.type.upper()}, processes: {trainer.fabric.world_size}"
        )
        click.echo(settings(trainer.generator.config, trainer.config), nl=False)
    if dry_run:
        from colorgan.training.run import rehearse

        run.say(rehearse(trainer))
    elif not train(run):
        if not run.is_first:
            sys.exit(ExitCode.INTERRUPTED)  # the first process says it
        raise StoppedError(f"saved at step {trainer.step}; run the same command with --resume to continue")


def train(run: Run) -> bool:
    """Train under a progress bar; say whether the last step was reached."""
    from tqdm import tqdm

    trainer = run.trainer
    with (
        tqdm(
            desc="training",
            total=trainer.last_step * trainer.order.per_step,
            initial=trainer.step * trainer.order.per_step,
            unit="image",
            leave=False,
            disable=None if run.is_first else True,
        ) as bar,
        stop_at_interrupt(quiet=not run.is_first) as stop,
    ):
        run.tell = bar.write
        finished = run.go(stop, lambda _: bar.update(trainer.order.per_step))
    for reason in sorted(trainer.unreadable) if run.is_first else ():
        click.echo(f"Left out: {reason}", err=True)
    return finished


def prepare(
    data_dir: Path,
    validation: Path | None,
    output: Path,
    resume: bool,
    start_from: Path | None,
    encoder_weights: str | None,
    dry_run: bool,
    **options: Any,
) -> Run:
    """Make the run that the command line asks for, resumed if it says so."""
    from colorgan.networks.checkpoint import build_generator, load_checkpoint
    from colorgan.training.near_duplicates import without_near_duplicates
    from colorgan.training.photographs import find_photographs, fingerprint, split
    from colorgan.training.run import Run
    from colorgan.training.trainer import Trainer

    if resume and start_from:
        raise UsageError("--resume has weights of its own: leave out --start-from")
    if (resume or start_from) and encoder_weights:
        raise UsageError("the checkpoint has weights of its own: leave out --encoder-weights")
    if not resume and not dry_run and LOCAL.is_file(output / "last.pt"):
        raise UsageError(
            f"{output} holds a run already: add --resume to continue it, or choose another --output"
        )
    origin = output / "last.pt" if resume else start_from
    state = load_checkpoint(origin) if origin else {}
    generator_config = GeneratorConfig.from_dict(state.get("generator_config", {}))
    config = TrainingConfig.from_dict(state["training_config"] if resume else {})
    wanted = replace(generator_config, **given(GeneratorConfig, options))
    if state and wanted != generator_config:
        raise UsageError(f"{origin} has {generator_config}; it cannot become another generator")
    config = replace(config, **given(TrainingConfig, options))
    found = find_photographs(data_dir)
    if validation is None:
        rest, held_out = split(found, config.held_out, config.seed)
        training = without_near_duplicates(rest, held_out)
        if not training:
            raise UsageError(f"{data_dir}: one image is too few to train on and to validate with")
    else:
        training, held_out = found, find_photographs(validation)
    if not dry_run:
        make_writable(output)
    trainer = Trainer(config, wanted, training)
    run = Run(trainer, held_out, fingerprint(training, data_dir), output, click.echo)
    if origin and resume:
        run.resume(origin, state)
    elif origin:
        trainer.start_from(build_generator(origin, state).state_dict())
    elif source := encoder_source(wanted, encoder_weights):
        trainer.load_encoder(source)
    if trainer.step >= trainer.last_step:
        raise UsageError(f"{output} is at epoch {trainer.epoch} already; ask for more with --epochs")
    if run.is_first and not dry_run:
        path = output / "config.toml"
        with writing(path):
            path.write_text(settings(wanted, config))
    return run


def encoder_source(config: GeneratorConfig, wanted: str | None) -> str:
    """Where the weights of an encoder come from; nothing for the plain one, or where none are wanted."""
    if wanted == "none" or (config.encoder == "plain" and not wanted):
        return ""
    return wanted or ("package" if config.encoder == "efficientnet_lite0" else "timm")


def settings(*configs: GeneratorConfig | TrainingConfig) -> str:
    """All settings as TOML, as --config takes them."""
    import json

    values = {name: value for config in configs for name, value in config.to_dict().items()}
    # What JSON writes for a number, a truth value or a plain string is TOML, too.
    return "".join(f"{name.replace('_', '-')} = {json.dumps(value)}\n" for name, value in values.items())
