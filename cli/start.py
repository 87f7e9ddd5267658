"""Start a command: Ctrl-C prints one line from the first moment, never a traceback."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module


def start(name: str) -> None:
    """Run the command in the module of this name."""
    _open_standard_streams()
    signal.signal(signal.SIGINT, _leave)  # until the command handles it: nothing is begun yet
    try:
        import_module(f"colorgan.cli.{name}").main()
    except OSError as error:  # of --help and the like; a command sees to its own
        os.write(2, f"Error: standard output: cannot be written ({error.strerror})\n".encode())
        os._exit(4)


def _open_standard_streams() -> None:
    """See that 0, 1 and 2 are open: a file in the place of one that is closed would get what is printed.

    sys.stdin stays as it is, so that `-` is known to be closed.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest number
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:  # for as long as the process lives, and with names that are not UTF-8
            setattr(sys, name, open(number, "w", errors="surrogateescape", closefd=False))  # noqa: SIM115


def _leave(_signal: int, _frame: object) -> None:
    if "--json" in sys.argv:
        os.write(1, b'{"event": "error", "error": "interrupted", "exit_code": 130}\n')
    os.write(2, b"Stopped: interrupted\n")
    os._exit(130)


def colorgan() -> None:
    """Run `colorgan`."""
    start("main")


def batch() -> None:
    """Run `colorgan-batch`."""
    start("batch")


def evaluate() -> None:
    """Run `colorgan-evaluate`."""
    start("evaluate")


def export() -> None:
    """Run `colorgan-export`."""
    start("export")


def train() -> None:
    """Run `colorgan-train`."""
    start("train")
