"""What every script here writes down: its figures, and the machine that they are from."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from colorgan.devices import version_of

PACKAGES = ("colorgan", "torch", "onnxruntime-gpu", "onnxruntime", "openvino", "numpy", "pillow")
RESULTS = Path(__file__).parent / "results"


def write_report(name: str, values: dict[str, Any]) -> Path:
    """Write the values, and the machine that they are from, to `benchmarks/results/{name}.json`."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(values | {"machine": describe_machine()}, indent=1) + "\n")
    return path


def describe_machine() -> dict[str, str | int]:
    """Give system, processor, GPU, Python and package versions, and the revision of the sources."""
    gpu = _output("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor_name(),
        "processors": os.cpu_count() or 1,
        **({"gpu": gpu} if gpu else {}),
        "python": platform.python_version(),
        **{package: found for package in PACKAGES if (found := version_of(package))},
        "revision": _output("git", "describe", "--always", "--dirty"),
    }


def _output(*command: str) -> str:
    """What a program prints; nothing where it is not there, or fails."""
    try:
        done = subprocess.run(command, cwd=RESULTS.parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
