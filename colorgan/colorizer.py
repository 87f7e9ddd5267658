"""Colour photographs: decode -> batch -> predict -> merge and write."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from threading import Event
from time import perf_counter

import numpy as np
from PIL import Image

from colorgan.backends import EMBEDDED_MODEL, Planes, load_model
from colorgan.color import TONED, chroma_spread, merge
from colorgan.config import STRIDE, ColorizeConfig
from colorgan.encoding import encode, output_format, write_result
from colorgan.errors import ImageError, PredictError
from colorgan.images import Photo, has_image_suffix
from colorgan.job import Job
from colorgan.manifest import Manifest
from colorgan.outcome import Outcome, Status
from colorgan.pipeline import Batcher, Budget, map_unordered

LONGEST_ASPECT = 3.0
"""Longer photographs are squeezed to this aspect ratio for the generator, which bounds its shapes."""


class Colorizer:
    """Colours photographs with one model, which is opened once.

    `model` is an ONNX file, a TorchScript file or a checkpoint; without it, the embedded model is used.
    """

    def __init__(self, model: str | Path | None = None, config: ColorizeConfig | None = None) -> None:
        self.config = config or ColorizeConfig()
        path = EMBEDDED_MODEL if model is None else Path(model)
        self.model = load_model(path, device=self.config.device)

    def __call__(self, photo: str | Path | Image.Image) -> Image.Image:
        """Colour one photograph, a file or a Pillow image; give RGB of the same size, upright.

        What colour it has is replaced. Raises ImageError if it cannot be read.
        """
        if isinstance(photo, Image.Image):
            source = Photo(Path(getattr(photo, "filename", "") or "image"), photo)
        else:
            source = Photo.read(Path(photo))
        luma, _ = self._sketch(source)
        return merge(source.luma(), self._predict([luma])[0]).convert("RGB")

    def colorize_folder(self, source: str | Path, destination: str | Path) -> Iterator[Outcome]:
        """Colour every image in the folder `source` and below, or that one file, into `destination`.

        Sub-folders are kept and `colorized_` goes before each name. A photograph already in colour is
        copied as it is. Outcomes come as files are finished; a bad file is one of them, not an error.
        """
        return self.run(Job.plan(Path(source), Path(destination)))

    def run(self, job: Job, stop: Event | None = None) -> Iterator[Outcome]:
        """Colour the files of the job: each worker takes one through all stages, and they meet for batches.

        What an earlier run did with the same model is not done again unless the file has changed. When
        `stop` is set, what was begun is finished and no other file is taken.
        """
        with Manifest.open(job.destination) as manifest:
            for outcome in self._outcomes(job, manifest, stop or Event()):
                if outcome.status in (Status.COLORED, Status.COPIED, Status.FAILED):
                    manifest.record(job.entry(outcome, made_by=self.model.sha256))
                yield outcome

    def _outcomes(self, job: Job, manifest: Manifest, stop: Event) -> Iterator[Outcome]:
        batch_size = self.config.batch_size or self.model.batch_size
        # While one batch runs, other workers decode and encode.
        workers = batch_size * self.model.at_once + max(1, batch_size - 1)
        predict = Batcher(self._predict, lambda luma: luma.shape, batch_size, self.model.at_once)
        budget = Budget(self.config.memory * 1_000_000)
        files = takewhile(lambda _: not stop.is_set(), job.files)

        def work(path: Path) -> Outcome:
            if not has_image_suffix(path):
                return Outcome(path, Status.IGNORED)
            if not self.config.overwrite and (done := job.done_before(path, manifest, self.model.sha256)):
                return Outcome(path, Status.DONE, done)
            started = perf_counter()
            try:
                photo = Photo.read(path)
                with predict.away():
                    budget.acquire(photo.bytes_to_color)
                try:
                    status, output = self._colorize_file(photo, job, predict)
                finally:
                    budget.release(photo.bytes_to_color)
            except ImageError as error:
                return Outcome(path, Status.FAILED, error=error.reason, seconds=perf_counter() - started)
            seconds = perf_counter() - started
            return Outcome(path, status, output, "", seconds, len(photo.data), photo.mtime_ns)

        return map_unordered(work, files, workers, within=predict.caller)

    def _colorize_file(
        self, photo: Photo, job: Job, predict: Callable[[Planes], Planes]
    ) -> tuple[Status, Path]:
        luma, has_color = self._sketch(photo)
        if has_color:
            output = job.output_path(photo.path, photo.format)
            write_result(output, photo.data)
            return Status.COPIED, output
        output = job.output_path(photo.path, output_format(photo))
        write_result(output, encode(photo, merge(photo.luma(), predict(luma))))
        return Status.COLORED, output

    def _predict(self, lumas: list[Planes]) -> list[Planes]:
        """Predict a batch; if that fails, out of memory perhaps, its halves."""
        try:
            return list(self.model.backend.predict(np.stack(lumas)[:, None]))
        except PredictError:
            half = len(lumas) // 2
            if not half:
                raise
            return self._predict(lumas[:half]) + self._predict(lumas[half:])

    def _sketch(self, photo: Photo) -> tuple[Planes, bool]:
        """The luma that the generator sees, uint8 (h, w), and whether the photograph is in colour."""
        height, width = generator_shape(*photo.size, self.model.native_size)
        small = photo.reduced(width, height)
        pixels = np.asarray(small)
        if small.mode == "L":
            return pixels, False
        return pixels[..., 0], chroma_spread(pixels) > TONED


def generator_shape(width: int, height: int, native_size: int) -> tuple[int, int]:
    """Height and width at which the generator sees a photograph: its aspect ratio, the native area.

    Both are multiples of the stride, at most 3 : 1, so that there are few shapes and batches fill up.
    """
    aspect = math.sqrt(min(max(width / height, 1 / LONGEST_ASPECT), LONGEST_ASPECT))
    height, width = (
        max(STRIDE, round(side / STRIDE) * STRIDE) for side in (native_size / aspect, native_size * aspect)
    )
    return height, width
