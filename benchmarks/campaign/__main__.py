"""Try to lose a photograph: damaged files, faults of the system, kills, two writers, broken models.

    python -m benchmarks.campaign [mutations|folders|injected|kills|writers|broken|poison|manifests] ...

Prints the counts of each part, which but for the tries are to be zero; exits with 1 if one is not. Without a
name, all parts run: about two hours. Needs Linux, and gcc for `injected`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

import click

from benchmarks.campaign.archive import contents, ended, make_archive, run
from benchmarks.campaign.broken import break_models
from benchmarks.campaign.folders import color_folders
from benchmarks.campaign.injected import inject, load_library
from benchmarks.campaign.kills import kill, write_together
from benchmarks.campaign.manifests import forge_manifests
from benchmarks.campaign.mutations import try_all
from benchmarks.campaign.poison import try_poison
from benchmarks.campaign.tally import Tally

PARTS = ("mutations", "folders", "injected", "kills", "writers", "broken", "poison", "manifests")


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--mutations", "mutated", default=10_000, show_default=True, help="Damaged files.")
@click.option("--folders", "each", default=2000, show_default=True, help="Damaged files of each suffix.")
@click.option("--seed", default=0, show_default=True, help="Number of the first damaged file.")
@click.option("--kinds", default="", help="Damage only files whose names have one of these words: JP2,AVIF.")
@click.option("--kills", default=100, show_default=True)
@click.option("--calls", default="", help="Inject faults only at these calls: rename,link.")
@click.option("--ways", default="", help="Run poison only in ways that have one of these words: Ray,bucket.")
@click.option("--manifests", default=1000, show_default=True, help="Forged ones.")
@click.option("--rounds", default=10, show_default=True, help="Of two writers.")
def main(
    parts: tuple[str, ...],
    mutated: int,
    each: int,
    seed: int,
    kinds: str,
    kills: int,
    calls: str,
    ways: str,
    manifests: int,
    rounds: int,
) -> None:
    """Run the parts, all of them without a name."""
    folder = Path(os.environ.get("COLORGAN_CAMPAIGN") or mkdtemp(prefix="colorgan-campaign-"))
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["COLORGAN_CAMPAIGN"] = str(folder)
    if not parts or "injected" in parts:
        load_library(folder)
    import colorgan.cli.batch
    import colorgan.colorizer  # noqa: F401 - each run is a copy of this process

    scans, first = make_archive(folder / "scans"), Tally()
    started = time.monotonic()
    ended(run(scans, folder / "good", folder / "said"), folder / "said", first, "undisturbed", (0,))
    seconds, good = time.monotonic() - started, contents(folder / "good")
    if not first.is_clean or not good:
        sys.exit("\n".join(first.notes) or "the undisturbed run wrote nothing")
    work: dict[str, Callable[[], Tally]] = {
        "mutations": lambda: try_all(mutated, seed, kinds),
        "folders": lambda: color_folders(each, seed, kinds, folder),
        "injected": lambda: inject(scans, good, folder, calls),
        "kills": lambda: kill(scans, good, seconds, folder, kills),
        "writers": lambda: write_together(scans, good, folder, rounds),
        "broken": lambda: break_models(scans, good, folder),
        "manifests": lambda: forge_manifests(scans, good, folder, manifests),
        "poison": lambda: try_poison(folder, ways),
    }
    click.echo("part        tries   lost  half-written  tracebacks  hangs  condemned  seconds")
    is_clean = True
    for part in parts or PARTS:
        started, tally = time.monotonic(), work[part]()
        click.echo(
            f"{part:10} {tally.tries:6} {tally.lost:6} {tally.half_written:13} {tally.tracebacks:11} "
            f"{tally.hangs:6} {tally.condemned:10} {time.monotonic() - started:8.0f}"
        )
        for note in tally.notes:
            click.echo(f"  {note}")
        is_clean &= tally.is_clean
    sys.exit(not is_clean)


if __name__ == "__main__":
    main()
