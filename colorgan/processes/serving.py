"""A process that colors the files that another one names: `batch/child.py` is its other end."""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from colorgan.batch.entry import Entry
from colorgan.batch.in_flight import spare
from colorgan.batch.stores import manifests_of
from colorgan.batch.timing import StageTimes
from colorgan.colorizer import Colorizer
from colorgan.errors import ColorganError, ExitCode
from colorgan.photo.pillow import prepare_pillow
from colorgan.report.thumbnails import Thumbnails
from colorgan.storage.protocol import Found

if TYPE_CHECKING:
    from colorgan.batch.child import Order
    from colorgan.batch.job import Job


def serve() -> None:
    """Read an Order and then files from standard input, and answer on standard output, pickled.

    The first answer says that the model is open, the last one is what the stages took, in seconds.
    """
    if hasattr(signal, "pthread_sigmask"):  # a thread of Ray's that starts this one blocks signals
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for name in (signal.SIGINT, signal.SIGTERM):  # the process that gives the files decides when to stop
        signal.signal(name, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries write is no answer
    with suppress(OSError):  # where memory is short, this process is to end and not the one that waits for it
        Path("/proc/self/oom_score_adj").write_text("1000")

    def answer(what: object) -> None:
        with suppress(BrokenPipeError):  # `read` will see to it
            pickle.dump(what, answers)
            answers.flush()

    prepare_pillow()
    order: Order = read()
    noting = Thread(target=outlive, args=(order,), daemon=True) if order.owner else None
    if noting:
        noting.start()
    try:
        colorizer = Colorizer(order.model, order.config)
        if order.at_once:
            colorizer.model = replace(colorizer.model, at_once=order.at_once)
        thumbnails = Thumbnails.of(order.job.destination) if order.thumbnails else None  # type: ignore[arg-type]
        times = StageTimes()
        answer(True)
        known = dict[str, Entry]()
        job = replace(order.job, known=replace(order.job.known, entries=known))
        for outcome in colorizer.outcomes(job, files(job, known, noting), times, thumbnails):
            known.pop(job.name_of(outcome.path), None)
            answer(outcome)
        answer(dict(times.seconds))
    except ColorganError as error:
        answer(error)


def outlive(order: Order) -> None:
    """Wait for the end of the process that gives the files; note that the file in hand did not cause it."""
    if not hasattr(select, "poll"):
        return
    pipe = select.poll()
    pipe.register(sys.stdin.fileno(), 0)  # it hangs up, however much is still to be read
    pipe.poll()
    with suppress(OSError):
        spare(manifests_of(order.job.destination, order.job.shard), order.owner)


def files(job: Job, known: dict[str, Entry], noting: Thread | None) -> Iterator[Found]:
    """The files that come, until there are no more; what the manifest says of them is added to `known`."""
    while told := read(noting):
        found, entry = told
        if entry:
            known[job.name_of(found.path)] = entry
        yield found


def read(noting: Thread | None = None) -> Any:
    """The next thing that the other process says; where that one is gone, nobody waits for this one.

    But `noting`, which then says so in the note, has its time: else the file in hand would be at fault.
    """
    try:
        return pickle.load(sys.stdin.buffer)  # noqa: S301 - of a process of ours
    except (EOFError, pickle.UnpicklingError):  # it may have ended in the middle of a word
        if noting:
            noting.join()
        os._exit(ExitCode.INTERRUPTED)  # nothing is half written: the next run tidies up
