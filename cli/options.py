"""Options made from settings, and errors shown as one line."""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path, PurePath
from threading import Event
from typing import Any, NoReturn

import click

from colorgan.config import Config
from colorgan.errors import ColorganError, ExitCode, UsageError
from colorgan.storage.paths import locate

Command = Callable[..., None]

TRAINING = ("torch", "torchvision", "torchmetrics", "torch_fidelity", "lightning_fabric", "skimage")
EXTRAS = dict.fromkeys((*TRAINING, "onnxscript", "tensorboard"), "train") | {"ray": "ray", "fsspec": "cloud"}
"""What to install for a package that is missing."""

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class NumberOr(click.types.IntParamType):
    """An integer, or a word for 0."""

    def __init__(self, word: str) -> None:
        self.word = word

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the number or the word."""
        return 0 if value == self.word else super().convert(value, param, ctx)


class Place(click.Path):
    """A path, or a URL with one of these schemes."""

    def __init__(self, *schemes: str) -> None:
        super().__init__()
        self.schemes = schemes

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a path, or a URL of an allowed scheme."""
        try:
            return locate(value, self.schemes)
        except UsageError as error:
            self.fail(str(error), param, ctx)


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
            raise click.BadParameter(f"{path}: cannot be read ({error})") from error
        settings = {name.replace("-", "_"): value for name, value in values.items()}
        if unknown := set(settings) - {item.name for config in configs for item in fields(config)}:
            raise click.BadParameter(f"{path}: there is no setting {min(unknown)!r}")
        ctx.default_map = settings

    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        is_eager=True,
        expose_value=False,
        callback=read,
        help="TOML file with settings, such as the config.toml of another run.",
    )


def given(config: type[Config], values: dict[str, Any]) -> dict[str, Any]:
    """The settings of this config that the user gave to a command."""
    names = {item.name for item in fields(config)}
    return {name: value for name, value in values.items() if name in names and value is not None}


def command(example: str) -> Callable[[Command], click.Command]:
    """Make a command with --version, an example in its help, and errors shown as one line."""

    def make(function: Command) -> click.Command:
        version = click.version_option(package_name="colorgan")
        return click.command(epilog=f"Example: {example}")(version(exit_codes(function)))

    return make


def exit_codes(command: Command) -> Command:
    """Show an error as one line on stderr and exit with its code; 130 for Ctrl-C.

    An internal error writes its traceback to a log in the results folder, if that exists.
    """

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler and _is_main_thread():
            signal.signal(signal.SIGINT, signal.default_int_handler)  # that of start.py would tidy nothing up
        try:
            try:
                command(*args, **kwargs)
            finally:
                sys.stdout.flush()  # what cannot be written is to be seen here
        except ColorganError as error:
            _leave(str(error), error.exit_code)
        except KeyboardInterrupt:
            _leave("interrupted", ExitCode.INTERRUPTED)
        except ModuleNotFoundError as error:
            if error.name not in EXTRAS:
                _leave(_fault(error, kwargs), ExitCode.INTERNAL_ERROR)
            extra = EXTRAS[error.name]
            _leave(f"this needs {error.name}, which is not installed: pip install 'colorgan[{extra}]'", 2)
        except BrokenPipeError:  # as of `colorgan status | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            sys.exit(ExitCode.RUN_STOPPED)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.filename is None and error.errno in DISK_FULL:
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                _leave(f"standard output: cannot be written ({error.strerror})", ExitCode.RUN_STOPPED)
            _leave(_fault(error, kwargs), ExitCode.INTERNAL_ERROR)

    return run


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _fault(error: Exception, arguments: dict[str, Any]) -> str:
    """The line for a fault of ours, with the traceback in a file."""
    from colorgan.batch.error_log import log_error

    results = arguments.get("results")
    is_there = isinstance(results, PurePath) and (not isinstance(results, Path) or results.is_dir())
    log = log_error(results if is_there else None, " ".join(sys.argv))
    return f"unexpected error ({error!r}); please report it with {shown(log)}"


def shown(path: PurePath) -> str:
    """A path in printable form, on one line whatever its name."""
    return click.format_filename(path).replace("\n", "\\n").replace("\r", "\\r")


def printable(text: str) -> str:
    """A stranger's text without control characters."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in text)


@contextmanager
def stop_at_interrupt() -> Iterator[Event]:
    """Set the event at the first Ctrl-C or SIGTERM; stop at once at the second."""
    stop = Event()

    def handle(_signal: int, _frame: object) -> None:
        if stop.is_set():
            os._exit(
                ExitCode.INTERRUPTED
            )  # nothing is half written: the next run removes the temporary files
        stop.set()
        click.echo("Finishing what was begun; Ctrl-C again stops at once.", err=True)

    before = {name: signal.signal(name, handle) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _leave(message: str, exit_code: int) -> NoReturn:
    click.echo(f"{'Stopped' if exit_code == ExitCode.INTERRUPTED else 'Error'}: {message}", err=True)
    sys.exit(exit_code)
