"""The process in which files are tried alone, as one of them may end it: `batch/trial.py` talks to it."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from colorgan.colorizer import Colorizer
from colorgan.errors import ColorganError
from colorgan.photo.pillow import prepare_pillow

if TYPE_CHECKING:
    from colorgan.batch.trial import Order


def serve() -> None:
    """Read an Order and then files from standard input, and answer each on standard output, pickled."""
    if hasattr(signal, "pthread_sigmask"):  # a thread of Ray's that starts this one blocks signals
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries write is no answer
    with suppress(OSError):  # where memory is short, this process is to end and not the one that waits for it
        Path("/proc/self/oom_score_adj").write_text("1000")

    def answer(what: object) -> None:
        pickle.dump(what, answers)
        answers.flush()

    with suppress(EOFError):  # there are no more files
        prepare_pillow()
        order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301 - of a process of ours
        try:
            colorizer = Colorizer(order.model, replace(order.config, workers=1, batch_size=1))
            answer(True)
            while True:
                answer(colorizer.color_one(pickle.load(sys.stdin.buffer), order.job))  # noqa: S301
        except ColorganError as error:
            answer(error)
