"""Take files through read -> decode -> batch -> model -> encode -> write, many at once, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from colorgan.batch.error_log import log_error
from colorgan.batch.job import Job
from colorgan.batch.memory import Budget
from colorgan.batch.outcome import Outcome
from colorgan.batch.pending import failed
from colorgan.batch.pipeline import Batcher, map_unordered
from colorgan.batch.reading import need_of_found, reading
from colorgan.batch.timing import StageTimes
from colorgan.config import MOST_WORKERS, ColorizeConfig
from colorgan.devices import available_cpus
from colorgan.errors import ColorganError, ImageError, PredictError, TooLargeError
from colorgan.photo.color import Planes
from colorgan.photo.image import Photo
from colorgan.storage.protocol import Found, Stamp

Predict = Callable[[Planes], Planes]
ColorFile = Callable[[Photo, Found, Stamp, Predict], Outcome]


@dataclass(frozen=True)
class Engine:
    """A model, by what it takes to keep it busy."""

    config: ColorizeConfig
    predict: Predict
    """Chroma uint8 (N, 2, h, w) of luma uint8 (N, 1, h, w)."""
    batch_size: int
    """Images per call that suit it."""
    at_once: int
    """Calls that may run side by side."""

    def batcher(self, times: StageTimes) -> Batcher[Planes, Planes]:
        """Where threads meet: maps luma uint8 (h, w) to chroma uint8 (2, h, w), in batches with others."""

        def predict_batch(batch: list[Planes]) -> list[Planes]:
            try:
                with times("model"):
                    return list(self.predict(np.stack(batch)[:, None]))
            except PredictError:  # out of memory perhaps
                half = len(batch) // 2
                if not half:
                    raise
                batcher.size = min(batcher.size, half)
                return predict_batch(batch[:half]) + predict_batch(batch[half:])

        batcher: Batcher[Planes, Planes]
        batcher = Batcher(predict_batch, lambda small: small.shape, self.batch_size, self.at_once)
        return batcher

    def outcomes(
        self, job: Job, todo: Iterator[Found | Outcome], color: ColorFile, times: StageTimes
    ) -> Iterator[Outcome]:
        """Each worker takes one file through all stages by `color`, and they meet for batches.

        Outcomes that are known already are passed on.
        """
        workers = self.config.workers or workers_for(
            self.batch_size, self.at_once, available_cpus(), job.is_remote
        )
        batcher = self.batcher(times)
        budget = Budget(self.config.memory * 1_000_000)

        def work(item: Found | Outcome) -> Outcome:
            if isinstance(item, Outcome):
                return item
            started = perf_counter()
            try:
                with times("read"):
                    need = need_of_found(item, self.config)
                    size = budget.size_of(item.path, need)
                with budget.holding(size), ExitStack() as files:
                    with times("read"):
                        opened = reading(item, self.config.max_pixels, streamed=size < need.whole)
                        photo, stamp = files.enter_context(opened)
                        sha256 = photo.sha256
                    outcome = color(photo, item, stamp, batcher)
                    del photo
            except ImageError as error:
                outcome = failed(item.path, error.reason, perf_counter() - started)
                return replace(outcome, is_too_large=isinstance(error, TooLargeError))
            except ColorganError:  # the run as a whole cannot continue
                raise
            except Exception as error:  # one file, whatever is wrong with it, is not to end the run
                log = log_error(job.destination, str(item.path))
                reason = f"led to an unexpected error ({error!r}); please report it with {log}"
                return failed(item.path, reason, perf_counter() - started)
            return replace(outcome, seconds=perf_counter() - started, stamp=stamp, sha256=sha256)

        return map_unordered(work, todo, workers)


def workers_for(batch_size: int, at_once: int, cpus: int, is_remote: bool = False) -> int:
    """Files to have in hand: those in batches and, meanwhile, as many again, or one for each processor.

    The latter are read, decoded, encoded and written; a store is waited for, too.
    """
    in_batches = batch_size * at_once
    return min((4 if is_remote else 1) * (in_batches + max(in_batches, cpus)), MOST_WORKERS)
