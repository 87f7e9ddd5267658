"""colorgan merge: average several checkpoints into a slim one."""

from __future__ import annotations

from pathlib import Path

import click

from colorgan.cli.options import Place, command


@command("colorgan merge saved_models/best.pt saved_models/last.pt -o merged.pt")
@click.argument("checkpoints", nargs=-1, required=True, type=Place())
@click.option("-o", "--output", type=Place(), required=True, help="Checkpoint to write.")
@click.option(
    "--strength",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Factor on the colors, such as 1.5: a mean has duller ones.",
)
@click.option(
    "--temperature",
    type=click.FloatRange(min=0.01),
    help="Of a head of classes: at 0.2, the likeliest colors count more than at 0.35, as it is trained.",
)
@click.option("--half-weights", is_flag=True, help="Store the weights in half precision: half the file.")
def main(
    checkpoints: tuple[Path, ...],
    output: Path,
    strength: float,
    temperature: float | None,
    half_weights: bool,
) -> None:
    """Merge CHECKPOINTS into one with the mean of their weights only. One checkpoint gives a slim copy.

    The mean of an epoch with L1 alone and one with the discriminator can beat both. Export it, or continue
    with colorgan-train --start-from.
    """
    from colorgan.training.merging import merge_checkpoints

    merge_checkpoints(checkpoints, output, strength, temperature, half_weights=half_weights)
    click.echo(f"Merged: {output}")
