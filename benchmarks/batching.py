"""Simulate a device that wants batches, to see whether photographs of many shapes keep it and the cores busy.

    python benchmarks/batching.py
    python benchmarks/batching.py --cores 32 --held 0

The engine's own threads and batches are run. Processors and device are simulated. On each of `--cores`
processors a photograph takes `--codec` ms, half before its batch and half after; `--held` of them hold
Python's interpreter, as in the product. The device takes `--call` ms a batch and `--image` ms an image, one
batch at a time. All of it is slept, so that two processors simulate many. No run can pass the least of cores
/ codec, 1 / held and the device with full batches.

Waits are those of a photograph of the last shape, from asking to having its chroma, in times of a full batch.
Where that shape is rare, one photograph in 50 has it.
Writes
`benchmarks/results/batching.json`.
"""

from __future__ import annotations

import ctypes
import random
import sys
from pathlib import Path
from threading import Lock, Semaphore
from time import perf_counter, sleep
from typing import Any

if not __package__:  # run as a file: its siblings are found by the project's root
    sys.path.insert(0, str(Path(__file__).parents[1]))

import click
import numpy as np

from benchmarks.report import write_report
from colorgan.batch.engine import workers_for
from colorgan.batch.pipeline import Batcher, map_unordered

LIBC = ctypes.PyDLL(None)
"""The C library, whose functions are called with the interpreter in hand."""
RARE = 0.02
"""Share of photographs that have the rare shape."""


@click.command()
@click.option("--shapes", default="1,2,4,8,10", show_default=True, help="Shapes in the archive.")
@click.option("--photographs", default=1500, show_default=True, help="Of a run.")
@click.option("--batch-size", default=16, show_default=True)
@click.option("--cores", default=16, show_default=True)
@click.option("--codec", default=30.0, show_default=True, help="Work of a core on a photograph, in ms.")
@click.option("--held", default=1.4, show_default=True, help="Of that with the interpreter in hand, in ms.")
@click.option("--call", default=3.0, show_default=True, help="Device's time for a batch, in ms.")
@click.option("--image", default=0.15, show_default=True, help="Device's time for an image more, in ms.")
@click.option(
    "--slower", default=4.0, show_default=True, help="Factor for all times, for what this machine adds."
)
@click.option("--name", default="batching", show_default=True, help="Of the file in benchmarks/results/.")
def main(shapes: str, name: str, **settings: Any) -> None:
    """Print images a second and waits, by the number of shapes."""
    rows = []
    click.echo("| shapes | images/s | images a batch | wait, median | wait, p99 |")
    click.echo("| --- | ---: | ---: | ---: | ---: |")
    for number in map(int, shapes.split(",")):
        for rare in (False, True) if number > 1 else (False,):
            rows.append(simulate(number, rare, **settings))
            click.echo(shown(rows[-1]))
    click.echo(write_report(name, {"settings": settings, "rows": rows}), err=True)


def simulate(
    shapes: int,
    rare: bool,
    photographs: int,
    batch_size: int,
    cores: int,
    codec: float,
    held: float,
    call: float,
    image: float,
    slower: float,
) -> dict[str, Any]:
    """Take photographs of so many shapes through the engine's threads; the rate, and waits in batches."""
    full_batch = slower * (call + image * batch_size) / 1000
    processors, device, sizes, waits = Semaphore(cores), Lock(), list[int](), list[float]()

    def predict(batch: list[int]) -> list[int]:
        with device:
            sleep(slower * (call + image * len(batch)) / 1000)
        sizes.append(len(batch))
        return batch

    batcher = Batcher(predict, lambda shape: shape, batch_size, at_once=1)

    def work_on_codecs() -> None:
        with processors:
            sleep(slower * (codec - held) / 2000)
            LIBC.usleep(round(slower * held * 500))  # which lets no other thread run

    def color(shape: int) -> None:
        work_on_codecs()
        asked = perf_counter()
        batcher(shape)
        if shape == shapes - 1:
            waits.append((perf_counter() - asked) / full_batch)
        work_on_codecs()

    weights = [1.0] * (shapes - 1) + [RARE / (1 - RARE) * (shapes - 1) if rare else 1.0]
    todo = random.Random(0).choices(range(shapes), weights, k=photographs)
    start = perf_counter()
    for _ in map_unordered(color, todo, workers_for(batch_size, 1, cores)):
        pass
    rate = slower * photographs / (perf_counter() - start)
    median, p99 = np.percentile(waits, [50, 99]).tolist()
    row = {
        "shapes": shapes,
        "rare": rare,
        "images_per_second": rate,
        "images_per_batch": np.mean(sizes).item(),
    }
    return row | {"wait_median": median, "wait_p99": p99}


def shown(row: dict[str, Any]) -> str:
    """A line of the table."""
    shapes = f"{row['shapes'] - 1} and a rare one" if row["rare"] else row["shapes"]
    figures = [f"{row[name]:.1f}" for name in ("images_per_batch", "wait_median", "wait_p99")]
    return f"| {shapes} | {row['images_per_second']:.0f} | {' | '.join(figures)} |"


if __name__ == "__main__":
    main()
