"""Try files one at a time in another process, which one of them may end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from threading import Event, Thread

from colorgan.batch.child import Child, Order, start
from colorgan.batch.in_flight import TRIES, InFlight
from colorgan.batch.job import Job
from colorgan.batch.manifest import Manifest
from colorgan.batch.outcome import Outcome, Status
from colorgan.storage.paths import storage_of
from colorgan.storage.protocol import UNREAD, Found

POLL = 0.05
"""Seconds from one look at whether to stop to the next."""
AGAIN = "it is skipped from now on; --retry-failed tries it again"


def set_suspects_aside(
    items: Iterator[Found | Outcome], job: Job, manifest: Manifest, suspects: list[Found]
) -> Iterator[Found | Outcome]:
    """All but files that may have ended the process of an earlier run, which are added to `suspects`."""
    for item in items:
        if isinstance(item, Found) and manifest.is_suspect(job.name_of(item.path)):
            suspects.append(item)
        else:
            yield item


def try_alone(suspects: Sequence[Found], order: Order, manifest: Manifest, stop: Event) -> Iterator[Outcome]:
    """Color files that may have ended the process of an earlier run, each alone, until told to stop."""
    job, in_flight = order.job, manifest.in_flight
    if not suspects:
        return
    known = job.known.of(job.name_of(found.path) for found in suspects)
    config = replace(order.config, workers=1, batch_size=1)
    order = replace(order, config=config, job=replace(job, known=known), owner=in_flight.owner)
    with ExitStack() as processes:
        processes.enter_context(_forgiving(in_flight, stop))
        process: Child | None = None
        for found in suspects:
            if stop.is_set():
                return
            name = job.name_of(found.path)
            if in_flight.ends[name] >= TRIES and not job.retry_failed:
                yield _ended(found, f"ended the process {TRIES} times when it was alone in hand")
                continue
            if process is None:  # its start is no file's fault
                process = processes.enter_context(closing(start(order)))
            with in_flight.alone(name):
                outcome = process.color(found)
            if outcome is None:
                process.close()
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
