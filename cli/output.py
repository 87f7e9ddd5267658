"""Output of a command: text or, with --json, one JSON object per event on standard output."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

Command = Callable[..., None]


@dataclass(frozen=True)
class Output:
    """Where text and events go; with JSON, text goes to standard error."""

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False

    def say(self, text: str) -> None:
        """Print a line; --quiet skips it."""
        if not self.quiet:
            click.echo(text, err=self.as_json)

    def detail(self, text: str) -> None:
        """Print a line about one file, with --verbose."""
        if self.verbose:
            click.echo(text, err=True)

    def warn(self, text: str) -> None:
        """Print a problem."""
        click.echo(text, err=True)

    def error(self, text: str, exit_code: int) -> None:
        """Print the event that ends a command which cannot begin or has to stop."""
        self.event("error", error=text, exit_code=exit_code)

    def event(self, kind: str, **values: Any) -> None:
        """Print a JSON object, with --json; names that are not UTF-8 stay by surrogateescape."""
        if self.as_json:
            click.echo(json.dumps({"event": kind, **values}))


def output_options(command: Command) -> Command:
    """Add --json, --quiet and --verbose, which arrive as `as_json`, `quiet` and `verbose`."""
    for option in (
        click.option("--verbose", "-v", is_flag=True, help="Print a line per file, on standard error."),
        click.option("--quiet", "-q", is_flag=True, help="Print only problems."),
        click.option(
            "--json",
            "as_json",
            is_flag=True,
            help="Print one JSON object per event on standard output; text goes to standard error.",
        ),
    ):
        command = option(command)
    return command
