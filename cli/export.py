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
@config_options(ExportConfig)
@exit_codes
def main(checkpoint: Path, output: Path | None, **options: Any) -> None:
    """Write the generator of CHECKPOINT (default: saved_models/best.pt) for other programs, and check it."""
    from colorgan.export.exporting import export_checkpoint

    config = ExportConfig(**given(ExportConfig, options))
    exported = export_checkpoint(checkpoint, output or checkpoint.parent, config)
    click.echo(
        f"{exported.path}: {exported.bytes / 1e6:.1f} MB; "
        f"largest difference from the checkpoint {exported.largest_difference} of 255"
    )
