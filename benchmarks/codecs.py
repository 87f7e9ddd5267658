"""What a grayscale JPEG costs besides the model, and what chroma loses when it is brought to its size.

    python -m benchmarks.codecs PHOTOS_DIR --megapixels 12 --count 12

Each way of writing a result takes its turn on each file. Luma is kept, with the check that the color can be
taken away again, or encoded anew. Chroma is scaled bilinearly or guided by the luma. The times are of one
thread, from the file's bytes to the result's bytes, without the model. CIEDE2000 is that of the photographs
themselves, colored with their own chroma after it was reduced to the generator's size. Writes
`benchmarks/results/codecs_{megapixels}mp.json`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click
import numpy as np
from PIL import Image

from benchmarks.photographs import make_photographs
from benchmarks.report import write_report
from colorgan.backends.input_shape import input_shape
from colorgan.batch.sources import find_images
from colorgan.evaluation.metrics import ciede2000
from colorgan.evaluation.turns import take_turns
from colorgan.photo.color import merge
from colorgan.photo.encode import encode, full_luma, quality_of
from colorgan.photo.image import Photo
from colorgan.photo.keep_luma import keep_luma
from colorgan.photo.xmp import Credit

CREDIT = Credit("benchmark", "0" * 64)

STRIDE = 16
"""Of the model whose sizes are taken, in pixels."""


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--megapixels", default=12.0, show_default=True)
@click.option("--count", default=12, show_default=True, help="Files to write.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--native-size", default=96, show_default=True)
def main(photos: Path, megapixels: float, count: int, rounds: int, native_size: int) -> None:
    """Compare the ways of writing results on the color photographs in PHOTOS."""
    ways: dict[str, Callable[[Path, int, bool], object]] = {"luma kept": keep, "encoded anew": encode_anew}
    with TemporaryDirectory() as name:
        make_photographs(photos, Path(name, "scans"), megapixels, count)
        scans = sorted(Path(name, "scans").iterdir())
        contenders = {
            f"{way}, {'guided' if guided else 'bilinear'}": partial(
                write_all, ways[way], scans, native_size, guided
            )
            for way, guided in product(ways, (False, True))
        }
        seconds = take_turns(contenders, rounds)
    click.echo("| way | ms a file | of 'encoded anew, bilinear' |")
    click.echo("| --- | ---: | ---: |")
    medians = {way: median(times) / count * 1000 for way, times in seconds.items()}
    for way, time in medians.items():
        click.echo(f"| {way} | {time:.0f} | {time / medians['encoded anew, bilinear']:.2f} |")
    differences = {
        "bilinear": difference(find_images(photos), native_size, guided=False),
        "guided": difference(find_images(photos), native_size, guided=True),
    }
    click.echo("".join(f"CIEDE2000, {way}: {value:.2f}\n" for way, value in differences.items()), nl=False)
    values = {"megapixels": megapixels, "count": count, "seconds": seconds, "ciede2000": differences}
    write_report(f"codecs_{megapixels:g}mp", values)


def write_all(
    way: Callable[[Path, int, bool], object], scans: list[Path], native_size: int, guided: bool
) -> None:
    """Write the results of all files one way."""
    for path in scans:
        way(path, native_size, guided)


def keep(path: Path, native_size: int, guided: bool) -> bytes:
    """What the engine does with a grayscale JPEG, chroma being made up."""
    photo = Photo.read(path)
    small = small_luma(photo, native_size)
    return keep_luma(photo, some_chroma(small), 0, CREDIT, small if guided else None)


def encode_anew(path: Path, native_size: int, guided: bool) -> bytes:
    """The same with --jpeg-luma reencode."""
    photo = Photo.read(path)
    small, quality = small_luma(photo, native_size), quality_of(photo, "JPEG", 0)
    return encode(
        photo,
        full_luma(photo, "JPEG"),
        some_chroma(small),
        "JPEG",
        quality,
        CREDIT,
        small if guided else None,
    )


def small_luma(photo: Photo, native_size: int) -> np.ndarray:
    """Luma uint8 (h, w) as the generator sees it."""
    height, width = input_shape(*photo.size, native_size, STRIDE)
    return np.asarray(photo.reduced(width, height))


def some_chroma(small: np.ndarray) -> np.ndarray:
    """Chroma uint8 (2, h, w) as lively as a generator's."""
    waves = [96 + 64 * np.sin(np.arange(small.size).reshape(small.shape) / step) for step in (37, 53)]
    return np.clip(np.stack(waves) * 0.3 + 100, 0, 255).astype(np.uint8)


def difference(photos: list[Path], native_size: int, *, guided: bool) -> float:
    """Mean CIEDE2000 of photographs whose chroma was reduced to the generator's size and scaled up again."""
    differences = []
    for path in photos:
        with Image.open(path) as image:
            truth = image.convert("RGB")
        height, width = input_shape(*truth.size, native_size, STRIDE)
        whole = truth.convert("YCbCr")
        small = np.asarray(whole.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0))
        chroma = small[..., 1:].transpose(2, 0, 1)
        result = merge(np.asarray(whole.getchannel(0)), chroma, small[..., 0] if guided else None)
        differences.append(ciede2000(np.asarray(result, np.uint8), np.asarray(truth)))
    return float(np.mean(differences))


if __name__ == "__main__":
    main()
