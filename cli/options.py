"""Options made from settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from colorgan.cli.exit_codes import exit_codes
from colorgan.cli.output import Output
from colorgan.config import Config
from colorgan.errors import ExitCode, UsageError, reason_of
from colorgan.storage.paths import locate

Command = Callable[..., None]


class NumberOr(click.types.IntParamType):
    """An integer from 1, or a word for 0."""

    def __init__(self, word: str) -> None:
        self.word = word

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the number or the word."""
        if value == self.word:
            return 0
        number = super().convert(value, param, ctx)
        if number == 0:
            self.fail(f"0 is too small: give a number from 1, or {self.word!r}", param, ctx)
        return number


class WrongPlaceError(click.ClickException):
    """Shown in one line, as what a command itself finds wrong."""

    exit_code = ExitCode.WRONG_USAGE


class Place(click.Path):
    """A path that names something, or a URL with one of these schemes."""

    def __init__(self, *schemes: str) -> None:
        super().__init__()
        self.schemes = schemes

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a path, or a URL of an allowed scheme."""
        del param, ctx  # the error names the value
        try:
            return locate(value, self.schemes)
        except UsageError as error:
            raise WrongPlaceError(str(error)) from error


def config_options(config: type[Config], leave_out: tuple[str, ...] = ()) -> Callable[[Command], Command]:
    """Add an option for each field; options not given arrive as None."""

    def add(command: Command) -> Command:
        for item in reversed([item for item in fields(config) if item.name not in leave_out]):
            choices, zero = item.metadata["choices"], item.metadata["zero"]
            is_flag = isinstance(item.default, bool)
            default = zero if zero and not item.default else item.default
            shown = "" if is_flag or default == "" else f"  [default: {default}]"
            command = click.option(
                "--" + item.name.replace("_", "-"),
                type=click.Choice(choices) if choices else NumberOr(zero) if zero else type(item.default),
                is_flag=is_flag,
                default=None,
                help=item.metadata["help"] + shown,
            )(command)
        return command

    return add


def config_file(*configs: type[Config]) -> Callable[[Command], Command]:
    """Add --config, a TOML file with settings of these configs; options override it."""

    def read(ctx: click.Context, _: click.Parameter, path: Path | None) -> None:
        if path is None:
            return
        import tomllib

        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise click.BadParameter(f"{path}: cannot be read ({reason_of(error)})") from error
        settings = {name.replace("-", "_"): value for name, value in values.items()}
        if unknown := set(settings) - {item.name for config in configs for item in fields(config)}:
            raise click.BadParameter(f"{path}: there is no setting {min(unknown)!r}")
        ctx.default_map = settings

    return click.option(
        "--config",
        type=Place(),
        is_eager=True,
        expose_value=False,
        callback=read,
        help="TOML file with settings, such as the config.toml of another run.",
    )


def given(config: type[Config], values: dict[str, Any]) -> dict[str, Any]:
    """The settings of this config that the user gave to a command."""
    names = {item.name for item in fields(config)}
    return {name: value for name, value in values.items() if name in names and value is not None}


class JsonCommand(click.Command):
    """A command whose wrong usage is an event, too, if it is given --json."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options."""
        as_json = "--json" in args and any(param.name == "as_json" for param in self.params)
        try:
            return super().parse_args(ctx, args)
        except click.ClickException as error:
            Output(as_json).error(error.format_message(), error.exit_code)
            raise


def command(example: str) -> Callable[[Command], click.Command]:
    """Make a command with --version, an example in its help, and errors shown as one line."""

    def make(function: Command) -> click.Command:
        version = click.version_option(package_name="colorgan")
        return click.command(cls=JsonCommand, epilog=f"Example: {example}")(version(exit_codes(function)))

    return make


def printable(text: str) -> str:
    """A stranger's text without control characters."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in text)
