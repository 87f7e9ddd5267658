"""The engine as an actor on a Ray cluster: one of many, each on its share of a machine."""

from __future__ import annotations

import os
from threading import Event, Lock

import ray

from colorgan.batch.job import Job
from colorgan.batch.outcome import Outcome
from colorgan.batch.timing import StageTimes
from colorgan.colorizer import Colorizer
from colorgan.config import ColorizeConfig
from colorgan.photo.pillow import prepare_pillow
from colorgan.storage.paths import AnyPath


class Actor:
    """The engine on one share of a machine; an actor with a thread to work and one to answer."""

    def __init__(self, cpus: int) -> None:
        self.cpus, self.number = cpus, 0
        self._stop, self._lock = Event(), Lock()
        self._news: list[Outcome] = []

    def node(self) -> str:
        """The machine that it is on."""
        return str(ray.get_runtime_context().get_node_id())

    def open(self, number: int, model: AnyPath | None, config: ColorizeConfig) -> None:
        """Open the model as the `number`-th actor on its machine, from 0."""
        self.number = number
        prepare_pillow()
        self._keep_to_its_share()
        self.colorizer = Colorizer(model, config)

    def color(self, job: Job) -> dict[str, float]:
        """Color a chunk; give the seconds of the stages."""
        self._keep_to_its_share()
        times = StageTimes()
        for outcome in self.colorizer.run(job, self._stop, times):
            with self._lock:
                self._news.append(outcome)
        return dict(times.seconds)

    def news(self) -> list[Outcome]:
        """What became of files since the last call."""
        with self._lock:
            news, self._news = self._news, []
        return news

    def stop(self) -> None:
        """Finish what is begun, and take no other file."""
        self._stop.set()

    def _keep_to_its_share(self) -> None:
        """Keep the thread, and those that it begins, to processors of its own, which Ray only counts."""
        if hasattr(os, "sched_setaffinity"):
            there = sorted(range(os.cpu_count() or 1))
            first = self.number * self.cpus % len(there)
            mine = set(there[first : first + self.cpus]) & os.sched_getaffinity(0)
            os.sched_setaffinity(0, mine or os.sched_getaffinity(0))
