"""Finish what was begun in time; what takes longer is refused, so that its client may come again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from colorgan.service.problems import ProblemError


class Draining:
    """The requests that are under way, and the end of their time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        """From the beginning of the end to its end."""
        self.has_begun = self.is_over = False
        self.cut_off = 0
        """Requests that were not finished in time."""
        self._under_way = set[asyncio.Task[object]]()

    def begin(self) -> None:
        """Let the time run, in the loop that calls this."""
        if not self.has_begun:
            self.has_begun = True
            asyncio.get_running_loop().call_later(self.seconds, self._end)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """What the running task does in this is cut off in the end; raises ProblemError then."""
        task = asyncio.current_task()
        assert task
        self._under_way.add(task)
        try:
            yield
        except asyncio.CancelledError as error:
            if not self.is_over:
                raise
            task.uncancel()
            self.cut_off += 1
            raise ProblemError.busy("the service stops; it had no time left for this photograph") from error
        finally:
            self._under_way.discard(task)

    def _end(self) -> None:
        self.is_over = True
        for task in self._under_way:
            task.cancel()
        # Clients that do not fetch their answers are cut off by uvicorn, which logs a traceback for each.
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
