"""Time folders of scans to folders of colored scans, and say how far that is from the machine's limits.

    python benchmarks/end_to_end.py PHOTOS_DIR
    python benchmarks/end_to_end.py PHOTOS_DIR --only '1 MP, gray JPEG' --native-size 256

Of each corpus, contenders take turns until they are steady. `colorgan` is the product's own engine, files to
files. `loop` is what the field's tools do, one image at a time: full decode, onnxruntime with its defaults,
chroma enlarged and merged in Lab at full size, encode. The machine's limits, each alone on all cores.
`model`: the generator on luma in memory, in batches that suit the device. `decode`: full decode of every file
by Pillow. `write`: the results' bytes to the disk, under their names when they are whole. No engine can pass
the least of them. On a CPU, model and decoder share the cores, so none can pass the two one after the other.
The shares are the product's in both. The luma of a gray JPEG is kept, and its scaled decode costs less than a
full one. Writes `benchmarks/results/end_to_end.json`, or what `--name` says.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

if not __package__:  # run as a file: its siblings are found by the project's root
    sys.path.insert(0, str(Path(__file__).parents[1]))

import click
import numpy as np
import onnxruntime as ort
from PIL import Image, ImageCms

from benchmarks.corpora import CORPORA
from benchmarks.measure import measure
from benchmarks.report import write_report
from colorgan import Colorizer
from colorgan.backends import EMBEDDED_MODEL, Model
from colorgan.backends.input_shape import pad
from colorgan.batch.job import Job
from colorgan.batch.pipeline import map_unordered
from colorgan.batch.sources import find_images
from colorgan.batch.timing import StageTimes
from colorgan.config import ColorizeConfig
from colorgan.devices import available_cpus
from colorgan.photo.color import merge
from colorgan.storage.files import atomic_file


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--rounds", default=9, show_default=True, help="Turns of each contender, at most.")
@click.option("--only", help="Corpora, such as '1 MP, gray JPEG;1 MP, PNG'.")
@click.option(
    "--model", type=click.Path(path_type=Path), default=EMBEDDED_MODEL, help="Default: the embedded."
)
@click.option("--device", default="auto", show_default=True, help="Device for the model.")
@click.option("--native-size", type=int, help="What the generator is to see.  [default: the model's own]")
@click.option("--name", default="end_to_end", show_default=True, help="Of the file in benchmarks/results/.")
def main(
    photos: Path,
    rounds: int,
    only: str | None,
    model: Path,
    device: str,
    native_size: int | None,
    name: str,
) -> None:
    """Compare the engine with its limits and with a plain loop on scans made from those in PHOTOS."""
    colorizer = Colorizer(model, ColorizeConfig(device=device))
    colorizer.model = replace(colorizer.model, native_size=native_size or colorizer.model.native_size)
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    rows = []
    click.echo(
        "| corpus | colorgan | loop | times | model | decode | write | of the least | of model + decode |"
    )
    click.echo("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for corpus in only.split(";") if only else CORPORA:
        with TemporaryDirectory() as folder:
            CORPORA[corpus].make(photos, Path(folder, "scans"))
            rows.append(compete(corpus, colorizer, session, Path(folder), rounds))
        click.echo(shown(rows[-1]))
    settings = {"native_size": colorizer.model.native_size, "runs_on": colorizer.model.runs_on}
    click.echo(write_report(name, settings | {"rows": rows}), err=True)


def compete(
    corpus: str, colorizer: Colorizer, session: ort.InferenceSession, folder: Path, rounds: int
) -> dict[str, Any]:
    """Time all contenders on the scans in `folder`."""
    scans, model = find_images(folder / "scans"), colorizer.model
    times = color(colorizer, folder / "scans", folder / "first")
    results = [path.read_bytes() for path in find_images(folder / "first")]
    lumas = in_batches([pad(reduced(gray_of(path), model), model.stride) for path in scans], model.batch_size)

    def run(contender: Callable[[Path], object]) -> None:
        with TemporaryDirectory(dir=folder) as destination:
            contender(Path(destination))

    def on_all_cores(function: Callable[[Any], object], items: list[Any]) -> None:
        assert sum(1 for _ in map_unordered(function, items, available_cpus())) == len(items)

    timings = measure(
        {
            "colorgan": partial(run, partial(color, colorizer, folder / "scans")),
            "loop": partial(run, partial(plain_loop, scans, session, model)),
            "model": partial(on_all_cores, colorizer.model.backend.predict, lumas),
            "decode": partial(on_all_cores, decode, scans),
            "write": partial(run, lambda to: on_all_cores(partial(write, to), list(enumerate(results)))),
        },
        rounds,
    )
    rates = {contender: len(scans) / timing.median for contender, timing in timings.items()}
    together = 1 / (1 / rates["model"] + 1 / rates["decode"])
    return {
        "corpus": corpus,
        "files": len(scans),
        "images_per_second": rates,
        "steady": {contender: timing.is_steady for contender, timing in timings.items()},
        "seconds": {contender: timing.seconds for contender, timing in timings.items()},
        "share_of_the_least_limit": rates["colorgan"] / min(rates["model"], rates["decode"], rates["write"]),
        "share_of_model_and_decode": rates["colorgan"] / together,
        "stage_shares": times.shares(),
    }


def in_batches(lumas: list[np.ndarray], size: int) -> list[np.ndarray]:
    """Lumas (h, w) of one shape together, in batches (N, 1, h, w) that suit the device."""
    shapes: dict[tuple[int, ...], list[np.ndarray]] = {}
    for luma in lumas:
        shapes.setdefault(luma.shape, []).append(luma[None])
    return [
        np.stack(alike[start : start + size])
        for alike in shapes.values()
        for start in range(0, len(alike), size)
    ]


def shown(row: dict[str, Any]) -> str:
    """A line of the table."""
    rates, steady = row["images_per_second"], row["steady"]
    cells = {each: f"{rate:.1f}" + ("" if steady[each] else " (not steady)") for each, rate in rates.items()}
    product, loop, *limits = cells.values()
    shares = f"{row['share_of_the_least_limit']:.2f} | {row['share_of_model_and_decode']:.2f}"
    times = f"{rates['colorgan'] / rates['loop']:.1f}"
    return f"| {row['corpus']} | {product} | {loop} | {times} | {' | '.join(limits)} | {shares} |"


def color(colorizer: Colorizer, scans: Path, destination: Path) -> StageTimes:
    """Color the scans by the product's engine; what its stages took."""
    times = StageTimes()
    assert all(outcome.output for outcome in colorizer.run(Job.plan(scans, destination), times=times))
    return times


