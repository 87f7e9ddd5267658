"""What a reader needs to know of the machine to judge a figure."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("colorgan", "torch", "onnxruntime-gpu", "onnxruntime", "numpy", "pillow")


def describe_machine() -> dict[str, str | int]:
    """Give system, processor, Python and package versions."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor_name(),
        "processors": os.cpu_count() or 1,
        "python": platform.python_version(),
        **{package: found for package in PACKAGES if (found := _version(package))},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
