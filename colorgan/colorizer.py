"""Color photographs: read -> decode -> batch -> model -> encode -> write."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain, takewhile
from pathlib import Path, PurePath
from threading import Event
from typing import Self

import numpy as np
from PIL import Image

from colorgan.backends import EMBEDDED_MODEL, Model, load_model
from colorgan.batch.engine import Engine, Predict
from colorgan.batch.job import PREFIX, Job
from colorgan.batch.manifest import Manifest
from colorgan.batch.outcome import How, Outcome, Status
from colorgan.batch.pending import pending
from colorgan.batch.results import write_result
from colorgan.batch.sharding import Shard
from colorgan.batch.timing import StageTimes
from colorgan.batch.trial import Order, try_alone
from colorgan.config import STRIDE, ColorizeConfig
from colorgan.errors import ImageError, UsageError
from colorgan.photo.color import TONED, Planes, chroma_spread, colorfulness, merge, saturate
from colorgan.photo.encode import encode, full_luma, output_format, quality_of
from colorgan.photo.image import Photo
from colorgan.photo.jpeg import JpegError
from colorgan.photo.keep_luma import KeptLuma
from colorgan.report import write_report
from colorgan.report.thumbnails import Thumbnails
from colorgan.storage.objects import FOR_MODELS
from colorgan.storage.paths import absolute, local_copy, locate
from colorgan.storage.protocol import Found

LONGEST_ASPECT = 3.0
"""Longer photographs are squeezed to this aspect ratio for the generator, which bounds its shapes."""


class Colorizer:
    """Colors photographs with one model, which is opened once.

    `model` is an ONNX file, a TorchScript file or a checkpoint, by its path or URL; without it, the embedded
    model is used.
    """

    def __init__(self, model: str | PurePath | None = None, config: ColorizeConfig | None = None) -> None:
        self.config = config or ColorizeConfig()
        self.source = None if model is None else absolute(locate(model, FOR_MODELS))
        """The model's file, for processes that open it as well."""
        with local_copy(self.source or EMBEDDED_MODEL) as path:
            self._model: Model | None = load_model(
                path, device=self.config.device, devices=self.config.device_numbers
            )

    @property
    def model(self) -> Model:
        """The model; UsageError once this is closed."""
        if self._model is None:
            raise UsageError("the Colorizer is closed; make another one")
        return self._model

    @model.setter
    def model(self, model: Model) -> None:
        self._model = model

    def close(self) -> None:
        """Let go of the model and its memory."""
        self._model = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __call__(self, photo: str | PurePath | Image.Image) -> Image.Image:
        """Color one photograph, a file or a Pillow image; give RGB of the same size, upright.

        What color it has is replaced. Raises ImageError if it cannot be read.
        """
        if isinstance(photo, Image.Image):
            source = Photo(Path(getattr(photo, "filename", "") or "image"), photo)
        else:
            source = Photo.read(locate(photo), self.config.max_pixels)
        small, _ = self._sketch(source)
        chroma = saturate(self.model.backend.predict(small[None, None])[0], self.config.saturation)
        return Image.fromarray(merge(np.asarray(source.luma()), chroma, self._guide(small)))

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
        report: bool = False,
    ) -> list[Outcome]:
        """Color every image in the folder `source` and below, or that one file, into `destination`.

        It does what `colorgan-batch` does, with its options. Sub-folders are kept and `colorized_` goes
        before each name. A photograph already in color is copied as it is. A bad file is an outcome, not an
        error. `run` gives outcomes as files are finished.
        """
        job = Job.plan(
            source,
            destination,
            include=tuple(include),
            exclude=tuple(exclude),
            limit=limit,
            prefix=prefix,
            shard=Shard.parse(shard) if shard else None,
            retry_failed=retry_failed,
        )
        if not report:
            return list(self.run(job))
        if not isinstance(job.destination, Path):
            raise UsageError(f"{destination}: copy the results to this machine for a report")
        outcomes = list(self.run(job, thumbnails=Thumbnails.of(job.destination)))
        write_report(job.destination)
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
        result has changed. Files that an earlier run had in hand when it died are tried at the end, alone.
        When `stop` is set, what was begun is finished and no other file is taken. `times` is told what the
        stages take, and `thumbnails` are made of what is colored.
        """
        stop, times = stop or Event(), times or StageTimes()
        made_by, suspects = self.made_by(job), list[Found]()
        with Manifest.open(job, made_by) as manifest:

            def but_suspects() -> Iterator[Found | Outcome]:
                for item in pending(job, manifest, made_by, self.config.overwrite):
                    if isinstance(item, Found) and manifest.is_suspect(job.name_of(item.path)):
                        suspects.append(item)
                    else:
                        yield item

            noted = manifest.in_flight.announced(but_suspects(), lambda found: job.name_of(found.path))
            todo = takewhile(lambda _: not stop.is_set(), noted)
            order = Order(self.source, self.config, job)
            for outcome in chain(
                self._outcomes(job, todo, times, thumbnails), try_alone(suspects, order, manifest, stop)
            ):
                if outcome.status.is_recorded:
                    manifest.record(outcome)
                manifest.in_flight.is_over(job.name_of(outcome.path))
                yield outcome

    def color_one(self, found: Found, job: Job) -> Outcome:
        """Color one file of a job; the manifest is not told."""
        (outcome,) = self._outcomes(job, iter([found]), StageTimes(), None)
        return outcome

    def made_by(self, job: Job) -> str:
        """What results depend on besides their photographs."""
        return f"{self.model.credit.sha256} {self.config.result_settings} prefix={job.prefix}"

    def _outcomes(
        self, job: Job, todo: Iterator[Found | Outcome], times: StageTimes, thumbnails: Thumbnails | None
    ) -> Iterator[Outcome]:
        def color(photo: Photo, predict: Predict) -> Outcome:
            return self._colorize_file(photo, job, predict, times, thumbnails)

        model = self.model
        batch_size = self.config.batch_size or model.batch_size
        engine = Engine(self.config, model.backend.predict, batch_size, model.at_once)
        return engine.outcomes(job, todo, color, times)

    def _colorize_file(
        self, photo: Photo, job: Job, predict: Predict, times: StageTimes, thumbnails: Thumbnails | None
    ) -> Outcome:
        """Take one photograph through all stages."""
        format, kept, why = output_format(photo, self.config.format), None, ""
        with times("decode"):
            if format == "JPEG" and photo.is_gray_jpeg and self.config.jpeg_luma == "keep":
                try:
                    kept = KeptLuma.of(photo)
                except JpegError as error:
                    why = str(error)
            small, has_color = self._sketch(photo, kept.half if kept else None)
        if has_color and self.config.if_color == "skip":
            return Outcome(photo.path, Status.SKIPPED)
        if has_color and self.config.if_color == "copy":
            output = job.output_path(photo.path, photo.format)
            with times("write"):
                written = write_result(output, photo.data)
            return Outcome(photo.path, Status.COPIED, output, How.COPIED, written=written)
        output = job.output_path(photo.path, format)
        chroma = saturate(predict(small), self.config.saturation)
        credit, guide = self.model.credit, self._guide(small)
        how, data = How.LUMA_KEPT, b""
        if kept:
            with times("encode"):
                try:
                    data = kept.join(chroma, self.config.quality, credit, guide)
                except JpegError as error:
                    why = str(error)
        if not data:
            how = How.ENCODED
            with times("decode"):
                luma = full_luma(photo, format)
            quality = quality_of(photo, format, self.config.quality)
            with times("encode"):
                data = encode(photo, luma, chroma, format, quality, credit, guide)
        with times("write"):
            written = write_result(output, data)
        if thumbnails:
            # Without them, the report makes its own of the result, which is whole.
            with times("thumbnail"), suppress(OSError, ImageError):
                thumbnails.add(job.name_of(photo.path), photo, chroma, kept.half if kept else None)
        colors = colorfulness(np.asarray(merge(small, chroma), np.uint8))
        return Outcome(
            photo.path, Status.COLORED, output, how, note=why, written=written, colorfulness=colors
        )

    def _guide(self, small: Planes) -> Planes | None:
        return small if self.config.chroma_upsampling == "guided" else None

    def _sketch(self, photo: Photo, stored: Image.Image | None = None) -> tuple[Planes, bool]:
        """The luma that the generator sees, uint8 (h, w), and whether the photograph is in color."""
        _, height, width = self.model.shape
        if not height:
            height, width = generator_shape(*photo.size, self.model.native_size)
        small = photo.reduced(width, height, stored)
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
