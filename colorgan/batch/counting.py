"""How many files a run is about, counted while it runs."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread

from colorgan.batch.job import Job
from colorgan.errors import ColorganError


class Count:
    """A number of files that grows as they are listed, so that the first result need not wait for it."""

    def __init__(self, job: Job, stop: Event) -> None:
        self.so_far = 0
        self._job, self._stop = job, stop
        self._thread = Thread(target=self._count, daemon=True)
        self._thread.start()

    def _count(self) -> None:
        with suppress(ColorganError, OSError):  # the run will say what cannot be listed
            for found in self._job.files():
                self.so_far += self._job.takes(found.path)
                if self._stop.is_set():
                    return

    def whole(self) -> int:
        """All files; if the run was stopped, those that were counted by then."""
        self._thread.join()
        return self.so_far
