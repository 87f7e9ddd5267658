"""Time an accelerator beside onnxruntime's CPU provider, in turns, on the embedded model.

    python -m benchmarks.accelerators openvino

Each colors 16 photographs at the model's native size as the product does: the CPU in calls of one image side
by side, the accelerator in one batch. The processor's time of this process is written down, too: it says more
on a machine that is busy with other things. Writes `benchmarks/results/NAME.json`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median

import click
import numpy as np

from benchmarks.photographs import luma_batch
from benchmarks.report import write_report
from colorgan.backends import Model, load_model
from colorgan.batch.pipeline import map_unordered
from colorgan.config.accelerators import ACCELERATORS
from colorgan.devices import available_cpus
from colorgan.evaluation.turns import take_turns

COUNT = 16


@click.command()
@click.argument("name", type=click.Choice(list(ACCELERATORS)))
@click.option("--rounds", default=15, show_default=True)
def main(name: str, rounds: int) -> None:
    """Compare the accelerator NAME with the CPU."""
    models = {device: load_model(device=device) for device in ("cpu", name)}
    luma = luma_batch(COUNT, models["cpu"].native_size)
    spent: dict[str, list[float]] = {device: [] for device in models}
    calls = {device: timed(partial(color, model, luma), spent[device]) for device, model in models.items()}
    walls = take_turns(calls, rounds)
    rows = [
        {
            "device": device,
            "runs_on": model.runs_on,
            "seconds": walls[device],
            "milliseconds_an_image": 1000 * median(walls[device]) / COUNT,
            "processor_milliseconds_an_image": 1000 * median(spent[device][1:]) / COUNT,
        }
        for device, model in models.items()
    ]
    for row in rows:
        figures = (row["milliseconds_an_image"], row["processor_milliseconds_an_image"])
        click.echo("{}: {:.2f} ms an image, {:.2f} ms of processors".format(row["runs_on"], *figures))
    write_report(name, {"rows": rows})


def color(model: Model, luma: np.ndarray) -> None:
    """Predict all images, in batches that suit the model."""
    batches = [luma[at : at + model.batch_size] for at in range(0, len(luma), model.batch_size)]
    workers = min(model.at_once, available_cpus())
    assert sum(1 for _ in map_unordered(model.backend.predict, batches, workers)) == len(batches)


def timed(call: Callable[[], object], spent: list[float]) -> Callable[[], object]:
    """The call, which appends the processors' seconds that it takes."""

    def run() -> None:
        start = time.process_time()
        call()
        spent.append(time.process_time() - start)

    return run


if __name__ == "__main__":
    main()
