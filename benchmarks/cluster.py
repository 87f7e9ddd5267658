"""What Ray costs beside one machine's own engine, and whether its results are the same.

    python -m benchmarks.cluster PHOTOS_DIR --files 5000 --actors 2

The command colors links to gray JPEGs of mixed sizes (0.1, 0.3 and 1 megapixel), by itself and by Ray on this
machine, in turns. A last turn has a worker killed by SIGKILL. A run of a few files is the start-up, and what
is beyond it is compared. Results must be the same in names, bytes and manifests. Writes
`benchmarks/results/cluster.json`. Linux.
"""

from __future__ import annotations

import os
import signal
import time
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click
import psutil

from benchmarks.report import write_report
from benchmarks.scaling import MIXED, run_batch, scans_of
from colorgan.batch.manifest import Manifest
from colorgan.batch.manifest_store import NAME
from colorgan.storage.files import sha256_of

FEW = 20


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--files", default=5000, show_default=True)
@click.option("--actors", default=2, show_default=True, help="Of one processor each.")
@click.option("--rounds", default=1, show_default=True, help="Turns of each.")
def main(photos: Path, files: int, actors: int, rounds: int) -> None:
    """Compare Ray with the engine alone on folders made from the photographs in PHOTOS."""
    engines = {"local": [], "ray": ["--engine", "ray", "--actors", str(actors), "--cpus-per-actor", "1"]}
    seconds: dict[str, list[float]] = {f"{name}, {count}": [] for name in engines for count in (FEW, files)}
    with TemporaryDirectory() as name:
        work = Path(name)
        (work / "made").mkdir()
        scans = scans_of(photos, work / "made", MIXED)
        for count in (FEW, files):
            link(scans, work / f"scans{count}", count)
        for turn in range(rounds):
            for count in (FEW, files):
                for engine, options in engines.items():
                    results = work / f"{engine}{count}-{turn}"
                    seconds[f"{engine}, {count}"].append(
                        run_batch(work / f"scans{count}", results, options)[0]
                    )
        expected, found = what_is_in(work / f"local{files}-0"), what_is_in(work / f"ray{files}-0")
        click.echo(f"the same results: {found == expected}")
        killed, _ = run_batch(
            work / f"scans{files}", work / "killed", engines["ray"], lambda: kill_an_actor(work / "killed")
        )
        same_after_kill = what_is_in(work / "killed") == expected
        click.echo(f"the same with a worker killed: {same_after_kill}, {killed:.0f} s")
    beyond = {
        engine: median(seconds[f"{engine}, {files}"]) - median(seconds[f"{engine}, {FEW}"])
        for engine in engines
    }
    for engine in engines:
        start, whole = median(seconds[f"{engine}, {FEW}"]), median(seconds[f"{engine}, {files}"])
        click.echo(f"{engine}: {FEW} files {start:.1f} s, {files} files {whole:.1f} s")
    click.echo(f"beyond start-up, Ray takes {beyond['ray'] / beyond['local']:.3f} of the time")
    report = {"files": files, "actors": actors, "seconds": seconds, "seconds_with_a_kill": killed}
    same = {"same": found == expected, "same_after_kill": same_after_kill}
    click.echo(write_report("cluster", report | same), err=True)


def link(scans: list[Path], folder: Path, count: int) -> None:
    """Fill a folder with links to scans, 500 in a sub-folder."""
    for number, scan in enumerate(islice(cycle(scans), count)):
        path = folder / f"{number // 500:03}" / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(scan, path)


def kill_an_actor(results: Path) -> None:
    """Wait until some photographs are colored, and kill an actor."""
    while sum(1 for _ in results.glob("*/colorized_*")) < 2 * FEW:
        time.sleep(0.2)
    actors = [each for each in psutil.process_iter() if "ray::Actor" in " ".join(each.cmdline())]
    actors[0].send_signal(signal.SIGKILL)


def what_is_in(results: Path) -> dict[str, str]:
    """Results by name with their hashes, and what the manifest says of each input."""
    hashes = {
        path.relative_to(results).as_posix(): sha256_of(path) for path in results.rglob("colorized_*.jpg")
    }
    assert (results / NAME).exists()
    entries = Manifest(results).entries.values()
    return hashes | {f"entry {entry.path}": f"{entry.status} {entry.output}" for entry in entries}


if __name__ == "__main__":
    main()
