"""Which rules of corrections.toml fit no photograph, found out while a run lasts."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from threading import Event, Thread
from typing import TYPE_CHECKING

from colorgan.cli.summary import NAMED_FAILURES
from colorgan.errors import ColorganError

if TYPE_CHECKING:
    from colorgan.cli.batch import Batch


class Unused:
    """Follows the listing of all photographs, which need not be whole before the first result."""

    def __init__(self, batch: Batch, stop: Event | None = None) -> None:
        self._batch, self._stop = batch, stop or Event()
        self._unused: list[str] | None = None
        self._is_told = batch.job.corrections.source is None
        self._thread = Thread(target=self._find, daemon=True)
        if not self._is_told:
            rules = len(batch.job.corrections.rules)
            number = f"{rules} {'rule' if rules == 1 else 'rules'}"
            batch.output.say(f"Corrections: {batch.job.corrections.source} ({number}).")
            self._thread.start()

    def _find(self) -> None:
        job = self._batch.job
        every = replace(job, shard=None, include=(), exclude=())
        names = (job.name_of(found.path) for found in every.files() if job.takes(found.path))
        with suppress(ColorganError, OSError):  # the run says what cannot be listed
            self._unused = job.corrections.unused(name for name in names if not self._raise_if_stopped())

    def _raise_if_stopped(self) -> bool:
        if self._stop.is_set():
            raise InterruptedError
        return False

    def tell_if_known(self) -> None:
        """Name the rules once, as soon as they are known."""
        if self._is_told or self._unused is None:
            return
        self._is_told = True
        corrections, output = self._batch.job.corrections, self._batch.output
        for what in self._unused[:NAMED_FAILURES]:
            output.warn(f"{corrections.source}: there is no photograph {what!r}; correct or remove that rule")
        if (more := len(self._unused) - NAMED_FAILURES) > 0:
            output.warn(f"{corrections.source}: {more} more rules are for photographs that are not there")
        rules = len(corrections.rules)
        output.event("corrections", path=str(corrections.source), rules=rules, unused=self._unused)

    def tell(self) -> None:
        """The same, once all photographs are listed; nothing if the run was stopped before."""
        if not self._is_told:
            self._thread.join()
            self.tell_if_known()
