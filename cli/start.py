"""Start a command: Ctrl-C prints one line from the first moment, never a traceback."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module


def start(name: str) -> None:
    """Run the command in the module of this name."""
    signal.signal(signal.SIGINT, _leave)  # until the command handles it: nothing is begun yet
    import_module(f"colorgan.cli.{name}").main()


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
