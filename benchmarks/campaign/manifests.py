"""Manifests that are damaged or forged: every command reads them, and the next run mends all."""

from __future__ import annotations

import io
import json
import random
import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from benchmarks.campaign.archive import LIMIT, check_whole, contents, fork
from benchmarks.campaign.mutations import mutate
from benchmarks.campaign.tally import Tally
from colorgan.batch.manifest_store import NAME, NOTE
from colorgan.batch.progress import status

STRANGE: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**63,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    "",
    ".",
    "..",
    "../scans/00.jpg",
    "/etc/passwd",
    "a\0b",
    "\udcff",
    "\ud800",
    "a\nb",
    "x" * 5000,
    NAME,
    "sub",
    "colorized_00.jpg",
    "<script>",
    [],
    [[]],
    [None],
    {},
    {"path": "00.xmp"},
    [{"path": 1}],
    "colored",
    "failed",
    "ended_process",
)
"""Values of fields, the type of which may be another."""


def forge(text: bytes, source: random.Random) -> bytes:
    """Damage a manifest, or change what its lines say."""
    if source.random() < 0.3:
        return mutate(text, source)
    if source.random() < 0.1:
        decoded = text.decode()
        return source.choice(
            (
                decoded.encode("utf-16"),
                b"\xef\xbb\xbf" + text,
                text.replace(b"\n", b"\r\n"),
                text.replace(b"\n", b"\0"),
                text.replace(b'"', b"'"),
                b"[" * 100_000,
                text.replace(b"\n", b"\n\n \n"),
                text * 3,
                b"",
            )
        )
    lines: list[Any] = [json.loads(line) for line in text.splitlines() if line.strip()]
    for _ in range(source.randint(1, 4)):
        line = source.choice(lines)
        name = source.choice([*line, "version", "a_new_field"])
        kind = source.randrange(6)
        if kind < 3:
            line[name] = source.choice(STRANGE)
        elif kind == 3:
            line.pop(name, None)
        elif kind == 4:
            lines.append(dict(line) | {name: source.choice(STRANGE)})
        else:
            line[name] = source.choice(lines).get(name)
    source.shuffle(lines)
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def forge_manifests(scans: Path, good: dict[str, bytes], folder: Path, count: int) -> Tally:
    """Forge so many; each command may find fault with them, in one line; a run then makes all complete."""
    tally, results, found = Tally(tries=count), folder / "forged", folder / "found"
    original = (folder / "good" / NAME).read_bytes()
    originals = contents(scans)
    found.write_text("")
    for first in range(0, count, 50):
        process = fork.Process(
            target=_try_from, args=(first, min(first + 50, count), scans, good, folder, original)
        )
        process.start()
        process.join(10 * LIMIT)
        if process.exitcode != 0:
            process.kill()
            tally.count("hangs" if process.exitcode is None else "tracebacks", f"{first}: {process.exitcode}")
    for line in found.read_text().splitlines():
        what, _, note = line.partition(" ")
        tally.count(what, note)
    if contents(scans) != originals:
        tally.count("lost", "an original changed")
    shutil.rmtree(results, ignore_errors=True)
    return tally


def _commands(
    scans: Path, results: Path, folder: Path, is_reported: bool
) -> Iterator[tuple[list[str], tuple[int, ...]]]:
    """What is run, and the exit codes that it may have."""
    shutil.rmtree(folder / "originals", ignore_errors=True)
    shutil.rmtree(folder / "bag", ignore_errors=True)
    yield ["status", str(results)], (0, 1)
    yield ["status", str(results), str(scans), "--read", "--json"], (0, 1)
    yield ["status", str(results), "--read", "2/3"], (0, 1)
    yield ["restore", str(results), str(folder / "originals")], (0, 1)
    if is_reported:
        yield ["report", str(results)], (0, 1)
    yield ["bag", str(results), str(folder / "bag")], (0, 1, 2, 4)
    yield ["batch", str(scans), str(results), "--dry-run", "--json"], (0,)
    yield ["batch", str(scans), str(results), "--retry-failed", "--read", "--quiet"], (0,)


def _try_from(
    first: int, end: int, scans: Path, good: dict[str, bytes], folder: Path, original: bytes
) -> None:
    from colorgan.cli.main import main

    results, found, tally = folder / "forged", folder / "found", Tally()
    for number in range(first, end):
        source = random.Random(f"manifest {number}")
        shutil.rmtree(results, ignore_errors=True)
        shutil.copytree(folder / "good", results)
        (results / NAME).write_bytes(forge(original, source))
        if source.random() < 0.2:
            (results / NOTE).write_bytes(mutate(_note(source), source))
        for words, codes in _commands(scans, results, folder, number % 5 == 0):
            said, code = io.StringIO(), 0
            try:
                with redirect_stdout(said), redirect_stderr(said):
                    main(words, standalone_mode=True)
            except SystemExit as error:
                code = int(error.code or 0)
            except BaseException as error:
                tally.count("tracebacks", f"{number} {words[0]}: {error!r}")
                continue
            if code not in codes or "Traceback" in said.getvalue():
                tally.count("tracebacks", f"{number} {words[0]}: exit code {code}: {said.getvalue()[-300:]}")
        shutil.rmtree(results / "report", ignore_errors=True)
        check_whole(results, good, tally, str(number))
        if missing := good.keys() - contents(results).keys():
            tally.count("lost", f"{number}: {missing}")
        if not (progress := status(results, scans, read="all")).is_complete:
            tally.count("lost", f"{number}: {progress}")
        if (folder / "originals").exists():
            for name, data in contents(folder / "originals").items():
                if not (scans / name).is_file() or (scans / name).read_bytes() != data:
                    tally.count("half_written", f"{number}: restored {name}")
        with found.open("a", encoding="utf-8", errors="backslashreplace") as notes:
            notes.writelines(" ".join(note.replace(": ", " ", 1).split()) + "\n" for note in tally.notes)
        tally.notes.clear()


def _note(source: random.Random) -> bytes:
    names = ["00.jpg", "sub/01.png"]
    note = {"owner": "a test", "in_hand": names, "suspects": names, "alone": names[0], "ends": {"00.jpg": 1}}
    note[source.choice(list(note))] = source.choice(STRANGE)
    return json.dumps(note).encode() + b"\n"
