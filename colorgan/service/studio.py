"""Color the photographs of many requests on a few threads, within bounds; nothing here knows of HTTP."""

from __future__ import annotations

import io
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from time import perf_counter

import numpy as np

from colorgan.batch.engine import Engine
from colorgan.batch.memory import Budget
from colorgan.batch.timing import StageTimes
from colorgan.colorizer import Colorizer
from colorgan.config import ColorizeConfig
from colorgan.painting.colored import Colored
from colorgan.photo.need import need_of
from colorgan.photo.pillow import NAMELESS


class FullError(Exception):
    """There is no room for another photograph now."""


class Studio:
    """A model and the threads that use it; requests meet in the engine's own batcher."""

    def __init__(self, colorizer: Colorizer, most: int) -> None:
        self.colorizer, self.most = colorizer, most
        """At most so many photographs are inside at once, waiting ones included."""
        model, config = colorizer.model, colorizer.config
        batch_size = config.batch_size or model.batch_size
        engine = Engine(config, model.predict_batch, batch_size, model.at_once)
        self._batcher = engine.batcher(StageTimes())
        self._budget = Budget(config.memory * 1_000_000)
        self._threads = ThreadPoolExecutor(
            config.workers or 2 * batch_size * model.at_once, thread_name_prefix="studio"
        )
        self._inside, self._lock = 0, Lock()

    @property
    def inside(self) -> int:
        """Photographs that wait or are worked on."""
        return self._inside

    @property
    def is_full(self) -> bool:
        """Whether the next photograph would be refused."""
        return self._inside >= self.most

    def submit(self, data: bytes, config: ColorizeConfig) -> Future[Colored]:
        """Color the bytes of a file as `Colorizer.colorize` does, with these settings.

        Raises FullError at once. A future that is cancelled before its turn is not worked on.
        """
        with self._lock:
            if self.is_full:
                raise FullError
            self._inside += 1
        future = self._threads.submit(self._color, data, config)
        future.add_done_callback(self._left)
        return future

    def probe(self) -> float:
        """Predict for a gray square, in the batches of the others; gives the seconds that it took."""
        started, side = perf_counter(), self.colorizer.model.native_size
        gray = np.full(self.colorizer.model.input_shape(side, side), 128, np.uint8)
        self.colorizer.model.predict(gray, self._batcher)
        return perf_counter() - started

    def close(self) -> None:
        """Drop what waits; what is worked on is finished."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _color(self, data: bytes, config: ColorizeConfig) -> Colored:
        colorizer = self.colorizer.with_config(config)
        need = need_of(io.BytesIO(data), len(data), config.format, config.max_pixels)
        size = self._budget.size_of(NAMELESS, need._replace(streamed=0))  # what is here is in memory
        with self._budget.holding(size):
            return colorizer.colorize(data, predict=self._batcher)

    def _left(self, _: Future[Colored]) -> None:
        with self._lock:
            self._inside -= 1
