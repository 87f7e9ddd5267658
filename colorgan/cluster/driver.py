"""One job on many machines: Ray runs the engine on chunks of the photographs, which is all there is to it.

A chunk is a shard of the photographs that are left to do. Its actor is handed their paths and writes a
manifest of its own, as with `--shard`, so that what holds for one machine holds for all. Input, results and
model must have the same paths on every machine, and colorgan be installed there.
"""

from __future__ import annotations

import logging
import math
import os
import socket
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from threading import Event
from typing import Any, Self
from urllib.parse import urlsplit

import ray
from ray.exceptions import RayActorError, RayTaskError

from colorgan.batch.job import Job
from colorgan.batch.manifest import Manifest
from colorgan.batch.outcome import Outcome
from colorgan.batch.pending import pending
from colorgan.batch.sharding import Shard, number_of
from colorgan.batch.sidecars import Carrier
from colorgan.batch.timing import StageTimes
from colorgan.cluster.actor import Actor
from colorgan.colorizer import Colorizer
from colorgan.config import ClusterConfig, ColorizeConfig
from colorgan.errors import ColorganError, DeviceError, RunError, UsageError, reason_of
from colorgan.storage.paths import AnyPath, absolute, locate
from colorgan.storage.protocol import Found

CHUNK = 1000
"""Photographs in a chunk, about; small archives are cut finer, so that all actors have some."""
CHUNKS_EACH = 4
"""Chunks for each actor at least, so that none waits long for the last one."""
ATTEMPTS = 5
"""Actors that a chunk may crash before it is left for another run; one photograph that ends them is found
earlier, as it is tried alone."""
START = 120
"""Seconds that actors have to start."""
POLL = 0.5
"""Seconds from one look at the actors to the next."""

Left = tuple[Any, ...]
"""A file that is left to do: its path, and the other fields of a Found."""


