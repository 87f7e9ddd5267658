"""Color photographs: read -> decode -> batch -> model -> encode -> write."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import takewhile
from pathlib import Path, PurePath
from threading import Event
from time import perf_counter

import numpy as np
from PIL import Image

from colorgan.backends import EMBEDDED_MODEL, load_model
from colorgan.batch.job import Job
from colorgan.batch.manifest import Entry, Manifest
from colorgan.batch.outcome import Outcome, Status
from colorgan.batch.pipeline import Batcher, Budget, map_unordered
from colorgan.batch.timing import StageTimes
from colorgan.config import STRIDE, ColorizeConfig
from colorgan.errors import ColorganError, ImageError, PredictError, UsageError
from colorgan.photo.color import TONED, Planes, chroma_spread, colorfulness, merge, saturate
from colorgan.photo.encode import encode_result, how_copied, output_format, suffix_of, write_result
from colorgan.photo.image import Photo
from colorgan.photo.source import Source, photo_of
from colorgan.report.thumbnails import Thumbnails
from colorgan.storage.files import ignores_case
from colorgan.storage.paths import FOR_MODELS, AnyPath, local_copy, locate, presence

LONGEST_ASPECT = 3.0
"""Longer photographs are squeezed to this aspect ratio for the generator, which bounds its shapes."""

Predict = Callable[[Planes], Planes]


@dataclass(frozen=True)
class Colored:
    """What became of one photograph, as `colorize` gives it."""

    data: bytes = field(repr=False)
    """The bytes of a file; empty if it was skipped."""
    format: str
    """Pillow's name of the file's format, such as JPEG."""
    status: Status
    """COLORED, or COPIED or SKIPPED for a photograph that is in color already."""
    how: str
    """How it was written: `luma kept`, `encoded` (and why the luma was not kept), or `copied`."""

    @property
    def suffix(self) -> str:
        """How the name of its file should end, such as .jpg."""
        return suffix_of(self.format)

    def save(self, path: str | PurePath) -> None:
        """Write the file, whole or not at all; UsageError if the name says that it has another format."""
        place = locate(path)
        named = Image.registered_extensions().get(place.suffix.lower(), self.format)
        if named != self.format:
            raise UsageError(f"{path}: this is a file of {self.format}; name it {place.stem}{self.suffix}")
        write_result(place, self.data)


class Colorizer:
    """Colors photographs with one model, which is opened once.

    `model` is an ONNX file, a TorchScript file or a checkpoint, by its path or URL; without it, the embedded
    model is used.
    """

    def __init__(self, model: str | PurePath | None = None, config: ColorizeConfig | None = None) -> None:
        self.config = config or ColorizeConfig()
        with local_copy(EMBEDDED_MODEL if model is None else locate(model, FOR_MODELS)) as path:
            self.model = load_model(path, device=self.config.device, devices=self.config.device_numbers)

    def __call__(self, photo: Source) -> Image.Image:
        """Color one photograph; give its bare pixels, a Pillow image in RGB of the same size, upright.

        What color it has is replaced. Nothing that is saved of it says that its colors are invented, and its
        metadata is gone: `colorize` gives what the command writes. Raises ImageError if it cannot be read.
        """
        source = photo_of(photo, self.config.max_pixels)
        small, _ = self._sketch(source)
        chroma = saturate(self.model.backend.predict(small[None, None])[0], self.config.saturation)
        return Image.fromarray(merge(np.asarray(source.luma()), chroma, self._guide(small)))

    def colorize(self, photo: Source) -> Colored:
        """Color one photograph as `colorgan-batch` does, to the bytes of a file; raises ImageError.

        A grayscale JPEG keeps its luma as it is stored, metadata stays, and XMP says that the colors are
        invented. What is in color already is copied; `if_color="recolor"` of the settings colors it, too.
        An array or a Pillow image becomes a PNG unless the settings name another format.
        """
        source = photo_of(photo, self.config.max_pixels)
        small, has_color = self._sketch(source)
        if has_color and self.config.if_color != "recolor":
            if self.config.if_color == "skip":
                return Colored(b"", source.format, Status.SKIPPED, "")
            return Colored(source.data, source.format, Status.COPIED, how_copied(source))
        chroma = saturate(self.model.backend.predict(small[None, None])[0], self.config.saturation)
        result = encode_result(source, chroma, self.config, self.model.credit, self._guide(small))
        return Colored(result.data, result.format, Status.COLORED, result.how)

    def colorize_folder(self, source: str | PurePath, destination: str | PurePath) -> Iterator[Outcome]:
        """Color every image in the folder `source` and below, or that one file, into `destination`.

        Sub-folders are kept and `colorized_` goes before each name. A photograph already in color is
        copied as it is. Outcomes come as files are finished; a bad file is one of them, not an error.
        """
        return self.run(Job.plan(source, destination))

    def run(
        self,
        job: Job,
        stop: Event | None = None,
        times: StageTimes | None = None,
        thumbnails: Thumbnails | None = None,
    ) -> Iterator[Outcome]:
        """Color the files of the job: each worker takes one through all stages, and they meet for batches.

        What an earlier run did with the same model and settings is not done again unless the file has
        changed. When `stop` is set, what was begun is finished and no other file is taken. `times` is told
        what the stages take, and `thumbnails` are made of what is colored.
        """
        stop, times = stop or Event(), times or StageTimes()
        with Manifest.open(job.destination, job.shard) as manifest:
            todo = takewhile(lambda _: not stop.is_set(), self.pending(job, manifest))
            for outcome in self._outcomes(job, todo, times, thumbnails):
                if outcome.status in (Status.COLORED, Status.COPIED, Status.SKIPPED, Status.FAILED):
                    manifest.record(self.entry(job, outcome))
                yield outcome

    def pending(self, job: Job, manifest: Manifest) -> Iterator[AnyPath | Outcome]:
        """The files to work on and, of all others, what is to be said of them."""
        unreadable: list[Outcome] = []
        folder = job.destination
        same = job.same_but_for_case() if isinstance(folder, Path) and ignores_case(folder) else {}
        left = job.limit
        entries = () if self.config.overwrite else manifest.entries.values()
        is_there = presence(job.destination, (entry.output for entry in entries if entry.output))
        for path in job.files(lambda folder, reason: unreadable.append(_failed(folder, reason))):
            if not job.takes(path):
                yield Outcome(path, Status.IGNORED)
            elif path in same:
                reason = f"its result would have the name of that of {same[path].name}"
                yield _failed(path, f"{reason}, as case does not count there; rename one")
            elif entries and (done := job.done_before(path, manifest, self._made_by(job), is_there)):
                yield Outcome(path, Status.DONE, done)
            else:
                yield path
                left -= 1
                if not left:
                    break
        yield from unreadable

    def entry(self, job: Job, outcome: Outcome) -> Entry:
        """What the manifest is to say of a file."""
        return job.entry(outcome, self._made_by(job))

    def _made_by(self, job: Job) -> str:
        """What a result depends on besides its photograph."""
        return f"{self.model.credit.sha256} {self.config.result_settings} prefix={job.prefix}"

    def _outcomes(
        self, job: Job, todo: Iterator[AnyPath | Outcome], times: StageTimes, thumbnails: Thumbnails | None
    ) -> Iterator[Outcome]:
        def predict_batch(batch: list[Planes]) -> list[Planes]:
            try:
                with times("model"):
                    return list(self.model.backend.predict(np.stack(batch)[:, None]))
            except PredictError:  # out of memory perhaps
                half = len(batch) // 2
                if not half:
                    raise
                predict.size = min(predict.size, half)
                return predict_batch(batch[:half]) + predict_batch(batch[half:])

        batch_size = self.config.batch_size or self.model.batch_size
        # While batches run, others are read, decoded, encoded and written; a store is waited for, too.
        workers = self.config.workers or (8 if job.is_remote else 2) * batch_size * self.model.at_once
        predict = Batcher(predict_batch, lambda small: small.shape, batch_size, self.model.at_once)
        budget = Budget(self.config.memory * 1_000_000)

        def work(item: AnyPath | Outcome) -> Outcome:
            if isinstance(item, Outcome):
                return item
            started = perf_counter()
            try:
                with times("read"):
                    photo = Photo.read(item, self.config.max_pixels)
                with predict.away():
                    budget.acquire(photo.bytes_to_color)
                try:
                    outcome = self._colorize_file(photo, job, predict, times, thumbnails)
                finally:
                    budget.release(photo.bytes_to_color)
            except ImageError as error:
                return _failed(item, error.reason, perf_counter() - started)
            except ColorganError:  # the run as a whole cannot go on
                raise
            except Exception as error:  # one file, whatever is wrong with it, is not to end the run
                reason = f"led to an unexpected error ({error!r}); please report it"
                return _failed(item, reason, perf_counter() - started)
            seconds = perf_counter() - started
            return replace(outcome, seconds=seconds, stamp=photo.stamp)

        return map_unordered(work, todo, workers, within=predict.caller)

    def _colorize_file(
        self, photo: Photo, job: Job, predict: Predict, times: StageTimes, thumbnails: Thumbnails | None
    ) -> Outcome:
        """Take one photograph through all stages."""
        with times("decode"):
            small, has_color = self._sketch(photo)
        if has_color and self.config.if_color == "skip":
            return Outcome(photo.path, Status.SKIPPED)
        if has_color and self.config.if_color == "copy":
            output = job.output_path(photo.path, photo.format)
            with times("write"):
                write_result(output, photo.data, photo.stamp.mtime_ns)
            return Outcome(photo.path, Status.COPIED, output, how_copied(photo))
        output = job.output_path(photo.path, output_format(photo, self.config.format))
        chroma = saturate(predict(small), self.config.saturation)
        with times("encode"):
            result = encode_result(photo, chroma, self.config, self.model.credit, self._guide(small))
        with times("write"):
            write_result(output, result.data)
        if thumbnails:
            with times("thumbnail"):
                thumbnails.add(job.relative(photo.path).as_posix(), photo, chroma)
        colors = colorfulness(np.asarray(merge(small, chroma), np.uint8))
        return Outcome(photo.path, Status.COLORED, output, result.how, colorfulness=colors)

    def _guide(self, small: Planes) -> Planes | None:
        return small if self.config.chroma_upsampling == "guided" else None

    def _sketch(self, photo: Photo) -> tuple[Planes, bool]:
        """The luma that the generator sees, uint8 (h, w), and whether the photograph is in color."""
        _, height, width = self.model.shape
        if not height:
            height, width = generator_shape(*photo.size, self.model.native_size)
        small = photo.reduced(width, height)
        pixels = np.asarray(small)
        if small.mode == "L":
            return pixels, False
        return pixels[..., 0], chroma_spread(pixels) > TONED


@lru_cache(maxsize=1)
def _colorizer(model: str | PurePath | None, config: ColorizeConfig | None) -> Colorizer:
    return Colorizer(model, config)


def colorize(
    photo: Source, model: str | PurePath | None = None, config: ColorizeConfig | None = None
) -> Colored:
    """Color one photograph as `colorgan-batch` does; see `Colorizer.colorize`.

    The model stays open for the next call with the same model and settings.
    """
    return _colorizer(model, config).colorize(photo)


def _failed(path: AnyPath, reason: str, seconds: float = 0.0) -> Outcome:
    return Outcome(path, Status.FAILED, error=reason, seconds=seconds)


def generator_shape(width: int, height: int, native_size: int) -> tuple[int, int]:
    """Height and width at which the generator sees a photograph: its aspect ratio, the native area.

    Both are multiples of the stride, at most 3 : 1, so that there are few shapes and batches fill up.
    """
    aspect = math.sqrt(min(max(width / height, 1 / LONGEST_ASPECT), LONGEST_ASPECT))
    height, width = (
        max(STRIDE, round(side / STRIDE) * STRIDE) for side in (native_size / aspect, native_size * aspect)
    )
    return height, width
