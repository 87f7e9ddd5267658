"""Take one photograph through decode, predict, correct and encode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

import numpy as np

from colorgan.backends import Model
from colorgan.batch.engine import Predict
from colorgan.batch.outcome import How, Status
from colorgan.batch.results import writing_result
from colorgan.batch.timing import StageTimes
from colorgan.config import ColorizeConfig
from colorgan.corrections.apply import change_hues, correct
from colorgan.corrections.correction import Correction
from colorgan.painting.colored import Colored
from colorgan.photo.color import TONED, Planes, chroma_spread, colorfulness, merge, saturate
from colorgan.photo.encode import Result, encode_result, note_on_copy
from colorgan.photo.encode_bands import encode_bands
from colorgan.photo.image import Photo
from colorgan.photo.signing import NotSignedError, Signer
from colorgan.photo.tiff_bands import Bands
from colorgan.storage.file_bytes import FileBytes
from colorgan.storage.paths import AnyPath, storage_of

NOT_CORRECTED = "already in color, so that its correction does not count; --if-color recolor colors it"


def _copied(photo: Photo, status: Status, note: str) -> Colored:
    return Colored(photo.file, photo.file_format, status, How.COPIED, note, source=photo.source)


class Chroma(NamedTuple):
    """The colors of a photograph, small."""

    planes: Planes
    """Cb and Cr, uint8 (2, h, w)."""
    guide: Planes
    """The luma of their size, uint8 (h, w)."""
    predicted: Planes
    """Cb and Cr as the generator sees the photograph, before strength and points of a correction."""


class Painted(NamedTuple):
    """What became of one photograph."""

    colored: Colored
    small: Planes
    """Its luma as the generator sees it, uint8 (h, w)."""
    chroma: Chroma | None = None
    """None if it was not colored."""

    @property
    def colorfulness(self) -> float:
        """Hasler and Suesstrunk's, as the generator sees it; 0 if it was not colored."""
        if self.chroma is None:
            return 0.0
        return colorfulness(np.asarray(merge(self.small, self.chroma.planes), np.uint8))


@dataclass(frozen=True)
class Painter:
    """A model and the settings to color with."""

    model: Model
    config: ColorizeConfig
    signer: Signer | None = None
    file: IO[bytes] | None = None
    """Where the result of a photograph goes that is not in memory."""
    folder: Path | None = None
    """For temporary files of such a photograph."""

    @contextmanager
    def for_streamed(self, photo: Photo, results: AnyPath) -> Iterator[Painter]:
        """One with a file for the result, if the photograph is not in memory: on the disk of the results."""
        if photo.source is None:
            yield self
            return
        folder = None if storage_of(results).is_remote else Path(results)
        with writing_result(results / photo.path.name), TemporaryFile(dir=folder) as file:
            yield replace(self, file=file, folder=folder)

    def paint(
        self, photo: Photo, correction: Correction, times: StageTimes, predict: Predict | None = None
    ) -> Painted:
        """Color a photograph to the bytes of a file; raises ImageError. `predict` stands for the model's."""
        with times("decode"):
            small, has_color = self.sketch(photo)
        if correction.skip:
            return Painted(_copied(photo, Status.LEFT, note_on_copy(photo)), small)
        if has_color and self.config.if_color == "skip":
            return Painted(Colored(b"", photo.file_format, Status.SKIPPED, How.NOT_WRITTEN), small)
        if has_color and self.config.if_color == "copy":
            note = "; ".join(filter(None, (note_on_copy(photo), NOT_CORRECTED if correction else "")))
            return Painted(_copied(photo, Status.COPIED, note), small)
        chroma = self.chroma(photo, small, correction, times, predict)
        with times("encode"):
            guide = self.guide(chroma)
            if photo.bands and self.file:
                return Painted(self._by_bands(photo, photo.bands, chroma, guide, self.file), small, chroma)
            result = encode_result(photo, chroma.planes, self.config, self.model.credit, guide)
            data, reason = self._signed(photo, result)
        how = How.LUMA_KEPT if result.kept_luma else How.ENCODED
        note = "; ".join(filter(None, (result.note, reason)))
        colored = Colored(data, result.format, Status.COLORED, how, note, result.left_out)
        return Painted(colored, small, chroma)

    def _by_bands(
        self, photo: Photo, bands: Bands, chroma: Chroma, guide: Planes | None, file: IO[bytes]
    ) -> Colored:
        credit = self.model.credit
        result = encode_bands(photo, bands, chroma.planes, credit, guide, file, self.folder)
        unsigned = "it is not signed: it is larger than --memory" if self.signer else ""
        note, source = "; ".join(filter(None, (result.note, unsigned))), FileBytes(file)
        return Colored(b"", "TIFF", Status.COLORED, How.ENCODED, note, result.left_out, source=source)

    def _signed(self, photo: Photo, result: Result) -> tuple[bytes, str]:
        """The result, signed if one can, or why it is not."""
        if self.signer is None:
            return result.data, ""
        original, name = (photo.file, photo.file_format), photo.path.name
        try:
            return self.signer.sign(result.data, result.format, *original, name, self.model.credit), ""
        except NotSignedError as error:
            return result.data, f"it is not signed: {error}"

    def sketch(self, photo: Photo) -> tuple[Planes, bool]:
        """The luma that the generator sees, uint8 (h, w), and whether the photograph is in color."""
        height, width = self.model.input_shape(*photo.size)
        small = photo.reduced(width, height)
        pixels = np.asarray(small)
        if small.mode == "L":
            return pixels, False
        return pixels[..., 0], chroma_spread(pixels) > TONED

    def chroma(
        self,
        photo: Photo,
        small: Planes,
        correction: Correction,
        times: StageTimes,
        predict: Predict | None = None,
    ) -> Chroma:
        """The chroma for a photograph of which the generator sees `small`; settings and correction count."""
        predicted = change_hues(self.model.predict(small, predict, photo.path), correction.hues)
        predicted = saturate(predicted, self.config.saturation)
        if not correction:
            return Chroma(predicted, small, predicted)
        with times("correct"):
            planes, guide = correct(photo, small, predicted, correction, self._is_guided)
        return Chroma(planes, guide, predicted)

    def guide(self, chroma: Chroma) -> Planes | None:
        """What `fit_chroma` takes besides the chroma, if the settings want it."""
        return chroma.guide if self._is_guided else None

    @property
    def _is_guided(self) -> bool:
        return self.config.chroma_upsampling == "guided"
