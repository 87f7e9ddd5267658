"""What object storage costs beside a disk, and whether a run that is stopped does anything twice.

    python -m benchmarks.storage PHOTOS_DIR --files 500

The command colors gray JPEGs of mixed sizes (0.1, 0.3 and 1 megapixel) from disk to disk and from a bucket
to a bucket, in turns. Once more from the bucket, it is stopped by SIGTERM after a third, by SIGKILL after two
thirds, and run to its end. Results must be the same in names and bytes; the server's log of requests says
what was put twice (what the killed run did in its last seconds may be). The bucket is moto's server on this
machine, whose work is on the same processors and who answers after `--latency`, as one far away does. Writes
`benchmarks/results/storage.json`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.request import Request, urlopen

import click

from benchmarks.cluster import link
from benchmarks.report import write_report
from benchmarks.scaling import MIXED, run_batch, scans_of
from colorgan.storage.objects import OBJECTS, ObjectPath, walk_objects
from colorgan.storage.protocol import ignore

SERVER = Path(__file__).parents[1] / "tests/s3_server.py"


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--files", default=500, show_default=True)
@click.option("--rounds", default=3, show_default=True, help="Turns of each.")
@click.option("--latency", default=0.05, show_default=True, help="Seconds that the store takes to answer.")
def main(photos: Path, files: int, rounds: int, latency: float) -> None:
    """Compare a bucket with a disk on files made from the photographs in PHOTOS."""
    seconds: dict[str, list[float]] = {"disk": [], "bucket": [], "bucket, as many workers as for a disk": []}
    few = ["--workers", str(2 * len(os.sched_getaffinity(0)))]
    with TemporaryDirectory() as name, bucket(Path(name), latency) as (store, url):
        work = Path(name)
        (work / "made").mkdir()
        scans = scans_of(photos, work / "made", MIXED)
        link(scans, work / "scans", files)
        for path in (work / "scans").rglob("*.jpg"):
            OBJECTS.write(store / path.relative_to(work), path.read_bytes())
        for turn in range(rounds):
            seconds["disk"].append(run_batch(work / "scans", work / f"disk{turn}", [])[0])
            for place, options in zip(list(seconds)[1:], ([], few), strict=True):
                results = store / f"turn{turn}{len(options)}"
                seconds[place].append(run_batch(store / "scans", results, options)[0])
        expected = {
            path.relative_to(work / "disk0").as_posix(): path.read_bytes()
            for path in (work / "disk0").rglob("*.jpg")
        }
        forget(url)
        twice = {}
        for share, ending in ((1 / 3, signal.SIGTERM), (2 / 3, signal.SIGKILL)):
            run_until(store, store / "stopped", round(share * files), ending)
            twice[f"before {ending.name}"] = put_twice(url)
            click.echo(f"stopped by {ending.name} with {len(images(store / 'stopped'))} done")
        run_batch(store / "scans", store / "stopped", [])
        twice["at the end"] = put_twice(url)
        same = all(images(store / each) == expected for each in ("stopped", "turn00"))
    click.echo(f"the same results, none missing: {same}; put twice: {twice}")
    for place, times in seconds.items():
        click.echo(f"{place}: {files / median(times):.1f} images/s")
    found = {"same": same, "put_twice": twice}
    report = {"files": files, "latency": latency, "seconds": seconds}
    click.echo(write_report("storage", report | found), err=True)


@contextmanager
def bucket(work: Path, latency: float) -> Iterator[tuple[ObjectPath, str]]:
    """A bucket on a server of its own, and the server's address."""
    with subprocess.Popen(
        [sys.executable, str(SERVER), str(work / "port"), str(latency)], stderr=subprocess.DEVNULL
    ) as server:
        try:
            while not (work / "port").exists():
                time.sleep(0.1)
            url = f"http://127.0.0.1:{(work / 'port').read_text()}"
            names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
            os.environ.update(dict.fromkeys(names, "benchmark"), AWS_ENDPOINT_URL=url)
            os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
            store = ObjectPath("s3:/benchmark")
            store.store.mkdir("benchmark")
            yield store, url
        finally:
            server.kill()


def run_until(store: ObjectPath, results: ObjectPath, count: int, ending: signal.Signals) -> None:
    """Run the command until so many results are there, and end it."""
    words = ["-m", "colorgan.cli.main", "batch", str(store / "scans"), str(results)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen([sys.executable, *words], stdout=quiet, stderr=quiet) as process:
        while process.poll() is None and sum(1 for _ in walk_objects(results, ignore)) < count:
            time.sleep(0.2)
        process.send_signal(ending)


def images(folder: ObjectPath) -> dict[str, bytes]:
    """Results by name."""
    found = (path for path, *_ in walk_objects(folder, ignore) if path.suffix == ".jpg")
    return {path.relative_to(folder).as_posix(): OBJECTS.read(path)[0] for path in found}


def forget(url: str) -> None:
    """Forget the requests until now."""
    urlopen(Request(f"{url}/-/faults", b"[]", method="PUT")).close()


def put_twice(url: str) -> int:
    """How many photographs were put again since then."""
    with urlopen(f"{url}/-/requests") as response:
        put_there = [path for verb, path, _ in json.load(response) if verb == "PUT" and path.endswith(".jpg")]
    return len(put_there) - len(set(put_there))


if __name__ == "__main__":
    main()
