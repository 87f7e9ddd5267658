"""Faults of the system at each call that writes, by a library that is loaded before libc (`faults.c`)."""

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

CALLS = ("open", "write", "fsync", "close", "rename", "mkdir", "unlink")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EINTR)
FOR_EVER = 10**6
LOADED = "COLORGAN_FAULTS"


def load_library(folder: Path) -> None:
    """Compile the library and start this program again with it, unless it is loaded already."""
    if LOADED not in os.environ:
        library = folder / "faults.so"
        source = Path(__file__).with_name("faults.c")
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
        environment = os.environ | {"LD_PRELOAD": str(library), LOADED: str(library)}
        words = [sys.executable, "-m", "benchmarks.campaign", *sys.argv[1:]]
        os.execve(sys.executable, words, environment)


def inject(scans: Path, good: dict[str, bytes], folder: Path, places: int) -> Tally:
    """Let each kind of call fail with each error, once and for ever, at some places of a run."""
    library, tally = ctypes.CDLL(os.environ[LOADED]), Tally()
    originals = contents(scans)
    results, said, counted = folder / "faulty", folder / "said", folder / "calls"

    def failing(call: str, error: int, at: int, times: int) -> Callable[[], None]:
        def before() -> None:
            import atexit

            library.inject(str(results).encode(), call.encode(), error, at, times)
            if at < 0:
                real = os._exit
                os._exit = lambda code: (counted.write_text(str(library.calls())), real(code))  # type: ignore
                atexit.register(lambda: None)

        return before

    for call in CALLS:
        shutil.rmtree(results, ignore_errors=True)
        ended(run(scans, results, said, failing(call, 0, -1, 0)), said, tally, call, (0,))
        number = int(counted.read_text())
        if not number:
            continue
        for error in ERRORS:
            for times in (1, FOR_EVER):
                for place in range(places):
                    at = number * place // places
                    how = "once" if times == 1 else "on and on"
                    what = f"{errno.errorcode[error]} at {call} {at} of {number}, {how}"
                    shutil.rmtree(results, ignore_errors=True)
                    process = run(scans, results, said, failing(call, error, at, times))
                    tally.tries += 1
                    ended(process, said, tally, what, (0, 1, 2, 4, 5))
                    check_whole(results, good, tally, what)
                    if ended(run(scans, results, said), said, tally, f"after {what}", (0,)) is not None:
                        check_complete(scans, results, good, tally, f"after {what}")
    if contents(scans) != originals:
        tally.count("lost", "an original changed")
    return tally
