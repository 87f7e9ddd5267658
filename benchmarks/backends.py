"""Time the forward pass of one checkpoint in every runtime it can be carried to.

    python -m benchmarks.backends saved_models/best.pt --size 256 --batch-sizes 1,4,16

Every backend gets the same threads and the same luma. Rounds are interleaved (A B C A B C ...), so that
other work on the machine meets all of them alike. Writes `benchmarks/results/backends.json`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import torch

from benchmarks.report import write_report
from colorgan.backends import Model, load_model
from colorgan.config import ExportConfig
from colorgan.devices import available_cpus
from colorgan.export.exporting import export_checkpoint
from colorgan.timing import take_turns


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path, exists=True), default="saved_models/best.pt")
@click.option("--size", default=256, show_default=True, help="Side of the square luma, in pixels.")
@click.option("--batch-sizes", default="1,4,16", show_default=True)
@click.option(
    "--rounds", default=7, show_default=True, help="Timed calls of each backend; one more warms up."
)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
def main(checkpoint: Path, size: int, batch_sizes: str, rounds: int, device: str) -> None:
    """Compare PyTorch, TorchScript and onnxruntime on CHECKPOINT."""
    threads = available_cpus()
    torch.set_num_threads(threads)
    with TemporaryDirectory() as folder:
        models = open_models(checkpoint, Path(folder), device, threads)
    rows = []
    click.echo("| backend | runs on | batch | images/s | p50 ms | p95 ms | largest difference |")
    click.echo("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for batch_size in map(int, batch_sizes.split(",")):
        luma = np.random.default_rng(0).integers(0, 256, (batch_size, 1, size, size), dtype=np.uint8)
        reference = models["PyTorch eager"].backend.predict(luma).astype(int)
        seconds = take_turns(
            {name: partial(model.backend.predict, luma) for name, model in models.items()}, rounds
        )
        for name, model in models.items():
            p50, p95 = np.percentile(seconds[name], [50, 95])
            difference = int(np.abs(model.backend.predict(luma) - reference).max())
            click.echo(
                f"| {name} | {model.runs_on} | {batch_size} | {batch_size / p50:.1f} "
                f"| {p50 * 1000:.1f} | {p95 * 1000:.1f} | {difference} |"
            )
            rows.append(
                {
                    "backend": name,
                    "runs_on": model.runs_on,
                    "batch_size": batch_size,
                    "seconds": seconds[name],
                    "largest_difference": difference,
                }
            )
    gpu = {"gpu": torch.cuda.get_device_name()} if device == "cuda" else {}
    write_report("backends", {"size": size, "threads": threads, **gpu, "rows": rows})


def open_models(checkpoint: Path, folder: Path, device: str, threads: int) -> dict[str, Model]:
    """Open the checkpoint as it is and in every exported form."""
    models = {"PyTorch eager": load_model(checkpoint, device=device)}
    for name, config in {
        "TorchScript": ExportConfig(format="torchscript"),
        "torch.export": ExportConfig(format="torch-export"),
        "ONNX": ExportConfig(),
        "ONNX, half weights": ExportConfig(half_weights=True),
        "ONNX, fp16": ExportConfig(precision="fp16"),
        "ONNX, int8": ExportConfig(precision="int8"),
    }.items():
        path = export_checkpoint(checkpoint, folder / name, config).path
        models[name] = load_model(path, device=device, threads=threads)
    return models


if __name__ == "__main__":
    main()
