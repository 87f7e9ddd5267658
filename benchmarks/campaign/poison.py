"""Photographs that end the process, in every way to run: they fail, and all others are colored."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.campaign.archive import LIMIT, picture
from benchmarks.campaign.seeds import TESTS
from benchmarks.campaign.tally import Tally
from benchmarks.storage import bucket
from colorgan.batch.manifest import Manifest
from colorgan.storage.paths import AnyPath, storage_of
from colorgan.storage.protocol import ignore

COUNT, POISON = 40, 17
RUNS = 3
"""At most, until the others are colored."""
RAY = ("--engine", "ray", "--actors", "2", "--cpus-per-actor", "1")
WAYS: dict[str, Sequence[Sequence[str]]] = {
    "8 workers": [()],
    "2 processes": [("--processes", "2")],
    "4 processes": [("--processes", "4")],
    "two parts at once": [("--shard", "1/2"), ("--shard", "2/2")],
    "Ray": [RAY],
    "bucket": [()],
    "bucket, 2 processes": [("--processes", "2")],
    "bucket, two parts at once": [("--shard", "1/2"), ("--shard", "2/2")],
}
"""Commands that run side by side, by what they share."""
ENDS = {
    "SIGKILL": (signal.SIGKILL,),
    "SIGTERM, SIGKILL": (signal.SIGTERM, signal.SIGKILL),
    "Ctrl-C, Ctrl-C": (signal.SIGINT, signal.SIGINT),
    "SIGTERM": (signal.SIGTERM,),
}


def try_poison(folder: Path, only: str) -> Tally:
    """Color 40 photographs of which one ends each process that opens it; then good ones, with runs ended.

    `only` are words, with commas between, of the ways to try.
    """
    sys.path.append(str(TESTS))
    from planted import kill, plant

    tally, source = Tally(), random.Random(0)
    scans, good = _scans(folder / "poisonous", POISON), _scans(folder / "harmless", COUNT)
    ways = {way: each for way, each in WAYS.items() if any(word in way for word in only.split(","))}
    with ExitStack() as opened:
        places: dict[bool, AnyPath] = {False: folder / "poison"}
        if any("bucket" in way for way in ways):
            places[True] = opened.enter_context(bucket(folder, 0.01))[0]
        for way, commands in ways.items():
            place = places["bucket" in way]
            for name in ("SIGSEGV", "SIGKILL"):
                path, results = plant(folder / "planted", "POISON", kill(name)), place / f"{way} {name}"
                _run_to_the_end(f"{way}, {name}", commands, scans, results, tally, path)
            for name, signals in ENDS.items():
                results = place / f"{way} twice {name}"
                for _ in range(2):
                    for process in _start(commands, good, results):
                        _end(process, signals, source.uniform(0, 1))
                _run_to_the_end(f"{way}, twice {name}", commands, good, results, tally)
    return tally


def _scans(folder: Path, poison: int) -> Path:
    folder.mkdir()
    for number in range(COUNT):
        comment = b"POISON" if number == poison else b""
        picture(number).save(folder / f"{number:02}.jpg", comment=comment)
    return folder


def _start(
    commands: Sequence[Sequence[str]], scans: Path, results: AnyPath, path: str = ""
) -> list[subprocess.Popen[str]]:
    words = [sys.executable, "-m", "colorgan.cli.main", "batch", str(scans), str(results), "--workers", "8"]
    environment = os.environ | ({"PYTHONPATH": path} if path else {})
    return [
        subprocess.Popen(
            [*words, *options], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for options in commands
    ]


def _end(process: subprocess.Popen[str], signals: Sequence[int], after: float) -> None:
    assert process.stdout
    process.stdout.readline()  # the model is open
    time.sleep(after)
    for each in signals:
        process.send_signal(each)
        time.sleep(0.2)
    process.communicate()


def _run_to_the_end(
    what: str,
    commands: Sequence[Sequence[str]],
    scans: Path,
    results: AnyPath,
    tally: Tally,
    path: str = "",
) -> None:
    """Run each command until no signal ends it, then look at what the manifest says and what is there."""
    tally.tries += 1
    left, runs = list(commands), 0
    while left and runs < 2 * RUNS:
        runs += 1
        for options, process in zip(list(left), _start(left, scans, results, path), strict=True):
            try:
                said = process.communicate(timeout=LIMIT)[1]
            except subprocess.TimeoutExpired:
                process.kill()
                tally.count("hangs", what)
                return
            if process.returncode >= 0:
                left.remove(options)
            if "Traceback" in said or process.returncode not in (0, 1, -signal.SIGSEGV, -signal.SIGKILL):
                tally.count("tracebacks", f"{what}: exit code {process.returncode}: {said[-300:]}")
    counts = Counter(entry.status for entry in Manifest(results).entries.values())
    made = [found.path for found in storage_of(results).walk(results, ignore) if found.path.suffix == ".jpg"]
    failed = 1 if path else 0
    print(f"{what}: {runs} runs, {dict(counts)}, {len(made)} results", file=sys.stderr)
    if runs > RUNS or len(made) != COUNT - failed or counts["colored"] != COUNT - failed:
        tally.count("lost", f"{what}: {runs} runs, {len(made)} results, {dict(counts)}")
    if (condemned := counts["failed"] + counts["ended_process"] - failed) > 0:
        tally.count("condemned", f"{what}: {dict(counts)}", condemned)
