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
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmarks.campaign.archive import fork, picture
from benchmarks.campaign.tally import Tally
from colorgan.errors import ImageError

SLOW = 20.0
"""Seconds after which a file hangs; most take some milliseconds."""
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def seeds() -> dict[str, bytes]:
    """Small files of every format and layout that is read."""
    gray = picture(1, 40, 30)
    color, deep = gray.convert("RGB"), np.asarray(gray).astype(np.uint16) * 257
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "a caption", 6
    texts = PngInfo()
    texts.add_text("Title", "a title")
    texts.add_text("Comment", "a comment " * 20, zip=True)
    texts.add_itxt("Author", "an author", zip=True)
    files = {
        "gray.jpg": _saved(gray, "JPEG", exif=exif, comment=b"c"),
        "progressive.jpg": _saved(gray, "JPEG", progressive=True),
        "color.jpg": _saved(color, "JPEG", subsampling=2, exif=exif),
        "cmyk.jpg": _saved(color.convert("CMYK"), "JPEG"),
        "gray.png": _saved(gray, "PNG", exif=exif),
        "texts.png": _saved(gray, "PNG", pnginfo=texts),
        "gray16.png": _saved(Image.fromarray(deep), "PNG"),
        "palette.png": _saved(gray.convert("P"), "PNG", transparency=3),
        "alpha.png": _saved(color.convert("RGBA"), "PNG"),
        "bits.png": _saved(gray.convert("1"), "PNG"),
        "a.bmp": _saved(gray, "BMP"),
        "a.gif": _saved(gray, "GIF"),
        "a.webp": _saved(color, "WEBP", exif=exif.tobytes()),
        "lossless.webp": _saved(color.convert("RGBA"), "WEBP", lossless=True),
        "a.ppm": _saved(gray, "PPM"),
        "a.jp2": _saved(gray, "JPEG2000"),
        "a.tga": _saved(gray, "TGA"),
        "a.pcx": _saved(gray, "PCX"),
    }
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "group4"):
        image = gray.convert("1") if compression == "group4" else gray
        files[f"{compression}.tif"] = _saved(image, "TIFF", compression=compression, exif=exif)
    rgb16 = np.dstack([deep] * 3)
    for name, pixels, options in (
        ("gray16", deep, {}),
        ("tiled16", deep, {"tile": (16, 16), "compression": "zlib", "predictor": True}),
        ("rgb16", rgb16, {"photometric": "rgb"}),
        ("planar16", np.moveaxis(rgb16, 2, 0), {"photometric": "rgb", "planarconfig": "separate"}),
        ("white16", deep, {"photometric": "miniswhite", "byteorder": ">"}),
        ("big", deep, {"bigtiff": True}),
    ):
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, pixels, **options)
        files[f"{name}.tif"] = buffer.getvalue()
    return files


def _saved(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


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


def try_all(count: int) -> Tally:
    """Try so many files, in a process that goes on behind a file that ends it."""
    tally, done = Tally(tries=count), 0
    with TemporaryDirectory(prefix="colorgan-campaign-") as folder:
        place, found = Path(folder, "at"), Path(folder, "found")
        found.write_text("")
        while done < count:
            process = fork.Process(target=_try_from, args=(done, count, place, found))
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
            at, name = place.read_text().split()
            what = "hangs" if process.exitcode == -signal.SIGKILL else "tracebacks"
            tally.count(what, f"{name} {at}: {process.exitcode}")
            done = int(at) + 1
        for line in found.read_text().splitlines():
            what, _, note = line.partition(" ")
            tally.count(what, note)
    return tally


def _try_from(first: int, count: int, place: Path, found: Path) -> None:
    from colorgan import ColorizeConfig, Colorizer

    warnings.simplefilter("ignore")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libraries say a lot about damage
    colorizer = Colorizer(config=ColorizeConfig(max_pixels=4_000_000, if_color="recolor"))
    colorizer.model = replace(colorizer.model, backend=Flat())
    files = seeds()
    names = sorted(files)
    with found.open("a") as notes:
        for number in range(first, count):
            name = names[number % len(names)]
            place.write_text(f"{number} {name}")
            data, started = mutate(files[name], random.Random(number)), time.monotonic()
            for what, note in _faults(colorizer.colorize, data):
                notes.write(f"{what} {name} {number}: {note}\n")
            if (seconds := time.monotonic() - started) > SLOW:
                notes.write(f"hangs {name} {number}: {seconds:.0f} s\n")
            notes.flush()


def _faults(colorize: Callable[[bytes], object], data: bytes) -> list[tuple[str, str]]:
    try:
        colored = colorize(data)
    except ImageError:
        return []
    except Exception:
        return [("tracebacks", " | ".join(traceback.format_exc().splitlines()[-5:]))]
    try:
        with Image.open(io.BytesIO(colored.data)) as image:  # type: ignore[attr-defined]
            image.load()
    except Exception as error:
        return [("half_written", f"{type(error).__name__}: {error}")]
    return []
