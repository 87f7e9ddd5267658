"""How every script here measures, and what it writes down."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

from colorgan.packages import version_of

PACKAGES = ("colorgan", "torch", "onnxruntime-gpu", "onnxruntime", "numpy", "pillow")
RESULTS = Path(__file__).parent / "results"


def write_report(name: str, values: dict[str, Any]) -> None:
    """Write the values, and the machine that they are from, to `benchmarks/results/{name}.json`."""
    RESULTS.mkdir(exist_ok=True)
    report = values | {"machine": describe_machine()}
    (RESULTS / f"{name}.json").write_text(json.dumps(report, indent=1) + "\n")


def describe_machine() -> dict[str, str | int]:
    """Give system, processor, Python and package versions."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor_name(),
        "processors": os.cpu_count() or 1,
        "python": platform.python_version(),
        **{package: found for package in PACKAGES if (found := version_of(package))},
    }


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
