"""colorgan-export: a checkpoint in, files for other runtimes out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from colorgan.cli.options import Place, command, config_options, given, printable
from colorgan.config import EXPORT_FORMATS, ExportConfig
from colorgan.errors import UsageError, reason_of

ALL = "all"

ONLY_FOR = {"inspect": {"inspect"}, "verify": {"verify", "checkpoint", "against", "verify_on"}}
"""Options of the modes that write no file."""


@command("colorgan-export saved_models/best.pt --format onnx --format torchscript")
@click.argument("checkpoint", type=Place(), default="saved_models/best.pt")
@click.option(
    "--format",
    "formats",
    type=click.Choice([*EXPORT_FORMATS, ALL]),
    multiple=True,
    default=["onnx"],
    show_default=True,
    help="Kind of file to write; repeat for several. triton: a model repository with ONNX.",
)
@click.option(
    "-o",
    "--output",
    type=Place(),
    help="Folder for the files.  [default: the checkpoint's]",
)
@config_options(ExportConfig, leave_out=("format",))
@click.option(
    "--model-card",
    type=Place(),
    help="Text to store in the file.  [default: what the checkpoint knows of its training]",
)
@click.option(
    "--calibration",
    type=Place(),
    help="Folder of photographs to calibrate int8 on.  [default: those in the package]",
)
@click.option(
    "--verify-on",
    type=Place(),
    help="Folder of photographs to check the file on.  [default: those in the package]",
)
@click.option("--verify", type=Place(), help="Check this file, and write none.")
@click.option("--against", type=Place(), help="The checkpoint to check it against.")
@click.option("--inspect", type=Place(), help="Describe this file, and write none.")
def main(
    checkpoint: Path,
    formats: tuple[str, ...],
    output: Path | None,
    model_card: Path | None,
    calibration: Path | None,
    verify_on: Path | None,
    verify: Path | None,
    against: Path | None,
    inspect: Path | None,
    **options: Any,
) -> None:
    """Write the generator of CHECKPOINT (default: saved_models/best.pt) for other programs, and check it."""
    refuse_options_of_other_modes(click.get_current_context())
    if inspect:
        from colorgan.export.inspecting import inspect as rows_of

        for name, value in rows_of(inspect):
            indented = printable(value.strip()).replace("\n", "\n" + 14 * " ")
            click.echo(f"{printable(name):<14}{indented}")
        return
    if verify:
        from colorgan.export.verifying import verify_export

        for device, parity in verify_export(verify, against or checkpoint, verify_on).items():
            click.echo(f"{verify}, on {device}: {parity}")
        return
    config = ExportConfig(**given(ExportConfig, options))
    if calibration and config.precision != "int8":
        raise UsageError("--calibration is for --precision int8")
    chosen = [name for name in EXPORT_FORMATS if name in formats or (ALL in formats and name != "triton")]
    configs = [replace(config, format=name) for name in chosen]  # what does not go together is an error here

    from colorgan.export.exporting import Photographs, export_checkpoint

    photographs, card = Photographs(verify_on, calibration), _read_card(model_card) if model_card else ""
    for each in configs:
        exported = export_checkpoint(checkpoint, output or checkpoint.parent, each, photographs, card)
        click.echo(f"{exported.path}: {exported.bytes / 1e6:.1f} MB")
        for device, parity in exported.parities.items():
            click.echo(f"    on {device}: {parity}")


def refuse_options_of_other_modes(ctx: click.Context) -> None:
    """Raise UsageError for an option that --inspect, --verify or writing a file would ignore."""
    names = {
        parameter.name or "": parameter.opts[-1] if parameter.name != "checkpoint" else "CHECKPOINT"
        for parameter in ctx.command.params
        if ctx.get_parameter_source(parameter.name or "") is not ParameterSource.DEFAULT
    }
    for mode, fitting in ONLY_FOR.items():
        if mode in names:
            if rest := sorted(set(names) - fitting):
                raise UsageError(f"{names[rest[0]]} cannot be combined with --{mode}; leave one of them out")
            break
    else:
        if "against" in names:
            raise UsageError("--against is for --verify; add it, or leave --against out")
    if {"checkpoint", "against"} <= names.keys():
        raise UsageError("CHECKPOINT and --against both name what to check against; leave one of them out")


def _read_card(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: the model card cannot be read ({reason_of(error)})") from error
