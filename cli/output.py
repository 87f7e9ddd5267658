"""What a command says: prose for people or, with --json, a line of JSON an event on standard output."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

Command = Callable[..., None]


@dataclass(frozen=True)
class Output:
    """Where prose and events go; with JSON, prose goes to standard error, so that JSON is alone."""

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False

    def say(self, text: str) -> None:
        """Tell how it stands; --quiet leaves it out."""
        if not self.quiet:
            click.echo(text, err=self.as_json)

    def detail(self, text: str) -> None:
        """Tell of one file, with --verbose."""
        if self.verbose:
            click.echo(text, err=True)

    def warn(self, text: str) -> None:
        """Tell what is wrong."""
        click.echo(text, err=True)

    def event(self, kind: str, **values: Any) -> None:
        """Give a line of JSON, with --json; names that are not UTF-8 stay by surrogateescape."""
        if self.as_json:
            click.echo(json.dumps({"event": kind, **values}))


def output_options(command: Command) -> Command:
    """Add --json, --quiet and --verbose, which arrive as `as_json`, `quiet` and `verbose`."""
    for option in (
        click.option("--verbose", "-v", is_flag=True, help="Tell of every file, on standard error."),
        click.option("--quiet", "-q", is_flag=True, help="Print nothing but what is wrong."),
        click.option(
            "--json",
            "as_json",
            is_flag=True,
            help="Print a line of JSON an event, on standard output; prose goes to standard error.",
        ),
    ):
        command = option(command)
    return command
