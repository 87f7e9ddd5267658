"""Commands as they are typed, run inside the test's process."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from colorgan.cli.main import main


def call(*arguments: str | Path) -> Result:
    """Run `colorgan` with these arguments."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def summary(stdout: str) -> dict[str, Any]:
    """What a command with --json says at its end."""
    told: dict[str, Any] = json.loads(stdout.splitlines()[-1])
    assert told["event"] == "summary"
    return told


def counts(result: Result) -> dict[str, int]:
    """How many files became what, as a command with --json says at its end."""
    return {name: number for name, number in summary(result.stdout)["counts"].items() if number}
