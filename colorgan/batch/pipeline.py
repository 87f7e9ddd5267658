"""Many files at once within bounds; nothing here knows of images.

A worker takes one file through all its stages, so that no more is in memory than the workers hold. Where
the workers meet, because a device wants batches, a Batcher gathers their calls.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

from colorgan.errors import RunError

RECENT = 256
"""Batches that a key's turn depends on."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_unordered(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Iterator[Result]:
    """Apply the function on some threads and give results as they come; items are taken as they are needed.

    What the function raises ends the whole, after what was begun. There are fewer threads where the system
    allows for fewer.
    """
    source, taking, closed = iter(items), Lock(), Event()
    results: SimpleQueue[tuple[Result] | None] = SimpleQueue()  # None: a thread has ended
    errors: list[BaseException] = []

    def take() -> Iterator[Item]:
        while not closed.is_set():
            with taking:
                try:
                    item = next(source)
                except StopIteration:
                    return
            yield item

    def work() -> None:
        try:
            for item in take():
                results.put((function(item),))
        except BaseException as error:
            closed.set()
            errors.append(error)
        finally:
            results.put(None)

    workers = _start(work, threads)
    try:
        ended = 0
        while ended < len(workers):
            result = results.get()
            if result is None:
                ended += 1
            else:
                yield result[0]
    finally:
        closed.set()
        for worker in workers:
            worker.join()
    if errors:
        raise errors[0]


def _start(function: Callable[[], None], number: int) -> list[Thread]:
    """Start so many threads, or as many as the system allows; RunError if that is none."""
    started: list[Thread] = []
    for _ in range(number):
        thread = Thread(target=function, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # a limit on threads, or on memory
            if not started:
                raise RunError(f"no thread can be started ({error})") from error
            break
        started.append(thread)
    return started


@dataclass
class _Call(Generic[Item, Result]):
    item: Item
    turn: Future[list[_Call[Item, Result]]] = field(default_factory=Future)
    """The batch that its thread is to run; empty once the result is there."""
    result: Future[Result] = field(default_factory=Future)


class Batcher(Generic[Item, Result]):
    """Gathers calls from many threads into batches of at most `size` items of equal key.

    A batch runs as soon as fewer than `at_once` do, with what waits then. Calls gather while a device is
    busy, so batches fill by themselves where it is the bottleneck. The key that had the fewest of the last
    batches goes first, so that a rare one does not wait for all others. Batches run on the callers' own
    threads.
    """

    def __init__(
        self,
        function: Callable[[list[Item]], Iterable[Result]],
        key: Callable[[Item], Hashable],
        size: int,
        at_once: int,
    ) -> None:
        self.function, self.key, self.size, self.at_once = function, key, size, at_once
        self._waiting: defaultdict[Hashable, list[_Call[Item, Result]]] = defaultdict(list)
        self._recent = deque[Hashable](maxlen=RECENT)
        self._running = 0
        self._lock = Lock()

    def __call__(self, item: Item) -> Result:
        """Give the result for this item, once the batch that it is in has run."""
        call: _Call[Item, Result] = _Call(item)
        with self._lock:
            self._waiting[self.key(item)].append(call)
            self._begin()
        if batch := call.turn.result():
            self._run(batch)
        return call.result.result()

    def _begin(self) -> None:
        """If there is room for a batch, have the thread of its first call run it."""
        if not self._waiting or self._running >= self.at_once:
            return
        key = min(self._waiting, key=self._recent.count)
        calls = self._waiting.pop(key)
        batch, rest = calls[: self.size], calls[self.size :]
        if rest:
            self._waiting[key] = rest
        self._running += 1
        self._recent.append(key)
        batch[0].turn.set_result(batch)

    def _run(self, batch: list[_Call[Item, Result]]) -> None:
        try:
            results = self.function([call.item for call in batch])
            for call, result in list(zip(batch, results, strict=True)):
                call.result.set_result(result)
        except BaseException as error:  # each caller is to hear of it, and none to wait for ever
            for call in batch:
                call.result.set_exception(error)
        finally:
            with self._lock:
                self._running -= 1
                self._begin()
            for call in batch[1:]:
                call.turn.set_result([])
