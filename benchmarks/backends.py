"""Time the forward pass of one checkpoint in every runtime it can be carried to.

    python benchmarks/backends.py --quick
    python benchmarks/backends.py saved_models/best.pt --sizes 256,1024 --batch-sizes 1,8
    python benchmarks/backends.py saved_models/best.pt --device cuda --batch-sizes 1,16,256 --minutes 8

Every contender has the same threads and the same photographs, and they take turns (A B C A B C ...) until
their medians are steady. Cold start (import, load, first batch) and peak memory are of a process of its own.
The colors are compared with PyTorch's in fp32: whoever differs by more than a mean CIEDE2000 of 1 is marked,
and has no rank. Without a checkpoint, an untrained generator of the embedded model's size is timed. Writes
`benchmarks/results/backends.json`, or what `--name` says.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

if not __package__:  # run as a file: its siblings are found by the project's root
    sys.path.insert(0, str(Path(__file__).parents[1]))

import click
import numpy as np
import psutil

from benchmarks.cold_start import cold_start
from benchmarks.contenders import CONTENDERS, QUICK, REFERENCE, Contender, export, untrained_checkpoint
from benchmarks.measure import measure
from benchmarks.opening import Opened
from benchmarks.photographs import luma_batch
from benchmarks.report import write_report
from colorgan.devices import available_cpus
from colorgan.errors import ColorganError
from colorgan.evaluation.metrics import ciede2000
from colorgan.networks.checkpoint import load_checkpoint
from colorgan.photo.color import Planes, merge

DIFFERS = 1.0
"""Mean CIEDE2000 to PyTorch in fp32 above which a contender has no rank."""

COMPARED = 4
"""Photographs of a batch whose colors are compared."""


@dataclass
class Table:
    """Rows that were measured, and combinations that were not, with the reason."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)

    def skip(self, what: str, why: str) -> None:
        """Note and say why something is not measured."""
        self.skipped.append({"what": what, "why": why})
        click.echo(f"skipped: {what}: {why}", err=True)


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path, exists=True), required=False)
@click.option("--sizes", default="96,256", show_default=True, help="Sides of the square luma, in pixels.")
@click.option("--batch-sizes", default="1,8", show_default=True)
@click.option("--rounds", default=15, show_default=True, help="Turns of each contender, at most.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--only", help="Contenders, such as 'onnxruntime, int8;OpenVINO, int8'.")
@click.option("--minutes", default=60.0, show_default=True, help="Combinations that come later are skipped.")
@click.option("--memory", type=float, help="Gigabytes a batch may need.  [default: 70 % of what is free]")
@click.option("--quick", is_flag=True, help="Eager, TorchScript and onnxruntime; 256 px; batches of 1 and 8.")
@click.option("--name", default="backends", show_default=True, help="Of the file in benchmarks/results/.")
def main(
    checkpoint: Path | None,
    sizes: str,
    batch_sizes: str,
    rounds: int,
    device: str,
    only: str | None,
    minutes: float,
    memory: float | None,
    quick: bool,
    name: str,
) -> None:
    """Compare runtimes on CHECKPOINT."""
    until = time.monotonic() + 60 * minutes
    names = [each.strip() for each in only.split(";")] if only else [each.name for each in CONTENDERS]
    if quick:
        sizes, batch_sizes, rounds, names, name = "256", "1,8", 5, list(QUICK), "quick"
    chosen = [each for each in CONTENDERS if each.name in names and device in each.devices]
    chosen = [REFERENCE, *(each for each in chosen if each is not REFERENCE)]
    table, threads = Table(), available_cpus()
    with TemporaryDirectory() as folder:
        checkpoint = checkpoint or untrained_checkpoint(Path(folder))
        channels = load_checkpoint(checkpoint)["generator_config"]["base_channels"]
        files = export_all(chosen, checkpoint, Path(folder), table)
        opened = open_all(files, device, threads, table)
        click.echo(
            "| rank | runtime | on | size | batch | images/s | p50 ms | p95 ms | cold s | peak MB | dE00 |"
        )
        click.echo("| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        for size in map(int, sizes.split(",")):
            for batch_size in map(int, batch_sizes.split(",")):
                what = f"{size} px, batch {batch_size}"
                needed, there = needed_gigabytes(channels, size, batch_size), memory or free_gigabytes(device)
                if needed > there:
                    table.skip(what, f"needs about {needed:.1f} GB, of {there:.1f}")
                elif time.monotonic() > until:
                    table.skip(what, f"the {minutes:g} minutes are over")
                else:
                    compete(opened, files, device, threads, batch_size, size, rounds, until, table)
    settings = {"base_channels": channels, "device": device, "threads": threads}
    click.echo(write_report(name, settings | {"rows": table.rows, "skipped": table.skipped}), err=True)


def export_all(
    chosen: list[Contender], checkpoint: Path, folder: Path, table: Table
) -> dict[Contender, Path]:
    """The file of each contender that can be had."""
    files = {}
    for contender in chosen:
        if contender.package and not find_spec(contender.package):
            table.skip(contender.name, f"pip install {contender.package}")
            continue
        try:
            files[contender] = export(contender, checkpoint, folder).resolve()
        except ColorganError as error:
            table.skip(contender.name, str(error))
    return files


def open_all(
    files: dict[Contender, Path], device: str, threads: int, table: Table
) -> dict[Contender, Opened]:
    """The contenders that can be opened on this machine."""
    opened = {}
    for contender, path in files.items():
        try:
            opened[contender] = contender.open(path, device, threads)
        except (ColorganError, RuntimeError) as error:
            table.skip(contender.name, str(error).splitlines()[0])
    return opened


def compete(
    opened: dict[Contender, Opened],
    files: dict[Contender, Path],
    device: str,
    threads: int,
    batch_size: int,
    size: int,
    rounds: int,
    until: float,
    table: Table,
) -> None:
    """Time one batch in all contenders, and show them from the fastest to the slowest."""
    luma = luma_batch(batch_size, size)
    expected = opened[REFERENCE].predict(luma)
    # A result in main memory is the end of a call: CUDA has nothing left to do then.
    timings = measure(
        {each.name: partial(opening.predict, luma) for each, opening in opened.items()}, rounds, until
    )
    rows: list[dict[str, Any]] = []
    for contender, opening in opened.items():
        timing, cold = timings[contender.name], {}
        if time.monotonic() < until:
            cold = cold_start(contender.open.__name__, files[contender], device, threads, batch_size, size)
        rows.append(
            {
                "contender": contender.name,
                "runs_on": opening.runs_on,
                "size": size,
                "batch_size": batch_size,
                "seconds": timing.seconds,
                "median": timing.median,
                "p95": timing.p95,
                "margin": timing.margin,
                "steady": timing.is_steady,
                "cold_start": cold,
                "ciede2000": difference(luma, opening.predict(luma), expected),
            }
        )
    rows.sort(key=lambda row: (row["ciede2000"] > DIFFERS, row["median"]))
    table.rows += rows
    for rank, row in enumerate(rows, start=1):
        click.echo(shown(rank, row))


def shown(rank: int, row: dict[str, Any]) -> str:
    """A line of the table."""
    rate = row["batch_size"] / row["median"]
    spread = "±" if row["steady"] else "not steady, ±"
    place = str(rank) if row["ciede2000"] <= DIFFERS else "differs"
    cold = row["cold_start"]
    cells = [
        *(place, row["contender"], row["runs_on"], row["size"], row["batch_size"]),
        f"{rate:.1f} ({spread}{row['margin'] / row['median']:.0%})",
        f"{row['median'] * 1000:.1f}",
        f"{row['p95'] * 1000:.1f}",
        f"{cold['seconds']:.1f}" if "seconds" in cold else cold.get("problem", ""),
        f"{cold['megabytes']:.0f}" if "megabytes" in cold else "",
        f"{row['ciede2000']:.3f}",
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


def difference(luma: Planes, chroma: Planes, expected: Planes) -> float:
    """Mean CIEDE2000 of the colored images of two predictions."""
    found = []
    for gray, *pair in zip(luma[:COMPARED, 0], chroma, expected, strict=False):
        one, other = (np.asarray(merge(gray, planes), np.uint8) for planes in pair)
        found.append(ciede2000(one, other))
    return float(np.mean(found))


def needed_gigabytes(channels: int, size: int, batch_size: int) -> float:
    """About what a forward pass keeps: at the finest level of the U-Net six maps in float32, doubled."""
    return 2 * 6 * 4 * channels * size**2 * batch_size / 1e9


def free_gigabytes(device: str) -> float:
    """What may be taken: 70 % of the memory that is free."""
    if device == "cuda":
        import torch

        return 0.7 * torch.cuda.mem_get_info()[0] / 1e9
    return 0.7 * float(psutil.virtual_memory().available) / 1e9


if __name__ == "__main__":
    main()
