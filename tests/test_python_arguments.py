"""What a program gives wrong is one clear error, whatever its type; what a command takes, a function does."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest

from colorgan import ColorizeConfig, Colorizer, Correction, Corrections, Job, UsageError, restore, status
from colorgan.cli import batch
from colorgan.cli.main import COMMANDS, main
from colorgan.cli.options import NumberOr
from colorgan.config import ClusterConfig, Config
from colorgan.corrections.correction import HueRule, Point

PHOTO = b"P5 2 2 255\n\0\1\2\3"

OF_A_COMMAND = {
    "engine": "a Cluster runs a Colorizer",
    "dry_run": "`status` lists what is to be done",
    "strict": "a program that goes through `run` stops when it likes",
    "fail_on_unread": "it is of the exit code",
    "as_json": "it is of the output",
    "quiet": "it is of the output",
    "verbose": "it is of the output",
    "version": "it is of the command",
    "input": "`source`",
    "results": "`destination`",
    "model": "an argument of the Colorizer",
}
"""Parameters of the command that `colorize_folder` has not, and why."""


def test_a_folder_can_be_colored_with_all_options_of_the_command() -> None:
    options = {param.name for param in batch.main.params}
    settings = {item.name for item in (*fields(ColorizeConfig), *fields(ClusterConfig))}
    arguments = set(inspect.signature(Colorizer.colorize_folder).parameters) - {
        "self",
        "source",
        "destination",
    }
    assert options >= OF_A_COMMAND.keys()
    assert options - settings - OF_A_COMMAND.keys() == arguments


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer()


@pytest.mark.parametrize(
    "call",
    [
        lambda colorizer, odd: Colorizer(config=odd),
        lambda colorizer, odd: colorizer(PHOTO, odd),
        lambda colorizer, odd: colorizer.colorize(PHOTO, odd),
        lambda colorizer, odd: list(colorizer.run(odd)),
        lambda colorizer, odd: Job.plan("in", "results", include=odd),
        lambda colorizer, odd: Job.plan("in", "results", exclude=[odd]),
        lambda colorizer, odd: Job.plan("in", "results", prefix=odd),
        lambda colorizer, odd: Job.plan("in", "results", corrections=odd),
        lambda colorizer, odd: Job.plan("in", odd),
        lambda colorizer, odd: colorizer.colorize_folder("in", "results", shard=odd),
        lambda colorizer, odd: status(odd),
        lambda colorizer, odd: status("in", read=odd),
        lambda colorizer, odd: restore(odd, "originals"),
        lambda colorizer, odd: restore("in", odd),
        lambda colorizer, odd: Corrections.load(odd),
        lambda colorizer, odd: Corrections.parse(odd),
        lambda colorizer, odd: Corrections().of(odd),
        lambda colorizer, odd: Correction(saturation=odd),
        lambda colorizer, odd: Correction(hues=odd),
        lambda colorizer, odd: Correction(points=(odd,)),
        lambda colorizer, odd: Point(odd, 0.5, "red"),
        lambda colorizer, odd: Point(0.5, 0.5, odd),
        lambda colorizer, odd: HueRule(odd),
        lambda colorizer, odd: HueRule("red", to=odd),
        lambda colorizer, odd: ColorizeConfig(quality=odd),
        lambda colorizer, odd: ColorizeConfig(device=odd),
    ],
)
@pytest.mark.parametrize("odd", [5j, b"x", {"a": 1}], ids=["number", "bytes", "dict"])
def test_a_value_of_another_type_is_one_clear_error(
    call: Callable[[Colorizer, Any], Any],
    odd: Any,
    colorizer: Colorizer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.pgm").write_bytes(PHOTO)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        call(colorizer, odd)
    assert "\n" not in str(caught.value)


def test_every_number_has_a_range() -> None:
    """That of a setting is seen to by its Config."""
    settings = [item for config in Config.__subclasses__() for item in fields(config)]
    bounded = {item.name for item in settings if item.metadata["low"] is not None}
    context = click.Context(main)
    commands = [command for name in COMMANDS if (command := main.get_command(context, name))]
    numbers = [
        param
        for command in commands
        for param in command.params
        if isinstance(param.type, click.types.IntParamType | click.types.FloatParamType)
    ]
    assert len(numbers) > 50
    for param in numbers:
        assert isinstance(param.type, click.IntRange | click.FloatRange) or param.name in bounded, param.name
        if isinstance(param.type, NumberOr):
            with pytest.raises(click.BadParameter):
                param.type.convert("0", param, context)
            assert param.type.convert(param.type.word, param, context) == 0
