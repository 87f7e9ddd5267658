"""Folders of damaged files, each colored by a run of `colorgan-batch` in a process of its own."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from shutil import rmtree

from benchmarks.campaign.mutations import look_at, mutate
from benchmarks.campaign.seeds import seeds
from benchmarks.campaign.tally import Tally
from colorgan.batch.manifest import Manifest
from colorgan.batch.outcome import Status
from colorgan.colorizer import Colorizer
from colorgan.errors import ExitCode

TOGETHER = 500
"""Files in a folder."""
LIMIT = 900
"""Seconds after which a run hangs."""
MOST = 950_000
"""Kilobytes that a run may take, by the formula of docs/operate.md."""
OPTIONS = ("--if-color", "recolor", "--max-pixels", "4000000", "--memory", "500", "--report", "--quiet")
EXPECTED = ("Failed: ", "Changed: ", "Warning: ", "  ")
"""How lines on standard error begin."""


def color_folders(count: int, seed: int, kinds: str, folder: Path) -> Tally:
    """Damage so many files of each suffix, and color them.

    `kinds` are words, with commas between: files are taken whose names have one of them.
    """
    tally, by_suffix = Tally(), dict[str, list[bytes]]()
    for name, data in sorted(seeds(Colorizer()).items()):
        if any(word in name for word in kinds.split(",")) and not name.startswith("result of"):
            by_suffix.setdefault(name.rpartition(".")[2].lower(), []).append(data)
    for suffix, files in by_suffix.items():
        for first in range(seed, seed + count, TOGETHER):
            numbers = range(first, min(first + TOGETHER, seed + count))
            _color(suffix, files, numbers, folder / "damaged", tally)
    return tally


def _color(suffix: str, files: list[bytes], numbers: Iterable[int], folder: Path, tally: Tally) -> None:
    rmtree(folder, ignore_errors=True)
    (folder / "in").mkdir(parents=True)
    originals = {}
    for number in numbers:
        data = mutate(files[number % len(files)], random.Random(f"{suffix} {number}"))
        originals[f"{number:06}.{suffix}"] = data
        (folder / "in" / f"{number:06}.{suffix}").write_bytes(data)
    tally.tries += len(originals)
    command = [sys.executable, "-m", "colorgan.cli.main", "batch", str(folder / "in"), str(folder / "out")]
    try:
        done = subprocess.run([*command, *OPTIONS], capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        tally.count("hangs", f"{suffix} from {min(originals)}")
        return
    if (peak := getrusage(RUSAGE_CHILDREN).ru_maxrss) > MOST > tally.peak:
        tally.count("tracebacks", f"{suffix} from {min(originals)}: took {peak // 1000} MB")
    tally.peak = max(tally.peak, peak)
    strange = [line for line in done.stderr.splitlines() if not line.startswith(EXPECTED)]
    if done.returncode not in (ExitCode.DONE, ExitCode.SOME_FAILED) or strange:
        tally.count("tracebacks", f"{suffix} from {min(originals)}: {done.returncode} {strange[:3]}")
    entries = {entry.path: entry for entry in Manifest(folder / "out").entries.values()}
    for name, data in originals.items():
        entry = entries.get(name)
        if entry is None or (folder / "in" / name).read_bytes() != data:
            tally.count("lost", f"{name}: {'has no entry' if entry is None else 'was changed'}")
        elif Status(entry.status).is_failure and (not entry.error or "\n" in entry.error):
            tally.count("tracebacks", f"{name}: {entry.error!r}")
        elif entry.output:
            try:
                look_at((folder / "out" / entry.output).read_bytes())
            except Exception as error:
                tally.count("half_written", f"{name}: {type(error).__name__}: {error}")
