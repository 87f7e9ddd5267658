"""Commands as they are typed, run inside the test's process."""

from pathlib import Path

from click.testing import CliRunner, Result

from colorgan.cli.main import main


def call(*arguments: str | Path) -> Result:
    """Run `colorgan` with these arguments."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])
