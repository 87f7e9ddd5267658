"""Try files one at a time in another process, which one of them may end."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from threading import Event, Thread
from typing import Any

from colorgan.batch.in_flight import TRIES, InFlight
from colorgan.batch.job import Job
from colorgan.batch.manifest import Manifest
from colorgan.batch.outcome import Outcome, Status
from colorgan.config import ColorizeConfig
from colorgan.errors import RunError
from colorgan.storage.paths import AnyPath, storage_of
from colorgan.storage.protocol import UNREAD, Found

POLL = 0.05
"""Seconds from one look at whether to stop to the next."""
AGAIN = "it is skipped from now on; --retry-failed tries it again"
CODE = "import sys; sys.path[:] = {path!r}; from colorgan.processes.alone import serve; serve()"


@dataclass(frozen=True)
class Order:
    """What the other process is to do with the files that it is then given."""

    model: AnyPath | None
    config: ColorizeConfig
    job: Job


def try_alone(suspects: Sequence[Found], order: Order, manifest: Manifest, stop: Event) -> Iterator[Outcome]:
    """Color files that may have ended the process of an earlier run, each alone, until told to stop."""
    job, in_flight = order.job, manifest.in_flight
    if not suspects:
        return
    with ExitStack() as processes:
        processes.enter_context(_forgiving(in_flight, stop))
        process: TrialProcess | None = None
        for found in suspects:
            if stop.is_set():
                return
            name = job.name_of(found.path)
            if in_flight.ends[name] >= TRIES and not job.retry_failed:
                yield _ended(found, f"ended the process {TRIES} times when it was alone in hand")
                continue
            with in_flight.alone(name):
                if process is None:
                    process = processes.enter_context(TrialProcess(order))
                outcome = process.color(found)
            if outcome is None:
                process.__exit__()
                yield _ended(found, f"ended the process ({process.end})")
                process = None
            else:
                yield outcome


@contextmanager
def _forgiving(in_flight: InFlight, stop: Event) -> Iterator[None]:
    """Once told to stop, a second signal may end this process, which is not to count against a file."""
    over = Event()

    def wait() -> None:
        while not over.is_set():
            if stop.wait(POLL):
                in_flight.forgive()
                over.set()

    watcher = Thread(target=wait, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _ended(found: Found, how: str) -> Outcome:
    stamp = found.stamp or UNREAD
    with suppress(OSError):
        stamp = found.stamp or storage_of(found.path).stat(found.path)
    return Outcome(found.path, Status.ENDED_PROCESS, error=f"{how}; {AGAIN}", stamp=stamp)


class TrialProcess:
    """A process with the model open, which colors one file after the other."""

    def __init__(self, order: Order) -> None:
        job = replace(order.job, listing=None, listed=(), include=(), exclude=(), earlier={})
        self._process = subprocess.Popen(
            [sys.executable, "-c", CODE.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # where libraries write as they end a process
            start_new_session=True,  # Ctrl-C is for this process, which then gives the other no more files
        )
        if self._ask(replace(order, job=job)) is None:
            self.__exit__()
            raise RunError(f"a process to try files alone in cannot be started ({self.end})")

    def __enter__(self) -> TrialProcess:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._process.communicate()

    def color(self, found: Found) -> Outcome | None:
        """Color a file; None if that ended the process. Raises what ends a run."""
        outcome: Outcome | None = self._ask(found)
        return outcome

    @property
    def end(self) -> str:
        """How the process ended."""
        code = self._process.wait()
        with suppress(ValueError):
            name = signal.Signals(-code).name
            return f"{name}, as when memory does not suffice" if name == "SIGKILL" else name
        return f"exit code {code}"

    def _ask(self, question: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pickle.dump(question, self._process.stdin)
            self._process.stdin.flush()
            answer = pickle.load(self._process.stdout)  # noqa: S301 - of a process of ours
        except (OSError, EOFError, pickle.UnpicklingError):
            return None
        if isinstance(answer, BaseException):
            raise answer
        return answer
