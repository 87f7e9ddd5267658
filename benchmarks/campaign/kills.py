"""Runs that SIGKILL ends at random moments, and two runs that want one folder."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

from benchmarks.campaign.archive import check_complete, check_whole, contents, ended, run
from benchmarks.campaign.tally import Tally

IN_A_ROW = 5
"""Kills before a run is let go to its end."""


def kill(scans: Path, good: dict[str, bytes], seconds: float, folder: Path, kills: int) -> Tally:
    """Kill runs, which take so many seconds, at random moments; then let one end, and look."""
    tally, source = Tally(), random.Random(0)
    originals = contents(scans)
    results, said = folder / "killed", folder / "said"
    while tally.tries < kills:
        shutil.rmtree(results, ignore_errors=True)
        for _ in range(min(IN_A_ROW, kills - tally.tries)):
            process = run(scans, results, said)
            time.sleep(source.uniform(0, 1.2 * seconds))
            process.kill()
            process.join()
            tally.tries += 1
            check_whole(results, good, tally, f"after kill {tally.tries}")
        what = f"after {tally.tries} kills"
        if ended(run(scans, results, said), said, tally, what, (0,)) is not None:
            check_complete(scans, results, good, tally, what)
    if contents(scans) != originals:
        tally.count("lost", "an original changed")
    return tally


def write_together(scans: Path, good: dict[str, bytes], folder: Path, rounds: int) -> Tally:
    """Start two runs into one folder at once, whole ones or parts: one may be told to wait, none to fail."""
    tally = Tally()
    for number in range(rounds):
        results = folder / f"together{number}"
        said = [folder / f"said{each}" for each in (1, 2)]
        parts = [["--shard", f"{each}/2"] if number % 2 else [] for each in (1, 2)]
        both = [run(scans, results, text, None, *part) for text, part in zip(said, parts, strict=True)]
        what, tally.tries = f"round {number}", tally.tries + 1
        codes = [ended(*each, tally, what, (0, 5)) for each in zip(both, said, strict=True)]
        if 0 not in codes or (number % 2 and codes != [0, 0]):
            tally.count("lost", f"{what}: exit codes {codes}")
        check_complete(scans, results, good, tally, what)
    return tally
