"""A small archive, a run over it in a process of its own, and a look at what it left."""

from __future__ import annotations

import io
import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.campaign.tally import Tally
from colorgan.batch.manifest import Manifest
from colorgan.batch.outcome import Status
from colorgan.batch.progress import status

LIMIT = 120
"""Seconds after which a run hangs."""

SUFFIXES = (".jpg", ".png", ".tif", ".xmp")

fork = multiprocessing.get_context("fork")
"""Each run begins with everything imported: a campaign takes minutes, not hours."""


def picture(seed: int, width: int = 64, height: int = 48) -> Image.Image:
    """A gray picture of soft shapes, different for each seed."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8), dtype=np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def make_archive(folder: Path, count: int = 12) -> Path:
    """JPEGs, PNGs and TIFFs in a folder and below; one is in color, one has a sidecar."""
    (folder / "sub").mkdir(parents=True)
    Image.merge("RGB", [picture(seed) for seed in (1, 2, 3)]).save(folder / "color.jpg")
    (folder / "00.xmp").write_text("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    for number in range(count):
        suffix = (".jpg", ".png", ".tif")[number % 3]
        picture(number).save(folder / ("sub" if number % 2 else "") / f"{number:02}{suffix}")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Pictures and sidecars in a folder and below, by their paths."""
    found = (path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def run(
    scans: Path, results: Path, said: Path, before: Callable[[], object] | None = None, *options: str
) -> BaseProcess:
    """Start `colorgan batch` in a process; what it prints goes to a file. `before` is called in it first."""

    def child() -> None:
        descriptor = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), write_through=True)
        sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), write_through=True)
        if before:
            before()
        from colorgan.cli.main import main

        main(["batch", str(scans), str(results), "--workers", "4", *options])

    process = fork.Process(target=child)
    process.start()
    return process


def ended(process: BaseProcess, said: Path, tally: Tally, what: str, codes: tuple[int, ...]) -> int | None:
    """Wait for a run; count a hang, a traceback, or an end with another code than one of these."""
    process.join(LIMIT)
    if process.exitcode is None:
        process.kill()
        process.join()
        tally.count("hangs", what)
        return None
    text = said.read_text("utf-8", "replace") if said.exists() else ""
    if "Traceback" in text or process.exitcode not in codes:
        tally.count("tracebacks", f"{what}: exit code {process.exitcode}: {text[-300:]}")
    return process.exitcode


def check_whole(
    results: Path, good: dict[str, bytes], tally: Tally, what: str, stranger: bytes | None = None
) -> None:
    """Count files of results that are neither what an undisturbed run writes nor what was there before."""
    for name, data in contents(results).items():
        if data not in (good.get(name), stranger):
            tally.count("half_written", f"{what}: {name}")


def check_complete(scans: Path, results: Path, good: dict[str, bytes], tally: Tally, what: str) -> None:
    """Count what is missing after a run that nothing disturbed, and what was condemned."""
    there = contents(results)
    for name in good.keys() - there.keys():
        tally.count("lost", f"{what}: {name}")
    check_whole(results, good, tally, what)
    for name, entry in Manifest(results).entries.items():
        if entry.status not in (Status.COLORED, Status.COPIED):
            tally.count("condemned", f"{what}: {name}: {entry.status}: {entry.error}")
    if not status(results, scans, read="all").is_complete:
        tally.count("lost", f"{what}: status is not complete")
