"""Faults of the system at calls that write or read, by a library that is loaded before libc (`faults.c`)."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.campaign.archive import check_complete, check_whole, contents, ended, run
from benchmarks.campaign.tally import Tally

WRITING = (
    "open",
    "write",
    "fsync",
    "close",
    "rename",
    "mkdir",
    "unlink",
    "link",
    "utimensat",
    "flock",
    "ftruncate",
)
"""Calls in the results folder that a run makes; others, such as `sendfile`, it does not."""
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EINTR)
PLACES = (1, 2, 3, 10, 40)
"""Which call of its kind fails."""
FOR_EVER = 10**6
LOADED = "COLORGAN_FAULTS"
TOLD = "COLORGAN_FAULT"
STRANGE, STRANGER = "colorized_00.jpg", b"a file at the place of a result"


def load_library(folder: Path) -> None:
    """Compile the library and start this program again with it, unless it is loaded already."""
    if LOADED not in os.environ:
        library = folder / "faults.so"
        source = Path(__file__).with_name("faults.c")
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
        environment = os.environ | {"LD_PRELOAD": str(library), LOADED: str(library)}
        words = [sys.executable, "-m", "benchmarks.campaign", *sys.argv[1:]]
        os.execve(sys.executable, words, environment)


def inject(scans: Path, good: dict[str, bytes], folder: Path, names: str) -> Tally:
    """Let each kind of call fail with each error, once and for ever, at some places of a run.

    `names` are calls with commas between, all without; `read` is of the photographs, too.
    """
    library, tally = ctypes.CDLL(os.environ[LOADED]), Tally()
    originals = contents(scans)
    results, said, counted = folder / "faulty", folder / "said", folder / "calls"

    def failing(where: Path, call: str, error: int, at: int, times: int) -> Callable[[], None]:
        def before() -> None:
            os.environ[TOLD] = f"{call} {error} {at} {times} {where}"
            library.inject(str(where).encode(), call.encode(), error, at, times)
            if at < 0:
                real = os._exit
                os._exit = lambda code: (counted.write_text(str(library.calls())), real(code))  # type: ignore

        return before

    def begin() -> None:
        shutil.rmtree(results, ignore_errors=True)
        results.mkdir()
        (results / STRANGE).write_bytes(STRANGER)

    def attempt(what: str, before: Callable[[], None], *options: str) -> None:
        begin()
        tally.tries += 1
        process = run(scans, results, said, before, *options)
        ended(process, said, tally, what, (0, 1, 2, 4, 5))
        check_whole(results, good, tally, what, STRANGER)
        if ended(run(scans, results, said), said, tally, f"after {what}", (0,)) is not None:
            check_complete(scans, results, good, tally, f"after {what}")
        if STRANGER not in map(Path.read_bytes, results.glob(f"{STRANGE}*")):
            tally.count("lost", f"{what}: a file that was there")

    for where, call in [(results, call) for call in (*WRITING, "read")] + [(scans, "read")]:
        if names and call not in names.split(","):
            continue
        begin()
        ended(run(scans, results, said, failing(where, call, 0, -1, 0)), said, tally, call, (0,))
        number = int(counted.read_text())
        print(f"{call} in {where.name}: {number} calls", file=sys.stderr)
        for error in ERRORS:
            for times in (1, FOR_EVER):
                how = f"{errno.errorcode[error]} at {call} in {where.name}"
                how += ", once" if times == 1 else ", on and on"
                for place in PLACES:
                    if place <= number:
                        attempt(f"{how}, from call {place}", failing(where, call, error, place - 1, times))
            if number and error in (errno.ENOSPC, errno.EIO):
                attempt(f"{how}, two processes", failing(where, call, error, 1, 1), "--processes", "2")
    if contents(scans) != originals:
        tally.count("lost", "an original changed")
    return tally
