"""colorgan-export: a checkpoint in, a file for another runtime out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from colorgan.cli.options import config_options, exit_codes, given
from colorgan.config import ExportConfig


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path), default="saved_models/best.pt")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Folder for the file.  [default: the checkpoint's]",
)
@click.option(
    "--verify-on",
    type=click.Path(path_type=Path),
    help="Folder of photographs to check the file on.  [default: those in the package]",
)
@click.option("--verify", type=click.Path(path_type=Path), help="Check this file, and write none.")
@click.option("--against", type=click.Path(path_type=Path), help="The checkpoint to check it against.")
@config_options(ExportConfig)
@exit_codes
def main(
    checkpoint: Path,
    output: Path | None,
    verify_on: Path | None,
    verify: Path | None,
    against: Path | None,
    **options: Any,
) -> None:
    """Write the generator of CHECKPOINT (default: saved_models/best.pt) for other programs, and check it."""
    from colorgan.export.exporting import export_checkpoint, verify_export

    config = ExportConfig(**given(ExportConfig, options))
    if verify:
        click.echo(f"{verify}: {verify_export(verify, against or checkpoint, verify_on)}")
        return
    exported = export_checkpoint(checkpoint, output or checkpoint.parent, config, verify_on)
    click.echo(f"{exported.path}: {exported.bytes / 1e6:.1f} MB; {exported.parity}")
