"""Sessions of onnxruntime that run where they were asked to, or not at all, and print nothing."""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from colorgan.config.accelerators import Accelerator
from colorgan.devices import has_cuda_driver, version_of
from colorgan.errors import DeviceError, ModelError

CPU = "CPUExecutionProvider"
ORT_ERRORS: tuple[type[Exception], ...] = (
    *(
        value
        for value in vars(ort_errors).values()
        if isinstance(value, type) and issubclass(value, Exception)
    ),
    RuntimeError,  # what its C++ exceptions become
    ValueError,
    MemoryError,
)
"""Whatever onnxruntime raises: a provider may give any of them."""

FATAL = 4
"""Level of onnxruntime's log: what matters comes as an exception, or from get_providers()."""

Provider = tuple[str, Mapping[str, Any]]


def open_session(
    model: Path | bytes, providers: Sequence[Provider] = ((CPU, {}),), threads: int = 1
) -> ort.InferenceSession:
    """Open an ONNX file, or what would be in it, on the first of these providers that loads.

    onnxruntime's own fallback is off: a provider that fails, here or while it runs, is an error.
    """
    ort.set_default_logger_severity(FATAL)
    options = ort.SessionOptions()
    options.log_severity_level = FATAL
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # codecs share the cores
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    listed: list[tuple[str, dict[str, Any]]] | None = [(name, dict(values)) for name, values in providers]
    try:
        if plugged := plugin_devices(providers[0][0]):
            options.add_provider_for_devices(plugged[:1], dict(providers[0][1]))
            listed = None  # the CPU comes after it
        return ort.InferenceSession(model, options, providers=listed, enable_fallback=0)
    except ORT_ERRORS as error:
        path = model if isinstance(model, Path) else Path("model in memory")
        raise ModelError(path, "is not a model that onnxruntime can open, or it is damaged") from error


def open_on(
    path: Path, accelerator: Accelerator, options: Mapping[str, Any], beside: Sequence[Provider] = ()
) -> ort.InferenceSession:
    """Open a sound file on an accelerator, the nodes that it does not take `beside` it and on the CPU.

    Raises DeviceError if the accelerator takes none.
    """
    try:
        session = open_session(path, [(accelerator.full_name, options), *beside, (CPU, {})])
    except ModelError as error:
        device = f"device {options['device_id']}" if "device_id" in options else "it"
        raise DeviceError(f"{device} does not work ({_short(error.__cause__)})") from error
    if accelerator.full_name not in session.get_providers() or share_of(session, accelerator) == 0:
        raise DeviceError(f"it takes no part of the model: {accelerator.remedy}")
    return session


def check(accelerator: Accelerator) -> None:
    """Raise DeviceError, with the reason and the remedy, if onnxruntime cannot load the accelerator."""
    if accelerator.nvidia and not has_cuda_driver():
        raise DeviceError("this machine has no NVIDIA driver")
    if accelerator.full_name not in ort.get_available_providers() and accelerator.plugin:
        _plug_in(accelerator)
    elif accelerator.full_name not in ort.get_available_providers():
        if version_of("onnxruntime") and version_of("onnxruntime-gpu"):
            raise DeviceError(
                "onnxruntime and onnxruntime-gpu are installed over each other: "
                "pip uninstall -y onnxruntime onnxruntime-gpu && pip install 'colorgan[cuda]'"
            )
        raise DeviceError(f"this onnxruntime is built without it: {accelerator.remedy}")
    if accelerator.nvidia:
        preload()
    missing = _missing(accelerator)
    if "undefined symbol: cu" in missing:  # of libcuda.so.1, which comes with the driver
        raise DeviceError(f"the NVIDIA driver is too old for this onnxruntime ({missing}): update it")
    if missing:
        raise DeviceError(f"onnxruntime cannot load it ({missing}): {accelerator.remedy}")


def is_installed(accelerator: Accelerator) -> bool:
    """Whether onnxruntime has the accelerator, or its plugin is installed; it need not work."""
    return accelerator.full_name in ort.get_available_providers() or bool(
        accelerator.plugin and find_spec(accelerator.plugin)
    )


def plugin_devices(provider: str) -> list[Any]:
    """The devices of a provider that came as a plugin."""
    return [device for device in ort.get_ep_devices() if device.ep_name == provider] if _plugged else []


def preload() -> None:
    """Load CUDA and cuDNN from where pip puts them; onnxruntime prints to stdout what it does not find."""
    with redirect_stdout(StringIO()):
        ort.preload_dlls()


def share_of(session: ort.InferenceSession, accelerator: Accelerator) -> float:
    """Share, 0 to 1, of the model's nodes that the accelerator runs; 1 if onnxruntime does not tell."""
    if not hasattr(session, "get_provider_graph_assignment_info"):  # before 1.24
        return 1.0
    graphs = session.get_provider_graph_assignment_info()
    counts = dict.fromkeys((accelerator.full_name, CPU), 0)
    for graph in graphs:
        counts[graph.ep_name] = counts.get(graph.ep_name, 0) + len(graph.get_nodes())
    return counts[accelerator.full_name] / max(1, sum(counts.values()))


_plugged: set[str] = set()
"""Providers whose plugins were registered, which is for the whole process."""


def _plug_in(accelerator: Accelerator) -> None:
    if not find_spec(accelerator.plugin):
        raise DeviceError(f"it is not installed: {accelerator.remedy}")
    ort.set_default_logger_severity(FATAL)
    try:
        if accelerator.full_name not in _plugged:
            library = import_module(accelerator.plugin).get_library_path()
            ort.register_execution_provider_library(accelerator.full_name, library)
    except Exception as error:
        raise DeviceError(f"onnxruntime cannot load its plugin ({_short(error)}): update both") from error
    _plugged.add(accelerator.full_name)
    if not plugin_devices(accelerator.full_name):
        raise DeviceError(f"its plugin finds no device here; it takes {accelerator.takes}")


def _missing(accelerator: Accelerator) -> str:
    """What the system's loader says of the library of a provider; empty if it loads."""
    prefix, suffix = ("", ".dll") if sys.platform == "win32" else ("lib", ".so")
    for name in ("shared", accelerator.provider.lower()):
        library = Path(ort.__file__).parent / "capi" / f"{prefix}onnxruntime_providers_{name}{suffix}"
        try:
            if library.exists():  # other providers are part of onnxruntime itself
                ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            return str(error).rpartition("/")[2]
    return ""


def _short(error: BaseException | None) -> str:
    """What went wrong, of a message in which C++ names its sources."""
    line = str(error).strip().partition("\n")[0]
    found = re.search(r"CUDA (?:failure|error) \d+: [^;]+", line)
    return (found.group() if found else line.rpartition("FAIL : ")[2])[:200].strip()
