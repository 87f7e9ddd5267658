"""Look whether everything is there that the main job needs, and say what to do about what is not."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image, features

from colorgan.batch.outcome import Status
from colorgan.colorizer import Colorizer
from colorgan.config import ColorizeConfig
from colorgan.config.accelerators import ACCELERATORS, Accelerator
from colorgan.devices import available_cpus, has_cuda_driver, version_of
from colorgan.errors import ColorganError
from colorgan.evaluation.turns import take_turns
from colorgan.version import __version__

PACKAGES = ("numpy", "pillow", "simplejpeg", "tifffile", "onnx", "torch", "torchvision")
RUNTIMES = ("onnxruntime-gpu", "onnxruntime")

CODECS = {"jpg": "JPEG", "libjpeg_turbo": "libjpeg-turbo", "zlib": "PNG", "libtiff": "TIFF", "webp": "WebP"}

CUDA_LIBRARIES = {
    12: ("cublasLt.so.12", "cublas.so.12", "cudart.so.12", "cufft.so.11", "curand.so.10", "cudnn.so.9"),
    13: ("cublasLt.so.13", "cublas.so.13", "cudart.so.13", "cufft.so.12", "curand.so.10", "cudnn.so.9"),
}
"""What onnxruntime loads, by the major version of CUDA it was built for; see its CUDA execution provider."""

LEAST_FREE = 1_000_000_000
"""Bytes of a disk below which it is worth a word."""

RUNS = 5

FAILURES = (ColorganError, ImportError)


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    detail: str
    remedy: str = ""


def examine() -> Iterator[Check]:
    """Look at one thing after the other; the main job can be done if none is a problem."""
    yield Check("colorgan", Verdict.OK, f"{__version__}, Python {platform.python_version()}, {sys.prefix}")
    yield Check("system", Verdict.OK, f"{platform.platform()}, {platform.processor() or platform.machine()}")
    yield _packages()
    yield _runtime()
    yield _codecs()
    yield _processors()
    yield _memory()
    yield _disk()
    yield from _nvidia()
    yield from _devices()
    yield _main_job()


def _packages() -> Check:
    found = {name: number for name in PACKAGES if (number := version_of(name))}
    note = "" if "torch" in found else "; without torch there is no training and no export"
    return Check("packages", Verdict.OK, ", ".join(f"{name} {v}" for name, v in found.items()) + note)


def _runtime() -> Check:
    found = {name: number for name in RUNTIMES if (number := version_of(name))}
    detail = " and ".join(f"{name} {number}" for name, number in found.items()) or "not installed"
    again = "pip uninstall -y onnxruntime onnxruntime-gpu && pip install colorgan"
    if len(found) != 1:
        problem = f"{detail}: one of onnxruntime and onnxruntime-gpu must be there, and only one"
        return Check("onnxruntime", Verdict.PROBLEM, problem, again)
    try:
        import onnxruntime as ort

        providers = ", ".join(
            name.removesuffix("ExecutionProvider") for name in ort.get_available_providers()
        )
    except (ImportError, OSError, AttributeError) as error:  # what a damaged installation leads to
        return Check("onnxruntime", Verdict.PROBLEM, f"{detail} cannot be loaded ({error})", again)
    return Check("onnxruntime", Verdict.OK, f"{detail}, built with {providers}")


def _codecs() -> Check:
    there = {name: features.check(codec) for codec, name in CODECS.items()}
    detail = ", ".join(f"{name} {'yes' if found else 'no'}" for name, found in there.items())
    if all(there.values()):
        return Check("codecs", Verdict.OK, f"Pillow: {detail}; simplejpeg {version_of('simplejpeg')}")
    return Check("codecs", Verdict.NOTE, f"Pillow: {detail}", "pip install --force-reinstall pillow")


def _processors() -> Check:
    may_use, there = available_cpus(), os.cpu_count() or 1
    limit = "" if may_use == there else f" of {there} (affinity or the cgroup's cpu.max)"
    return Check("processors", Verdict.OK, f"{may_use}{limit}")


def _memory() -> Check:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):  # not Linux
        return Check("memory", Verdict.OK, "unknown on this system")
    with suppress(OSError, ValueError):  # no limit ("max"), or an older cgroup
        free = min(free, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return Check("memory", Verdict.OK, f"{free / 1e9:.1f} GB free")


def _disk() -> Check:
    try:
        folder = Path.cwd()
    except OSError:
        return Check("disk", Verdict.NOTE, "the current folder is gone", "change to another one")
    free = shutil.disk_usage(folder).free
    verdict, remedy = (Verdict.OK, "") if free >= LEAST_FREE else (Verdict.NOTE, "make room")
    return Check("disk", verdict, f"{free / 1e9:.1f} GB free in {folder}", remedy)


def _nvidia() -> Iterator[Check]:
    """The driver, and the libraries of CUDA and cuDNN."""
    if not has_cuda_driver():
        yield Check("NVIDIA driver", Verdict.NOTE, "not found: the model runs on the processors")
        return
    yield Check("NVIDIA driver", Verdict.OK, _driver_version())
    try:
        import onnxruntime as ort

        from colorgan.backends.onnx_session import preload
    except ImportError:  # which was said before
        return
    cuda = str(getattr(ort, "cuda_version", "") or "")
    names = CUDA_LIBRARIES.get(int(cuda.partition(".")[0] or 0))
    if not names or sys.platform == "win32":
        return
    preload()
    missing = [name for name in names if not _loads(f"lib{name}")]
    if missing:
        detail = f"onnxruntime is built for CUDA {cuda} and cannot load {', '.join(missing)}"
        yield Check("CUDA libraries", Verdict.NOTE, detail, "pip install 'colorgan[cuda]'")
    else:
        yield Check("CUDA libraries", Verdict.OK, f"{', '.join(names)}, as CUDA {cuda} asks for")


def _devices() -> Iterator[Check]:
    """The shipped model on every device, timed; what does not run there is said with the remedy."""
    luma = np.random.default_rng(0).integers(0, 256, (1, 1, 96, 96), dtype=np.uint8)
    here = {device: _is_here(accelerator) for device, accelerator in ACCELERATORS.items()}
    for device in ("cpu", *(device for device in here if here[device])):
        try:
            model = Colorizer(config=ColorizeConfig(device=device)).model
            seconds = min(take_turns({device: partial(model.backend.predict, luma)}, RUNS)[device])
        except FAILURES as error:
            verdict = Verdict.PROBLEM if device == "cpu" else Verdict.NOTE
            yield Check(f"runs on {device}", verdict, str(error))
        else:
            yield Check(f"runs on {device}", Verdict.OK, f"{seconds * 1000:.1f} ms an image; {model.runs_on}")

    others = [f"{device} ({ACCELERATORS[device].remedy})" for device in here if not here[device]]
    yield Check("accelerators", Verdict.OK, f"not here: {'; '.join(others) or 'none'}")


def _is_here(accelerator: Accelerator) -> bool:
    """Whether it is worth a try."""
    if accelerator.nvidia:
        return has_cuda_driver()
    try:
        from colorgan.backends.onnx_session import is_installed
    except ImportError:  # which was said before
        return False
    return is_installed(accelerator)


def _main_job() -> Check:
    """Color a photograph from file to file."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "photos").mkdir()
        Image.linear_gradient("L").resize((300, 200)).save(folder / "photos" / "a.jpg")
        try:
            (outcome,) = Colorizer().colorize_folder(folder / "photos", folder / "results")
        except FAILURES as error:
            return Check("main job", Verdict.PROBLEM, str(error))
    if outcome.status is not Status.COLORED:
        return Check("main job", Verdict.PROBLEM, f"a photograph could not be colored: {outcome.error}")
    return Check("main job", Verdict.OK, f"a photograph was colored in {outcome.seconds * 1000:.0f} ms")


def _driver_version() -> str:
    try:
        return Path("/proc/driver/nvidia/version").read_text().splitlines()[0]
    except (OSError, IndexError):
        return "found"


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
