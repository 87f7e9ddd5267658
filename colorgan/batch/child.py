"""A process that colors files for this one, and may end: `processes/serving.py` is what it runs."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from colorgan.batch.entry import Entry
from colorgan.batch.job import Job
from colorgan.batch.outcome import Outcome
from colorgan.config import ColorizeConfig
from colorgan.errors import RunError
from colorgan.storage.paths import AnyPath
from colorgan.storage.protocol import Found

STARTS = 3
"""Times that a process is started before it is said to be impossible: the kernel may have killed it."""

CODE = "import sys; sys.path[:] = {path!r}; from colorgan.processes.serving import serve; serve()"


@dataclass(frozen=True)
class Order:
    """What the process is to do with the files that it is then given."""

    model: AnyPath | None
    config: ColorizeConfig
    job: Job
    thumbnails: bool = False
    """Whether to make pictures for the report."""
    at_once: int = 0
    """Batches that may run side by side; 0: as many as suit the model."""
    owner: str = ""
    """Of the note of the run, if this process is to say there that it outlived it."""


class NotStartedError(RunError):
    """The process ended before it had opened the model."""


class Child:
    """The process, started anew and not forked, with the model open."""

    def __init__(self, order: Order, environment: Mapping[str, str] | None = None) -> None:
        self._job = order.job
        job = replace(
            order.job,
            listing=None,
            listed=(),
            include=(),
            exclude=(),
            earlier={},
            sidecars={},
            known=order.job.known.of(()),  # what is known of a million results comes file by file
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", CODE.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # where libraries write as they end a process
            start_new_session=True,  # Ctrl-C is for this process, which then gives the other no more files
            env={**os.environ, **(environment or {})},
        )
        self._tell(replace(order, job=job))
        try:
            if self.hear() is None:
                raise NotStartedError(f"a process that colors cannot be started ({self.end})")
        except BaseException:
            self.close()
            raise

    def give(self, found: Found) -> None:
        """Say which file is next; `hear` tells whether that was understood."""
        self._tell((found, self._job.known.entries.get(self._job.name_of(found.path))))

    def give_no_more(self) -> None:
        """Say that there are no more files."""
        self._tell(None)

    def _tell(self, what: Order | tuple[Found, Entry | None] | None) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            pickle.dump(what, self._process.stdin)
            self._process.stdin.flush()

    def hear(self) -> Any:
        """What became of one of the files, or None if the process has ended; raises what ends a run.

        After the last one, it is a dictionary: what the stages took, in seconds.
        """
        assert self._process.stdout is not None
        try:
            answer = pickle.load(self._process.stdout)  # noqa: S301 - of a process of ours
        except (OSError, EOFError, pickle.UnpicklingError):
            return None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def color(self, found: Found) -> Outcome | None:
        """Color a file while no other is in hand; None if that ended the process."""
        self.give(found)
        outcome: Outcome | None = self.hear()
        return outcome

    def close(self) -> None:
        """Have it end, and wait for that."""
        if self._process.stdin and not self._process.stdin.closed:
            self.give_no_more()
        with suppress(OSError):
            self._process.communicate()

    @property
    def end(self) -> str:
        """How the process ended."""
        code = self._process.wait()
        with suppress(ValueError):
            name = signal.Signals(-code).name
            return f"{name}, as when memory does not suffice" if name == "SIGKILL" else name
        return f"exit code {code}"


def start(order: Order, environment: Mapping[str, str] | None = None) -> Child:
    """Start a process, and another one where it ends before it is ready; a RunError if none gets there."""
    for _ in range(STARTS - 1):
        with suppress(NotStartedError):
            return Child(order, environment)
    return Child(order, environment)
