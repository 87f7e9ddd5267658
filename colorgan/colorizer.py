"""Color photographs: read -> decode -> batch -> model -> encode -> write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import copy
from functools import lru_cache
from itertools import chain, takewhile
from pathlib import PurePath
from threading import Event
from typing import Self

import numpy as np
from PIL import Image

from colorgan.backends import EMBEDDED_MODEL, Model, load_model
from colorgan.batch.child import Order
from colorgan.batch.engine import Engine, Predict
from colorgan.batch.job import PREFIX, Job
from colorgan.batch.made_by import made_by
from colorgan.batch.manifest import Manifest
from colorgan.batch.outcome import How, Outcome, Status
from colorgan.batch.pending import pending
from colorgan.batch.set_aside import put_result
from colorgan.batch.sharding import Shard
from colorgan.batch.sharing import Processes, number_of_processes
from colorgan.batch.sidecars import Carrier
from colorgan.batch.timing import StageTimes
from colorgan.batch.trial import set_suspects_aside, try_alone
from colorgan.config import ColorizeConfig
from colorgan.corrections.correction import NONE, Correction
from colorgan.corrections.file import Corrections
from colorgan.errors import ImageError, UsageError, check_type
from colorgan.painting.colored import Colored
from colorgan.painting.pages import paint
from colorgan.painting.painter import Painter
from colorgan.photo.color import merge
from colorgan.photo.image import Photo
from colorgan.photo.signing import Signer
from colorgan.photo.source import Source, photo_of
from colorgan.report import write_report
from colorgan.report.thumbnails import Thumbnails
from colorgan.storage.objects import FOR_MODELS
from colorgan.storage.paths import absolute, local_copy, locate, on_disk
from colorgan.storage.protocol import Found, Stamp


class Colorizer:
    """Colors photographs with one model, which is opened once.

    `model` is an ONNX or TorchScript file or a checkpoint, by path or URL; without it, the embedded model is.
    """

    def __init__(self, model: str | PurePath | None = None, config: ColorizeConfig | None = None) -> None:
        self.config = ColorizeConfig() if config is None else config
        check_type("config", self.config, ColorizeConfig, "a ColorizeConfig")
        self._processes = self.config.processes
        pair = (self.config.sign_certificate, self.config.sign_key)
        self._signer = Signer.open(*pair) if all(pair) else None
        self.source = None if model is None else absolute(locate(model, FOR_MODELS))
        """The model's file, for processes that open it as well."""
        with local_copy(self.source or EMBEDDED_MODEL) as path:
            self._model: Model | None = load_model(
                path,
                device=self.config.device,
                devices=self.config.device_numbers,
                batch_size=self.config.batch_size,
                sha256=self.config.model_sha256,
            )

    @property
    def model(self) -> Model:
        """The model; UsageError once this is closed."""
        if self._model is None:
            raise UsageError("the Colorizer is closed; make another one")
        return self._model

    @model.setter
    def model(self, model: Model) -> None:
        self._model, self._processes = model, 1  # others would open that of the file

    def with_config(self, config: ColorizeConfig) -> Colorizer:
        """One with the same open model and other settings; it works in this process alone."""
        other = copy(self)
        other.config, other._processes = config, 1
        other._signer = self._signer if config.sign_key else None
        return other

    @property
    def _painter(self) -> Painter:
        return Painter(self.model, self.config, self._signer)

    def close(self) -> None:
        """Let go of the model and its memory."""
        self._model = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __call__(self, photo: Source, correction: Correction = NONE) -> Image.Image:
        """Color one photograph; give its bare pixels, a Pillow image in RGB of the same size, upright.

        What color it has is replaced. Nothing that is saved of it says that its colors are invented, and its
        metadata is gone: `colorize` gives what the command writes. Raises ImageError if it cannot be read.
        """
        check_type("correction", correction, Correction, "a Correction")
        source = photo_of(photo, self.config.max_pixels)
        if correction.skip:
            return source.luma().convert("RGB")
        painter = self._painter
        small, _ = painter.sketch(source)
        chroma = painter.chroma(source, small, correction, StageTimes())
        return Image.fromarray(merge(np.asarray(source.luma()), chroma.planes, painter.guide(chroma)))

    def colorize(
        self, photo: Source, correction: Correction = NONE, *, predict: Predict | None = None
    ) -> Colored:
        """Color one photograph as `colorgan-batch` does, to the bytes of a file; raises ImageError.

        A grayscale JPEG keeps its luma as it is stored, metadata stays, and XMP says that the colors are
        invented. What is in color already is copied; `if_color="recolor"` of the settings colors it, too.
        An array or a Pillow image becomes a PNG unless the settings name another format. `correction` is what
        a person changes of the colors, such as `Corrections.load(path).of(name)`. `predict` stands for the
        model's, as in batches with others: `Engine.batcher`.
        """
        check_type("correction", correction, Correction, "a Correction")
        source = photo_of(photo, self.config.max_pixels, pages=True)
        return paint(self._painter, source, correction, StageTimes(), predict).colored

    def colorize_folder(
        self,
        source: str | PurePath,
        destination: str | PurePath,
        *,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        limit: int = 0,
        prefix: str = PREFIX,
        shard: str = "",
        retry_failed: bool = False,
        settle: float = 0,
        read: str = "",
        corrections: Corrections | str | PurePath | None = None,
        report: bool = False,
    ) -> list[Outcome]:
        """Color every image in the folder `source` and below, or that one file, into `destination`.

        It does what `colorgan-batch` does, with its options. A bad file is an outcome, not an error. `run`
        gives outcomes as files are finished.
        """
        job = Job.plan(
            source,
            destination,
            include=include,
            exclude=exclude,
            limit=limit,
            prefix=prefix,
            shard=Shard.parse(shard) if shard else None,
            retry_failed=retry_failed,
            settle=settle,
            read=read,
            corrections=corrections,
        )
        if not report:
            return list(self.run(job))
        results = on_disk(job.destination, "copy the results to this machine for a report")
        outcomes = list(self.run(job, thumbnails=Thumbnails.of(results)))
        write_report(results, corrections=job.corrections)
        return outcomes

    def run(
        self,
        job: Job,
        stop: Event | None = None,
        times: StageTimes | None = None,
        thumbnails: Thumbnails | None = None,
    ) -> Iterator[Outcome]:
        """Color the files of the job while one goes through the outcomes, which come as files are finished.

        What an earlier run did with the same model and settings is not done again unless the file or its
        result has changed. Files that it had in hand when it died are tried at the end, alone. When `stop` is
        set, no other file is taken. `times` is told what the stages take; `thumbnails` are made.
        """
        check_type("job", job, Job, "a Job, such as Job.plan makes")
        stop, times = stop or Event(), times or StageTimes()
        mine, suspects = self.made_by(job), list[Found]()
        with Manifest.open(job, mine) as manifest:
            job = manifest.job_that_knows(job)
            carrier = Carrier(job, self.model.credit)
            items = pending(job, manifest, mine, self.config.overwrite, carrier)
            items = set_suspects_aside(items, job, manifest, suspects)
            number, items = number_of_processes(self._processes, items)
            noted = manifest.in_flight.announced(items, lambda found: job.name_of(found.path))
            todo = takewhile(lambda _: not stop.is_set(), noted)
            order = Order(self.source, self.config, job, thumbnails is not None)
            if number > 1:
                outcomes = Processes(order, number, self._engine).outcomes(todo, suspects, times)
            else:
                outcomes = self.outcomes(job, todo, times, thumbnails)
            for outcome in chain(outcomes, try_alone(suspects, order, manifest, stop)):
                if outcome.status.is_recorded:
                    manifest.record(outcome)
                manifest.in_flight.is_over(job.name_of(outcome.path))
                yield outcome

    def made_by(self, job: Job) -> str:
        """What results depend on besides their photographs."""
        return made_by(self.model.credit.sha256, self.config, job.prefix)

    def outcomes(
        self, job: Job, todo: Iterator[Found | Outcome], times: StageTimes, thumbnails: Thumbnails | None
    ) -> Iterator[Outcome]:
        """Color these files of a job; no manifest is told."""

        def color(photo: Photo, found: Found, stamp: Stamp, predict: Predict) -> Outcome:
            return self._colorize_file(photo, found, stamp, job, predict, times, thumbnails)

        return self._engine.outcomes(job, todo, color, times)

    @property
    def _engine(self) -> Engine:
        model = self.model
        batch_size = self.config.batch_size or model.batch_size
        return Engine(self.config, model.predict_batch, batch_size, model.at_once)

    def _colorize_file(
        self,
        photo: Photo,
        found: Found,
        stamp: Stamp,
        job: Job,
        predict: Predict,
        times: StageTimes,
        thumbnails: Thumbnails | None,
    ) -> Outcome:
        """Take one photograph through all stages, to its result in the folder."""
        correction = job.corrections.of(job.name_of(photo.path))
        with self._painter.for_streamed(photo, job.destination) as painter:
            painted = paint(painter, photo, correction, times, predict)
            colored = painted.colored
            if colored.status is Status.SKIPPED:
                return Outcome(photo.path, Status.SKIPPED)
            mtime_ns = stamp.mtime_ns * (colored.how is How.COPIED)
            with times("write"):
                output, written, kept = put_result(
                    job, photo.path, colored.contents, colored.format, mtime_ns
                )
        with times("write"):
            carrier = Carrier(job, self.model.credit)
            sidecars, kept_sidecars = carrier.carry(found, output, colored.how, photo.sha256)
        if thumbnails and painted.chroma:
            # Without them, the report makes its own of the result, which is whole.
            with times("thumbnail"), suppress(OSError, ImageError):
                thumbnails.add(
                    job.name_of(photo.path), photo, painted.chroma.planes, painted.chroma.predicted
                )
        return Outcome(
            photo.path,
            colored.status,
            output,
            colored.how,
            note=colored.note,
            left_out=colored.left_out,
            pages=colored.pages,
            pages_copied=colored.pages_copied,
            kept=kept,
            kept_sidecars=kept_sidecars,
            written=written,
            sidecars=sidecars,
            colorfulness=painted.colorfulness,
        )


@lru_cache(maxsize=1)
def _colorizer(model: str | PurePath | None, config: ColorizeConfig | None) -> Colorizer:
    return Colorizer(model, config)


def colorize(
    photo: Source,
    model: str | PurePath | None = None,
    config: ColorizeConfig | None = None,
    correction: Correction = NONE,
) -> Colored:
    """Color one photograph as `colorgan-batch` does; see `Colorizer.colorize`.

    The model stays open for the next call with the same model and settings.
    """
    config = ColorizeConfig() if config is None else config
    check_type("config", config, ColorizeConfig, "a ColorizeConfig")
    place = None if model is None else locate(model, FOR_MODELS)
    return _colorizer(place, config).colorize(photo, correction)
