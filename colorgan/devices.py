"""What there is to compute on: processors, a CUDA device, and the packages that are installed."""

from __future__ import annotations

import ctypes
import math
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from colorgan.errors import DeviceError

if TYPE_CHECKING:
    import torch


def available_cpus() -> int:
    """Count the processors this process may use: affinity and the cgroup's quota, not the machine's."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(affinity, -(-int(quota) // int(period))))
    except (OSError, ValueError):  # not Linux, an older cgroup, or no limit ("max")
        return affinity


def peak_memory() -> float:
    """The most bytes of this process that were in memory until now; nan where that is not to be had."""
    try:  # what getrusage has on Linux is that of the parent, where that was larger when it started this
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(1024.0 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        if sys.platform != "darwin":
            return math.nan
    import resource

    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def has_cuda_driver() -> bool:
    """Whether the NVIDIA driver's library is there; says nothing of CUDA itself."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def version_of(package: str) -> str:
    """The version of an installed package; empty if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def torch_device(name: str) -> torch.device:
    """Turn auto, cpu, cuda or cuda:N into a device that PyTorch can use."""
    import torch

    there, number = torch.cuda.device_count(), int(name.partition(":")[2] or 0)
    if name.startswith("cuda") and number >= there:
        raise DeviceError(f"{name} was asked for, but PyTorch finds {there} CUDA devices; use --device cpu")
    return torch.device("cuda", number) if name != "cpu" and there else torch.device("cpu")