def decode(path: Path) -> None:
    """Decode a file in full."""
    with Image.open(path) as image:
        image.load()


def write(folder: Path, result: tuple[int, bytes]) -> None:
    """Write a result as the product does."""
    number, data = result
    with atomic_file(folder / str(number)) as temporary:
        temporary.write_bytes(data)


def gray_of(path: Path) -> Image.Image:
    """A scan in 8 bits."""
    image = Image.open(path)
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image.convert("L")


def reduced(luma: Image.Image, model: Model) -> np.ndarray:
    """Luma uint8 (h, w) of the generator's size."""
    height, width = model.input_shape(*luma.size)
    return np.asarray(luma.resize((width, height), Image.Resampling.BICUBIC))


RGB, LAB = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
TO_LAB = ImageCms.buildTransform(RGB, LAB, "RGB", "LAB")
TO_RGB = ImageCms.buildTransform(LAB, RGB, "LAB", "RGB")


def plain_loop(scans: list[Path], session: ort.InferenceSession, model: Model, results: Path) -> None:
    """Color a folder as the field's tools do: one file after the other, with a* and b* over the full L*."""
    for path in scans:
        luma = gray_of(path)
        small = reduced(luma, model)
        chroma = model.predict(small, lambda padded: session.run(None, {"luma": padded[None, None]})[0][0])
        colored = Image.fromarray(np.asarray(merge(small, chroma), np.uint8))
        _, a, b = transformed(colored, TO_LAB).split()
        lightness, _, _ = transformed(luma.convert("RGB"), TO_LAB).split()
        planes = [plane.resize(luma.size, Image.Resampling.BICUBIC) for plane in (a, b)]
        full = transformed(Image.merge("LAB", (lightness, *planes)), TO_RGB)
        full.save(results / f"{path.parent.name}_{path.name}", quality=95)


def transformed(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    """The image in another color space."""
    result = ImageCms.applyTransform(image, transform)
    assert result is not None  # as it is not done in place
    return result


if __name__ == "__main__":
    main()
