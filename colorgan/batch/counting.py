"""How many files a run is about, counted while it runs."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from threading import Event, Thread

from colorgan.batch.job import Job
from colorgan.errors import ColorganError


class Count:
    """A number of files that grows on a thread of its own, so that the first result need not wait for it.

    Files in object storage are counted at once: they are listed once, and that listing serves the run.
    """

    def __init__(self, job: Job, stop: Event) -> None:
        self.so_far = 0
        self._job, self._stop = (
            replace(job, earlier={}, sidecars={}),
            stop,
        )  # what each walk comes upon is its own
        self._thread = Thread(target=self._count, daemon=True)
        if job.is_remote:
            self.so_far = job.count()
        else:
            self._thread.start()

    def _count(self) -> None:
        with suppress(ColorganError, OSError):  # the run will say what cannot be listed
            for found in self._job.files():
                self.so_far += self._job.takes(found.path)
                if self._stop.is_set():
                    return

    def whole(self) -> int:
        """All files; if the run was stopped, those that were counted by then."""
        if self._thread.ident:
            self._thread.join()
        return self.so_far
