"""Share the files of a run out to several processes of this machine, each to whichever has room for it.

One process runs one thing at a time of all that Python itself does, whatever its processors. The processes
only color: this one lists files, gives each to the next process that has room, and writes the manifest. Files
that a process had in hand when it ended become suspects, and another one takes its place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TypeVar

from colorgan.batch.child import Child, Order, start
from colorgan.batch.engine import Engine, workers_for
from colorgan.batch.outcome import Outcome
from colorgan.batch.pipeline import map_unordered
from colorgan.batch.timing import StageTimes
from colorgan.devices import available_cpus
from colorgan.errors import ColorganError
from colorgan.storage.paths import AnyPath
from colorgan.storage.protocol import Found

CPUS_EACH = 4
"""Processors that one process is for, unless told otherwise."""

ENOUGH = 64
"""Files for each process that are worth its start, which takes about a second."""

READY = 1
"""Files that wait in each process, so that its workers need not."""

Item = TypeVar("Item")


def number_of_processes(wanted: int, items: Iterator[Item]) -> tuple[int, Iterator[Item]]:
    """So many as wanted, or as suit the processors and the number of items; and the items once more."""
    if wanted:
        return wanted, items
    number = max(1, available_cpus() // CPUS_EACH)
    first = list(islice(items, ENOUGH * number)) if number > 1 else []
    return (number if len(first) == ENOUGH * number else 1), chain(first, items)


@dataclass(frozen=True)
class Processes:
    """Processes with the model open, which share the processors, the devices and the memory of a run."""

    order: Order
    number: int
    engine: Engine
    """That of this process."""

    def outcomes(
        self, todo: Iterator[Found | Outcome], suspects: list[Found], times: StageTimes
    ) -> Iterator[Outcome]:
        """Color the files; those that a process had in hand when it ended are added to `suspects`.

        So are those that need more than its share of the memory.
        """
        workers = self._workers()
        with _started([_Process(self._share(place, workers), times) for place in range(self.number)]) as all:
            free = SimpleQueue[_Process]()
            for process in all * (workers + READY):
                free.put(process)

            def work(item: Found | Outcome) -> Outcome | None:
                if isinstance(item, Outcome):
                    return item
                process = free.get()
                try:
                    outcome = process.color(item)
                finally:
                    free.put(process)
                if outcome is None or outcome.is_too_large:  # for all of the memory, when no other is in hand
                    suspects.append(item)
                    return None
                return outcome

            yield from filter(None, map_unordered(work, todo, self.number * (workers + READY)))

    def _workers(self) -> int:
        """Of each."""
        config, number = self.order.config, self.number
        if config.workers:
            return -(-config.workers // number)
        cpus, at_once = max(1, available_cpus() // number), max(1, self.engine.at_once // number)
        return workers_for(self.engine.batch_size, at_once, cpus, self.order.job.is_remote)

    def _share(self, place: int, workers: int) -> Order:
        """What the process at this place, from 0, is to do."""
        config, numbers = self.order.config, self.order.config.device_numbers
        share = replace(
            config,
            workers=workers,
            memory=max(1, config.memory // self.number),
            devices=str(numbers[place % len(numbers)]) if numbers else "",
            processes=1,
        )
        at_once = 1 if numbers else max(1, self.engine.at_once // self.number)
        return replace(self.order, config=share, at_once=at_once)


@dataclass
class _Process:
    """One of them, started when there is a file for it, and anew when it has ended."""

    order: Order
    times: StageTimes
    _child: Child | None = None
    _reader: Thread | None = None
    _waiting: dict[AnyPath, Future[Outcome | None]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def color(self, found: Found) -> Outcome | None:
        """Color a file beside others; None if the process ended meanwhile. Raises what ends a run."""
        future = Future[Outcome | None]()
        with self._lock:
            child = self._child or self._start()
            self._waiting[found.path] = future
            child.give(found)
        return future.result()

    def _start(self) -> Child:
        threads = os.environ.get("OMP_NUM_THREADS") or str(self.order.at_once)
        self._child = start(self.order, {"OMP_NUM_THREADS": threads})  # PyTorch would take all processors
        self._reader = Thread(target=self._read, args=(self._child,), daemon=True)
        self._reader.start()
        return self._child

    def _read(self, child: Child) -> None:
        """Hand answers to those who wait, until the process ends."""
        error: BaseException | None = None
        try:
            while answer := child.hear():
                if isinstance(answer, dict):
                    self.times.add(answer)
                    break
                self._waiting.pop(answer.path).set_result(answer)
        except ColorganError as problem:
            error = problem
        with self._lock:
            self._child = None
            for future in self._waiting.values():
                future.set_exception(error) if error else future.set_result(None)
            self._waiting.clear()
        child.close()

    def close(self) -> None:
        """Have it end, once it is through with what it has."""
        with self._lock:
            child, reader = self._child, self._reader
        if child:
            child.give_no_more()
        if reader:
            reader.join()


@contextmanager
def _started(processes: list[_Process]) -> Iterator[list[_Process]]:
    try:
        yield processes
    finally:
        for process in processes:
            process.close()
