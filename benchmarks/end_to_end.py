"""Time a folder of gray JPEGs to a folder of coloured ones.

    python -m benchmarks.end_to_end PHOTOS_DIR --megapixels 1 --count 200

Contenders take turns: `session`, the model alone on luma that is ready in memory, with as many calls side by
side as the product makes; `product`, colorgan's own engine, files to files, which keeps the luma of a gray
JPEG as it is stored and makes a single-threaded call of the model for each core; `re-encoded`, the same with
`--jpeg-luma reencode`; `one call`, that with one call at a time on all cores; `loop`, what one writes first:
full decode by Pillow, one image at a time through onnxruntime with its default options, merge and encode by
Pillow. The photographs are those of the folder, enlarged, with grain, so that they cost a codec
what scans do. Writes `benchmarks/results/end_to_end_{megapixels}mp_at_{native size}.json`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click
import numpy as np
import onnxruntime as ort
from PIL import Image

from benchmarks.photographs import make_photographs
from benchmarks.report import write_report
from colorgan import ColorizeConfig, Colorizer
from colorgan.backends import EMBEDDED_MODEL, load_model
from colorgan.colorizer import generator_shape
from colorgan.devices import available_cpus
from colorgan.pipeline import map_unordered
from colorgan.timing import take_turns


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--megapixels", default=1.0, show_default=True)
@click.option("--count", default=200, show_default=True, help="Files in the folder.")
@click.option("--rounds", default=3, show_default=True)
@click.option(
    "--model", type=click.Path(path_type=Path), default=EMBEDDED_MODEL, help="Default: the embedded."
)
@click.option("--native-size", type=int, help="What the generator is to see.  [default: the model's own]")
def main(
    photos: Path, megapixels: float, count: int, rounds: int, model: Path, native_size: int | None
) -> None:
    """Compare the engine with its model and with a plain loop on the photographs in PHOTOS."""
    reencode = ColorizeConfig(jpeg_luma="reencode")
    colorizer, reencoding, one_call = Colorizer(model), Colorizer(model, reencode), Colorizer(model, reencode)
    native_size = native_size or colorizer.model.native_size
    colorizer.model = reencoding.model = replace(colorizer.model, native_size=native_size)
    one_call.model = replace(load_model(model, threads=available_cpus()), native_size=native_size)
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    with TemporaryDirectory() as name:
        folder = Path(name, "scans")
        make_photographs(photos, folder, megapixels, count)
        lumas = [small_luma(path, native_size) for path in sorted(folder.iterdir())]

        def run_session() -> None:
            calls = map_unordered(colorizer.model.backend.predict, lumas, colorizer.model.at_once)
            assert sum(1 for _ in calls) == count

        def run_engine(colorizer: Colorizer) -> None:
            with TemporaryDirectory(dir=name) as results:
                assert all(outcome.output for outcome in colorizer.colorize_folder(folder, results))

        def run_loop() -> None:
            with TemporaryDirectory(dir=name) as results:
                plain_loop(folder, Path(results), session, native_size)

        contenders: dict[str, Callable[[], object]] = {
            "session": run_session,
            "product": partial(run_engine, colorizer),
            "re-encoded": partial(run_engine, reencoding),
            "one call": partial(run_engine, one_call),
            "loop": run_loop,
        }
        seconds = take_turns(contenders, rounds)
    click.echo("| contender | images/s | of the session | of the loop |")
    click.echo("| --- | ---: | ---: | ---: |")
    medians = {name: median(times) for name, times in seconds.items()}
    for name, time in medians.items():
        of_session, of_loop = medians["session"] / time, medians["loop"] / time
        click.echo(f"| {name} | {count / time:.2f} | {of_session:.2f} | {of_loop:.2f} |")
    values = {
        "megapixels": megapixels,
        "count": count,
        "native_size": native_size,
        "runs_on": colorizer.model.runs_on,
        "seconds": seconds,
    }
    write_report(f"end_to_end_{megapixels:g}mp_at_{native_size}", values)


def small_luma(path: Path, native_size: int) -> np.ndarray:
    """Luma uint8 (1, 1, h, w) as the generator sees it."""
    with Image.open(path) as image:
        height, width = generator_shape(*image.size, native_size)
        return np.asarray(image.convert("L").resize((width, height), Image.Resampling.BICUBIC))[None, None]


def plain_loop(folder: Path, results: Path, session: ort.InferenceSession, native_size: int) -> None:
    """Colour a folder as one first writes it: one file after the other."""
    for path in sorted(folder.iterdir()):
        luma = Image.open(path).convert("L")
        height, width = generator_shape(*luma.size, native_size)
        small = np.asarray(luma.resize((width, height), Image.Resampling.BICUBIC))
        chroma = session.run(None, {"luma": small[None, None]})[0][0]
        planes = [Image.fromarray(plane).resize(luma.size, Image.Resampling.BICUBIC) for plane in chroma]
        Image.merge("YCbCr", (luma, *planes)).save(results / path.name, quality=95, subsampling="4:2:0")


if __name__ == "__main__":
    main()
