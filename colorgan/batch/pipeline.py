"""Many files at once within bounds; nothing here knows of images.

A worker takes one file through all its stages, so that no more is in memory than the workers hold. Where
the workers meet, because a device wants batches, a Batcher gathers their calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Condition, Event, Lock, Semaphore, Thread
from typing import Generic, TypeVar

from colorgan.errors import RunError

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_unordered(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int,
    within: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Iterator[Result]:
    """Apply the function on some threads and give results as they come; items are taken as they are needed.

    Each thread works inside `within()`. What the function raises ends the whole, after what was begun. There
    are fewer threads where the system allows for fewer.
    """
    source, taking, closed, begin = iter(items), Lock(), Event(), Event()
    ready = Semaphore(0)
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
            with within():
                ready.release()
                begin.wait()  # so that the first does not find itself alone
                for item in take():
                    results.put((function(item),))
        except BaseException as error:
            closed.set()
            errors.append(error)
        finally:
            results.put(None)

    workers = _start(work, threads)
    for _ in workers:
        ready.acquire()
    begin.set()
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
    future: Future[Result] = field(default_factory=Future)


class Batcher(Generic[Item, Result]):
    """Gathers calls from many threads into batches of items of equal key.

    A batch runs when it has `size` items, or when nobody is left who could add to it: each thread that may
    call is to be inside `caller()`. `at_once` batches run side by side, on the callers' own threads.
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
        self._callers = self._running = self._in_batches = 0
        self._changed = Condition()

    @contextmanager
    def caller(self) -> Iterator[None]:
        """Count this thread as one whose call is worth waiting for."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Do not count this thread, a caller, while it waits for what other callers hold."""
        self._count(-1)
        try:
            yield
        finally:
            self._count(1)

    def __call__(self, item: Item) -> Result:
        """Give the result for this item, once the batch that it is in has run."""
        call: _Call[Item, Result] = _Call(item)
        with self._changed:
            self._waiting[self.key(item)].append(call)
            self._changed.notify_all()
        while not call.future.done():
            with self._changed:
                self._changed.wait_for(lambda: call.future.done() or self._is_ready())
                batch = [] if call.future.done() else self._take()
            if batch:
                self._run(batch)
        return call.future.result()

    def _count(self, more: int) -> None:
        with self._changed:
            self._callers += more
            self._changed.notify_all()

    def _is_ready(self) -> bool:
        """Whether a batch can run now: there is a free slot, and one is full or all callers wait."""
        if self._running >= self.at_once or not self._waiting:
            return False
        calls = list(map(len, self._waiting.values()))
        return max(calls) >= self.size or sum(calls) + self._in_batches >= self._callers

    def _take(self) -> list[_Call[Item, Result]]:
        key = max(self._waiting, key=lambda other: len(self._waiting[other]))
        calls = self._waiting.pop(key)
        batch, rest = calls[: self.size], calls[self.size :]
        if rest:
            self._waiting[key] = rest
        self._running += 1
        self._in_batches += len(batch)
        return batch

    def _run(self, batch: list[_Call[Item, Result]]) -> None:
        try:
            results = list(self.function([call.item for call in batch]))
            for call, result in zip(batch, results, strict=True):
                call.future.set_result(result)
        except BaseException as error:  # each caller is to hear of it, and none to wait for ever
            for call in batch:
                call.future.set_exception(error)
        finally:
            with self._changed:
                self._running -= 1
                self._in_batches -= len(batch)
                self._changed.notify_all()
