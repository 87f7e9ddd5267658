"""colorgan: all commands in one, each imported when called."""

from __future__ import annotations

if __name__ == "__main__":  # before anything is imported that takes its time
    from colorgan.cli.start import colorgan

    colorgan()

from importlib import import_module

import click

COMMANDS = (
    "bag",
    "batch",
    "doctor",
    "evaluate",
    "export",
    "merge",
    "page",
    "prepare",
    "report",
    "restore",
    "serve",
    "status",
    "train",
    "watch",
)


class LazyGroup(click.Group):
    """Finds a sub-command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"colorgan.cli.{cmd_name}").main
        command.name = cmd_name
        return command


@click.group(cls=LazyGroup)
@click.version_option(package_name="colorgan")
def main() -> None:
    """Colorize black-and-white photographs; train and export the generator behind it."""
