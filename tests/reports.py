"""What tests of the report share, with the fixtures `hostile_photos` and `hostile_results`."""

from click.testing import CliRunner

from colorgan.cli.main import main

HOSTILE = [
    "<img src=x onerror=alert(1)>.jpg",
    "&lt;b&gt; \u2028 'q' \"r\".jpg",
    "a#b?c%64.jpg",
    "</script>.jpg",
]


def call(*arguments: object) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code in (0, 1), result.output
    return result.stdout