class Cluster:
    """Actors on a Ray cluster, each with the model open."""

    def __init__(self, model: AnyPath | None, config: ColorizeConfig, cluster: ClusterConfig) -> None:
        self.model, self.config = model and absolute(model), config
        self.actors: dict[Any, tuple[str, int]] = {}
        """Each with its machine, and its number there."""
        address = cluster.address or os.environ.get("RAY_ADDRESS", "")
        try:
            if ":" in address:  # Ray itself would try for minutes
                place = urlsplit(address if "//" in address else f"//{address}")
                socket.create_connection((place.hostname or "", place.port or 0), timeout=10).close()
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
            ray.init(address or None, logging_level=logging.ERROR, log_to_driver=False)
        except (OSError, ValueError, RuntimeError) as error:
            raise UsageError(f"{address or 'Ray'}: no cluster answers ({reason_of(error)})") from error
        try:
            self.cpus, self.gpus, fitting = self._measure(cluster)
            if not 0 < (cluster.actors or fitting) <= fitting:
                room = f"--actors {fitting} of {self._share}"
                raise DeviceError(f"the cluster has room for {room}; set no more")
            self._add_actors(cluster.actors or fitting)
        except BaseException:
            ray.shutdown()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        ray.shutdown()

    @property
    def runs_on(self) -> str:
        """What there is, in words."""
        return f"Ray, {len(self.actors)} actors of {self._share}"

    @property
    def _share(self) -> str:
        return f"{self.cpus} CPUs" + (f" and {self.gpus:g} GPUs" if self.gpus else "")

    def _measure(self, cluster: ClusterConfig) -> tuple[int, float, int]:
        """Processors and GPUs of an actor, and how many actors there is room for."""
        nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        machines = [node["Resources"] for node in nodes if node["Alive"]]
        gpus = cluster.gpus_per_actor if any(each.get("GPU") for each in machines) else 0.0
        cpus = max(1, min(cluster.cpus_per_actor, max(int(each.get("CPU", 0)) for each in machines)))
        rooms = (
            min(each.get("CPU", 0) // cpus, each.get("GPU", 0) // gpus if gpus else math.inf)
            for each in machines
        )
        return cpus, gpus, int(sum(rooms))

    def run(self, colorizer: Colorizer, job: Job, stop: Event, times: StageTimes) -> Iterator[Outcome]:
        """Color the files of the job on all actors; `colorizer`, here, only says what is left to do."""
        made_by = colorizer.made_by(job)
        left: list[Left] = []  # a Path takes several times the memory
        with Manifest.open(job, made_by) as manifest:
            known = manifest.job_that_knows(job).known
            carrier = Carrier(replace(job, known=known), colorizer.model.credit)
            for item in pending(job, manifest, made_by, colorizer.config.overwrite, carrier):
                if not isinstance(item, Outcome):
                    left.append((str(item.path), *item[1:]))
                    continue
                if item.status.is_recorded:
                    manifest.record(item)
                yield item
        whole = replace(
            job,
            destination=absolute(job.destination),
            listing=None,
            include=(),
            exclude=(),
            limit=0,
            earlier={},
            sidecars={},
            known=known,
        )
        yield from self._color(whole, share_out(job, left, len(self.actors)), stop, times)
        with Manifest.open(job, made_by):  # takes in those of the chunks
            pass

    def _color(
        self,
        whole: Job,
        chunks: dict[Shard, list[Left]],
        stop: Event,
        times: StageTimes,
    ) -> Iterator[Outcome]:
        waiting, attempts, given_up = deque(chunks), Counter[Shard](), 0
        idle, running = deque(self.actors), dict[Any, tuple[Any, Shard]]()
        while waiting or running:
            if stop.is_set():
                waiting.clear()
                for actor, _ in running.values():
                    actor.stop.remote()
            while waiting and idle:
                actor, shard = idle.popleft(), waiting.popleft()
                listed = tuple(Found(locate(path), *more) for path, *more in chunks[shard])
                known = whole.known.of(whole.name_of(found.path) for found in listed)
                chunk = replace(whole, shard=shard, listed=listed, known=known)
                running[actor.color.remote(chunk)] = actor, shard
            finished, _ = ray.wait(list(running), timeout=POLL) if running else ([], [])
            for actor, _ in running.values():
                yield from self._news(actor)
            for call in finished:
                actor, shard = running.pop(call)
                try:
                    seconds: dict[str, float] = ray.get(call)
                except RayActorError:
                    del self.actors[actor]
                    attempts[shard] += 1
                    if attempts[shard] < ATTEMPTS:
                        waiting.append(shard)
                    else:
                        given_up += 1
                    idle += self._add_actors(1)
                    if not self.actors:
                        raise RunError(
                            "all actors are gone; run the same command again to continue"
                        ) from None
                    continue
                except RayTaskError as error:
                    raise _cause(error) from error
                yield from self._news(actor)
                times.add(seconds)
                idle.append(actor)
        if given_up:
            parts = f"{given_up} of {len(chunks)} chunks crashed {ATTEMPTS} actors each"
            raise RunError(f"{parts}; give actors more memory, and run the same command again")

    def _news(self, actor: Any) -> list[Outcome]:
        """What became of an actor's files; nothing if it is dead, which its call will tell."""
        try:
            return list(ray.get(actor.news.remote()))
        except RayActorError:
            return []

    def _add_actors(self, number: int) -> list[Any]:
        """Start actors, and open the model in each; on a cluster that has become smaller, fewer or none."""
        remote = ray.remote(Actor).options(num_cpus=self.cpus, num_gpus=self.gpus, max_concurrency=2)
        starting: dict[Any, Any] = {}
        for _ in range(number):
            actor: Any = remote.remote(self.cpus)
            starting[actor.node.remote()] = actor
        started, late = ray.wait(list(starting), num_returns=number, timeout=START)
        for call in late:
            ray.kill(starting[call])
        opening = []
        try:
            for call in started:
                node: str = ray.get(call)
                place = next(n for n in count() if (node, n) not in self.actors.values())
                self.actors[starting[call]] = node, place
                opening.append(starting[call].open.remote(place, self.model, self.config))
            ray.get(opening)
        except RayTaskError as error:
            raise _cause(error) from error
        except RayActorError as error:
            raise RunError(f"an actor cannot be started ({error})") from error
        return [starting[call] for call in started]


def share_out(job: Job, left: Sequence[Left], actors: int) -> dict[Shard, list[Left]]:
    """Cut the files that are left to do into chunks, by a hash of their paths."""
    number = max(math.ceil(len(left) / CHUNK), min(len(left), CHUNKS_EACH * actors))
    chunks: dict[Shard, list[Left]] = {}
    for path, *more in left:
        part = number_of(job.relative(locate(path)), number)
        chunks.setdefault(Shard(part, number, is_chunk=True), []).append((path, *more))
    return chunks


def _cause(error: RayTaskError) -> ColorganError:
    """The error of an actor as it would be on this machine."""
    cause = error.cause
    return cause if isinstance(cause, ColorganError) else RunError(f"an actor failed ({cause!r})")
