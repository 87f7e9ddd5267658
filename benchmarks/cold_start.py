"""Open one runtime in a process of its own and run one batch; print what it took, as JSON.

    python -m benchmarks.cold_start open_product model.onnx cpu 2 8 256

Seconds are from before the runtime's import to the first result; megabytes are the most that were in use: the
process's resident set or, on CUDA, what is taken of the device.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).parents[1]


def cold_start(opener: str, path: Path, device: str, *numbers: int) -> dict[str, Any]:
    """Run this file, with threads, batch size and size; give `seconds` and `megabytes`, or the `problem`."""
    words = [opener, str(path), device, *map(str, numbers)]
    command = [sys.executable, "-m", "benchmarks.cold_start", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        return {"problem": (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]}
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main(opener: str, path: str, device: str, *numbers: str) -> None:
    """Do what the file's docstring says."""
    from benchmarks.photographs import luma_batch

    threads, batch_size, size = map(int, numbers)
    luma = luma_batch(batch_size, size)
    start = perf_counter()
    from benchmarks import opening

    getattr(opening, opener)(Path(path).resolve(), device, threads).predict(luma)
    seconds = perf_counter() - start
    if device == "cuda":
        import torch

        free, total = torch.cuda.mem_get_info()
        megabytes = (total - free) / 1e6
    else:
        from colorgan.devices import peak_memory

        megabytes = peak_memory() / 1e6
    print(json.dumps({"seconds": seconds, "megabytes": megabytes}))


if __name__ == "__main__":
    main(*sys.argv[1:])
