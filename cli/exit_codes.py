"""Errors as one line and an exit code, and Ctrl-C."""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePath
from threading import Event
from typing import Any, NoReturn

import click

from colorgan.cli.output import Output
from colorgan.errors import ColorganError, ExitCode
from colorgan.storage.paths import AnyPath

Command = Callable[..., None]

TRAINING = (
    "torch",
    "torchvision",
    "torchmetrics",
    "torch_fidelity",
    "lightning_fabric",
    "skimage",
    "timm",
)
EXTRAS = dict.fromkeys((*TRAINING, "onnxscript", "tensorboard"), "train") | {"ray": "ray", "fsspec": "cloud"}
EXTRAS |= dict.fromkeys(("h11", "prometheus_client", "starlette", "uvicorn"), "serve") | {
    "watchfiles": "watch"
}
EXTRAS |= {"bagit": "bag", "c2pa": "c2pa", "cryptography": "c2pa"}
"""What to install for a package that is missing."""


def exit_codes(command: Command) -> Command:
    """Show an error as one line on stderr and leave with its exit code; 130 for Ctrl-C.

    A fault of ours leaves its traceback in the results folder of the command, if it has one that is there.
    """

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        leave = functools.partial(_leave, Output(kwargs.get("as_json", False)))
        with _interruptible() as interrupted:
            try:
                try:
                    command(*args, **kwargs)
                finally:
                    sys.stdout.flush()  # what cannot be written is to be seen here
            except ColorganError as error:
                leave(str(error), error.exit_code)
            except KeyboardInterrupt:
                leave("interrupted", ExitCode.INTERRUPTED)
            except (click.ClickException, click.exceptions.Exit, click.Abort):
                raise
            except Exception as error:
                if interrupted.is_set():  # in the middle of an import, it comes out as something else
                    leave("interrupted", ExitCode.INTERRUPTED)
                leave(*_line_for(error, kwargs.get("results")))

    return run


@contextmanager
def _interruptible() -> Iterator[Event]:
    """Let Ctrl-C raise KeyboardInterrupt, so that what was begun is tidied up, and tell of it."""
    interrupted = Event()

    def handle(_signal: int, _frame: object) -> None:
        interrupted.set()
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return
    before = signal.signal(signal.SIGINT, handle)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def _line_for(error: Exception, results: AnyPath | None) -> tuple[str, int]:
    """What to say of an error that is none of ours, and the exit code."""
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        extra = EXTRAS[error.name]
        missing = f"this needs {error.name}, which is not installed: pip install 'colorgan[{extra}]'"
        return missing, ExitCode.WRONG_USAGE
    if isinstance(error, OSError) and _is_of_standard_output(error):
        if sys.stdout is sys.__stdout__:  # so that Python does not try again as it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        line = f"standard output: cannot be written ({error.strerror})"
        return "" if error.errno == errno.EPIPE else line, ExitCode.RUN_STOPPED
    from colorgan.batch.error_log import log_error

    log = log_error(results, " ".join(sys.argv))
    return f"unexpected error ({error!r}); please report it with {shown(log)}", ExitCode.INTERNAL_ERROR


def _is_of_standard_output(error: OSError) -> bool:
    """Whether it was raised as something was printed, as to a full disk or a pipe that nobody reads."""
    last = [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)][-1]
    return error.filename is None and last in ("echo", "run")


def shown(path: PurePath) -> str:
    """A path as it can be printed, on one line whatever its name is."""
    return click.format_filename(path).replace("\n", "\\n").replace("\r", "\\r")


@contextmanager
def stop_at_interrupt(*, quiet: bool = False) -> Iterator[Event]:
    """Let the first Ctrl-C, or SIGTERM, set the event, and a second one stop at once."""
    stop = Event()

    def handle(_signal: int, _frame: object) -> None:
        if stop.is_set():
            os._exit(ExitCode.INTERRUPTED)  # nothing is half written: the next run tidies up
        stop.set()
        if not quiet:
            click.echo("Finishing what was begun; Ctrl-C again stops at once.", err=True)

    before = {name: signal.signal(name, handle) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _leave(output: Output, message: str, exit_code: int) -> NoReturn:
    if message:
        with suppress(OSError):  # what cannot be written there is what the message is about
            output.error(message, exit_code)
        click.echo(f"{'Stopped' if exit_code == ExitCode.INTERRUPTED else 'Error'}: {message}", err=True)
    sys.exit(exit_code)
