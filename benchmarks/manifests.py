"""What the manifest and the shards cost with many files: time and memory, without a photograph.

    python -m benchmarks.manifests --entries 10000,100000,1000000 --objects 10000000

Of manifests as runs write them. `read`: time and memory of a run to know what was done. `compact`: the time
of its end. `1 of 64`: reading as a shard does, which has its own manifest. `share out`: the hash that tells a
file's shard. Each is in a process of its own. Listing is of empty files in folders of 1,000, of `--list` at
most, and so many times longer for more. `--objects` is what the driver of a Ray cluster does before its
workers begin: it lists so many objects, finds what is left to do, and cuts chunks. The store answers at once;
a real one adds the time of an answer for each folder. Writes `benchmarks/results/manifests.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from unittest.mock import patch

import click

from benchmarks.report import write_report
from colorgan.batch.entry import Entry, now
from colorgan.batch.job import Job
from colorgan.batch.manifest import Manifest
from colorgan.batch.manifest_store import manifest_path
from colorgan.batch.outcome import Outcome
from colorgan.batch.pending import pending
from colorgan.batch.sharding import Shard
from colorgan.cluster.driver import share_out as chunks_of
from colorgan.colorizer import Colorizer
from colorgan.config import ColorizeConfig
from colorgan.devices import peak_memory
from colorgan.storage.local import walk_files

ONE = Shard(1, 64)
MADE_BY = f"{'0' * 64} {ColorizeConfig().result_settings} prefix=colorized_"


@click.command()
@click.option("--entries", default="10000,100000,1000000", show_default=True)
@click.option("--list", "listed", default=100_000, show_default=True, help="Files to make and list, at most.")
@click.option("--objects", default=10_000_000, show_default=True, help="Of the driver's input.")
def main(entries: str, listed: int, objects: int) -> None:
    """Measure manifests of so many entries."""
    rows: list[dict[str, Any]] = []
    click.echo(
        "| entries | MB | read, s | peak MB | compact, s | 1 of 64: s | peak MB | share out, s | list, s |"
    )
    click.echo("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for count in map(int, entries.split(",")):
        with TemporaryDirectory() as name:
            rows.append(measure(Path(name), count, listed))
        click.echo("| " + " | ".join(f"{value:,.4g}" for value in rows[-1].values()) + " |")
    seconds, peak = apart(drive, objects)
    click.echo(f"a driver's plan for {objects:,} objects: {seconds:,.0f} s, {peak:,.0f} MB")
    driver = {"objects": objects, "seconds": seconds, "peak": peak}
    click.echo(write_report("manifests", {"rows": rows, "driver": driver}), err=True)


def measure(folder: Path, count: int, listed: int) -> dict[str, float]:
    """One row."""
    whole, parts = folder / "whole", folder / "parts"
    write(manifest_path(whole, None), names(count))
    write(manifest_path(parts, ONE), filter(ONE.holds, names(count)))
    read, peak = apart(Manifest, whole)
    one, one_peak = apart(Manifest, parts, ONE)
    return {
        "entries": count,
        "megabytes": manifest_path(whole, None).stat().st_size / 1e6,
        "read": read,
        "read_peak": peak,
        "compact": apart(run_nothing, whole)[0] - read,
        "one": one,
        "one_peak": one_peak,
        "share_out": apart(share_out, count)[0],
        "list": apart(walk, make_files(folder / "files", min(count, listed)))[0] * max(1, count / listed),
    }


def names(count: int) -> Iterable[str]:
    """Paths of inputs, in folders of 1,000."""
    return (f"{number // 1000:05}/{number:08}.jpg" for number in range(count))


def write(path: Path, inputs: Iterable[str]) -> None:
    """Write a manifest that says of all of them that they are colored."""
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="ascii") as file:
        for name in inputs:
            output = f"{Path(name).parent}/colorized_{Path(name).name}"
            entry = Entry(
                path=name,
                status="colored",
                output=output,
                how="luma_kept",
                size=700_000,
                mtime_ns=10**18,
                sha256="0" * 64,
                output_size=800_000,
                output_mtime_ns=10**18,
                output_sha256="0" * 64,
                made_by=MADE_BY,
                seconds=0.0421,
                colorfulness=17.3,
                finished=now(),
            )
            file.write(entry.to_line() + "\n")


def make_files(folder: Path, count: int) -> Path:
    """Make so many empty files."""
    for name in names(count):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def run_nothing(folder: Path) -> None:
    """Begin and end a run."""
    with Manifest.open(Job(folder, folder)):
        pass


def share_out(count: int) -> int:
    """How many are in a shard."""
    return sum(map(ONE.holds, names(count)))


def walk(folder: Path) -> int:
    """List the files in a folder and below."""
    return sum(1 for _ in walk_files(folder))


class Store:
    """Names in folders of 1,000, as fsspec's file systems list them."""

    def __init__(self, count: int) -> None:
        self.count = count

    def info(self, place: str) -> dict[str, Any]:
        """The folders of a store are no objects."""
        raise FileNotFoundError(place)

    def ls(self, folder: str, **_kwargs: object) -> list[dict[str, Any]]:
        """List a folder, or the bucket with all of them."""
        bucket, _, name = folder.removeprefix("s3://").partition("/")
        if not name:
            numbers = range(-(-self.count // 1000))
            return [{"name": f"{bucket}/{number:05}", "type": "directory"} for number in numbers]
        first = 1000 * int(name)
        return [
            {"name": f"{bucket}/{name}/{n:08}.jpg", "type": "file", "size": 700_000, "ETag": f'"{n:032x}"'}
            for n in range(first, min(first + 1000, self.count))
        ]


def drive(count: int) -> int:
    """List, tell what is left to do, and cut it into chunks."""
    with patch("colorgan.storage.objects.ObjectPath.store", Store(count)):
        job = Job.plan("s3://bucket", "results")
        manifest = Manifest(Path("results"))
        items = pending(job, manifest, Colorizer().made_by(job))
        left = [(str(item.path), *item[1:]) for item in items if not isinstance(item, Outcome)]
        return len(chunks_of(job, left, actors=64))


def apart(function: Callable[..., object], *arguments: object) -> tuple[float, float]:
    """Seconds of a call in a process of its own, and that process's peak memory in MB."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_timed, function, arguments).result()


def _timed(function: Callable[..., object], arguments: tuple[object, ...]) -> tuple[float, float]:
    start = perf_counter()
    kept = function(*arguments)
    seconds = perf_counter() - start
    del kept
    return seconds, peak_memory() / 1e6


if __name__ == "__main__":
    main()
