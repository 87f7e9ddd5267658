"""colorgan merge: one checkpoint of two."""

from __future__ import annotations

from pathlib import Path

import click

from colorgan.cli.options import command


@command("colorgan merge saved_models/best.pt saved_models/last.pt -o merged.pt")
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Checkpoint to write.")
@click.option(
    "--strength",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Makes the colors stronger, such as 1.5: those of a mean are duller.",
)
def main(first: Path, second: Path, output: Path, strength: float) -> None:
    """Merge the checkpoints FIRST and SECOND into one with the mean of their weights.

    Of one run's epoch with L1 alone and one with the discriminator, it can be better than either. It can be
    exported, and trained on with colorgan-train --start-from.
    """
    from colorgan.training.merging import merge_checkpoints

    merge_checkpoints(first, second, output, strength)
    click.echo(f"Merged: {output}")
