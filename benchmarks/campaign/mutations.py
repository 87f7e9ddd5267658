"""Files of every reader, damaged in many ways, each taken to a result or an ImageError."""

from __future__ import annotations

import io
import os
import random
import signal
import struct
import time
import traceback
import warnings
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile, gettempdir

import numpy as np
from PIL import Image

from benchmarks.campaign.archive import fork
from benchmarks.campaign.seeds import seeds
from benchmarks.campaign.tally import Tally
from colorgan.batch.timing import StageTimes
from colorgan.colorizer import Colorizer
from colorgan.config import ColorizeConfig
from colorgan.corrections.correction import NONE
from colorgan.errors import ImageError
from colorgan.painting.pages import paint
from colorgan.photo.image import Photo
from colorgan.photo.jpeg import JpegError
from colorgan.photo.jpeg_join import undo
from colorgan.photo.jpeg_xl import jpeg_in
from colorgan.photo.need import need_of
from colorgan.photo.tiff_open import TIFF_MARKS
from colorgan.storage.file_bytes import FileBytes, pieces_of

SLOW = 20.0
"""Seconds after which a file hangs; most take some milliseconds."""
MOST = 4_000_000
"""Pixels that are allowed."""
TIFF = "a.tif"
"""Name of each file: results say what they were made of."""
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutate(data: bytes, source: random.Random) -> bytes:
    """One to four damages: bits, bytes, numbers, stretches that are gone, doubled, moved or cut off."""
    changed = bytearray(data)
    for _ in range(source.randint(1, 4)):
        at = source.randrange(max(1, min(len(changed), source.choice((64, 512, len(changed) or 1)))))
        length = source.choice((1, 2, 4, 16, 100))
        kind = source.randrange(7)
        if kind == 0 and changed:
            changed[at % len(changed)] ^= 1 << source.randrange(8)
        elif kind == 1:
            changed[at : at + length] = source.randbytes(length)
        elif kind == 2:
            order = source.choice("<>")
            changed[at : at + 4] = struct.pack(f"{order}I", source.choice(EXTREMES))
        elif kind == 3:
            changed[at : at + 2] = struct.pack(source.choice(("<H", ">H")), source.choice(EXTREMES) & 0xFFFF)
        elif kind == 4:
            del changed[at : at + length]
        elif kind == 5:
            changed[at:at] = changed[at : at + length]
        else:
            del changed[source.randrange(len(changed) + 1) :]
    return bytes(changed)


class Flat:
    """A model that predicts one color at once: what is tried are the readers."""

    def predict(self, luma: np.ndarray) -> np.ndarray:
        """Chroma uint8 (N, 2, H, W)."""
        count, _, height, width = luma.shape
        return np.full((count, 2, height, width), 120, np.uint8)


def try_all(count: int, first: int = 0, kinds: str = "") -> Tally:
    """Try so many files, from a number on, in a process that goes on behind a file that ends it.

    `kinds` are words, with commas between: files are taken whose names have one of them.
    """
    tally, done, end = Tally(tries=count), first, first + count
    with TemporaryDirectory(prefix="colorgan-campaign-") as folder:
        place, found = Path(folder, "at"), Path(folder, "found")
        found.write_text("")
        while done < end:
            process = fork.Process(target=_try_from, args=(done, end, kinds, place, found))
            process.start()
            before, since = "", time.monotonic()
            while process.is_alive():
                process.join(0.5)
                if (at := place.read_text() if place.exists() else "") != before:
                    before, since = at, time.monotonic()
                elif time.monotonic() - since > 3 * SLOW:
                    process.kill()
            if process.exitcode == 0:
                break
            at, _, name = place.read_text().partition(" ")
            what = "hangs" if process.exitcode == -signal.SIGKILL else "tracebacks"
            tally.count(what, f"{name} {at}: {process.exitcode}")
            done = int(at) + 1
        for line in found.read_text().splitlines():
            what, _, note = line.partition(" ")
            tally.count(what, note)
    return tally


def _try_from(first: int, end: int, kinds: str, place: Path, found: Path) -> None:
    warnings.simplefilter("ignore")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libraries say a lot about damage
    colorizer = Colorizer(config=ColorizeConfig(max_pixels=MOST, if_color="recolor"))
    colorizer.model = replace(colorizer.model, backend=Flat())
    files = seeds(colorizer)
    names = [name for name in sorted(files) if any(word in name for word in kinds.split(","))]
    with found.open("a") as notes:
        for number in range(first, end):
            name = names[number % len(names)]
            place.write_text(f"{number} {name}")
            data, started = mutate(files[name], random.Random(number)), time.monotonic()
            for what, note in _faults(colorizer, name, data):
                notes.write(f"{what} {name} {number}: {note}\n")
            if (seconds := time.monotonic() - started) > SLOW:
                notes.write(f"hangs {name} {number}: {seconds:.0f} s\n")
            notes.flush()


def _faults(colorizer: Colorizer, name: str, data: bytes) -> list[tuple[str, str]]:
    try:
        if name.startswith("result of"):
            return _restore(data)
        file = io.BytesIO(data)
        file.name = TIFF
        results = [colorizer.colorize(file).data]
        if data[:4] in TIFF_MARKS:  # of the commands, only large ones are
            results.append(_by_bands(colorizer, data))
    except ImageError:
        return _needs(data)
    except Exception:
        return [("tracebacks", " | ".join(traceback.format_exc().splitlines()[-5:]))]
    sizes = set()  # of what is missing in a file that was cut, bands may see other bytes
    for result in results:
        try:
            sizes.add(look_at(result))
        except Exception as error:
            return [("half_written", f"{type(error).__name__}: {error}")]
    return [("half_written", "by bands it has another size")] if len(sizes) > 1 else []


def _needs(data: bytes) -> list[tuple[str, str]]:
    """What is refused is asked for its need first, too."""
    try:
        need_of(io.BytesIO(data), len(data), max_pixels=MOST)
    except Exception:
        return [("tracebacks", " | ".join(traceback.format_exc().splitlines()[-5:]))]
    return []


def _restore(data: bytes) -> list[tuple[str, str]]:
    """Take the color away, as `restore` does, which knows the errors."""
    with suppress(JpegError, RuntimeError):
        undo(jpeg_in(data) or data)
    return []


def _by_bands(colorizer: Colorizer, data: bytes) -> bytes:
    """The result of a TIFF that is not in memory."""
    path = Path(TIFF)
    with TemporaryFile() as file:
        file.write(data)
        photo = Photo.streamed(path, FileBytes(file), MOST)
        with colorizer._painter.for_streamed(photo, Path(gettempdir())) as painter:
            colored = paint(painter, photo, NONE, StageTimes()).colored
            return b"".join(pieces_of(colored.contents))


def look_at(result: bytes) -> tuple[int, int]:
    """Decode a result, by Pillow where it knows the format, and give its size."""
    photo = Photo.of(Path("a"), result, MOST, pages=True)
    if photo.file_format in ("JXL", "HEIF"):
        return photo.luma().size
    with Image.open(io.BytesIO(result)) as image:
        for page in range(getattr(image, "n_frames", 1)):
            image.seek(page)
            image.load()
    return photo.size
