"""What tests of the report share, with the fixtures `hostile_photos` and `hostile_results`."""

from pathlib import Path
from typing import Any

from browsers import watched
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


def open_page(browser: Any, hostile_results: Path, **options: Any) -> tuple[Any, list[str]]:
    """The page from disk, and whatever is wrong as it comes up."""
    return watched(browser, (hostile_results / "report" / "index.html").as_uri(), "file:", **options)
