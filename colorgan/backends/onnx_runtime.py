"""Run an exported ONNX file by onnxruntime; never imports PyTorch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from tempfile import gettempdir
from typing import Any

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from colorgan.backends import EMBEDDED_MODEL, Model, pad_batch
from colorgan.backends.model_metadata import KEY, ModelMetadata
from colorgan.devices import available_cpus, has_cuda_driver, version_of
from colorgan.errors import DeviceError, ModelError, PredictError
from colorgan.photo.color import Planes
from colorgan.photo.xmp import credit_of

CPU, CUDA, TENSORRT = "CPUExecutionProvider", "CUDA", "Tensorrt"
SIGNATURE = (("luma", "tensor(uint8)"), ("chroma", "tensor(uint8)"))
RUN_ERRORS = (ort_errors.Fail, ort_errors.RuntimeException, ort_errors.EPFail, MemoryError)
OPEN_ERRORS = (
    ort_errors.InvalidProtobuf,
    ort_errors.InvalidGraph,
    ort_errors.InvalidArgument,
    ort_errors.Fail,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
    ort_errors.NoSuchFile,
)

GPU_BATCH = 16

CUDA_OPTIONS = {
    # The generator's shapes are few, and batches are padded to few sizes: a thorough search is paid for once.
    "cudnn_conv_algo_search": "EXHAUSTIVE",
    "arena_extend_strategy": "kSameAsRequested",  # doubling would reserve far more than the shapes need
}

Provider = tuple[str, dict[str, Any]]


class OnnxRuntimeBackend:
    """Sessions of onnxruntime, each of which runs one batch at a time."""

    def __init__(self, sessions: Sequence[ort.InferenceSession], *, pad: bool = False) -> None:
        self.sessions, self.pad = sessions, pad
        self._free: SimpleQueue[ort.InferenceSession] = SimpleQueue()
        for session in sessions:
            self._free.put(session)

    def predict(self, luma: Planes) -> Planes:
        """Map luma uint8 (N, 1, H, W) to chroma uint8 (N, 2, H, W)."""
        count = len(luma)
        if self.pad:  # to a power of two
            luma = pad_batch(luma, 1 << (count - 1).bit_length())
        session = self._free.get()
        try:
            # Copied to and from the device by onnxruntime: with uint8 of the generator's size, 9 KB in and
            # 18 KB out at 96 pixels, there is nothing to be gained from pinned memory and IO binding.
            chroma: Planes = session.run(["chroma"], {"luma": luma})[0]
        except RUN_ERRORS as error:
            raise PredictError(f"onnxruntime failed on a batch of {luma.shape}: {error}") from error
        finally:
            self._free.put(session)
        return chroma[:count]


def load_onnx(path: Path, device: str, devices: Sequence[int] = (), threads: int = 1) -> Model:
    """Open an ONNX file written by colorgan-export on the device asked for.

    `device` is auto, cpu, cuda or tensorrt; `devices` are numbers of CUDA devices, one session each. Raises
    ModelError, or DeviceError if the device is not there.
    """
    if path != EMBEDDED_MODEL:  # which came with this program; onnx takes 0.3 s to load
        from colorgan.backends.onnx_file import read_onnx

        read_onnx(path)
    on_cpu = open_session(path, [(CPU, {})], threads)  # also to read what the file says of itself
    strings = on_cpu.get_modelmeta().custom_metadata_map
    metadata = ModelMetadata.from_strings(path, strings).of_planes(path) if KEY in strings else None
    puts = (*on_cpu.get_inputs(), *on_cpu.get_outputs())
    if not metadata or tuple((put.name, put.type) for put in puts) != SIGNATURE:
        raise ModelError(path, "is the ONNX file of another model; use one that colorgan-export has written")
    shape, credit, why = metadata.shape, credit_of(path), "as asked for"
    say = partial(
        Model,
        native_size=metadata.native_size,
        credit=credit,
        shape=shape,
        stride=metadata.stride,
        license=metadata.license,
        card=metadata.model_card,
    )
    if devices or device != "cpu":
        provider, numbers = TENSORRT if device == "tensorrt" else CUDA, devices or (0,)
        try:
            sessions = [_open_on_gpu(path, provider, number, metadata, credit.sha256) for number in numbers]
        except DeviceError as error:
            if devices or device != "auto":
                raise DeviceError(f"{provider} was asked for, but {error}; or use --device cpu") from error
            why = str(error)
        else:
            runs_on = f"onnxruntime, {provider}, device {', '.join(map(str, numbers))}"
            # One stream a device: further calls would wait for it.
            backend = OnnxRuntimeBackend(sessions, pad=not shape[0])
            return say(backend, runs_on=runs_on, batch_size=GPU_BATCH, at_once=len(sessions))
    at_once = max(1, available_cpus() // threads)
    runs_on = f"onnxruntime, CPU, {at_once * threads} threads ({why})"
    backend = OnnxRuntimeBackend([on_cpu] * at_once)
    return say(backend, runs_on=runs_on, at_once=at_once)


def open_session(
    model: Path | bytes, providers: Sequence[Provider], threads: int = 1
) -> ort.InferenceSession:
    """Open an ONNX file, or what would be in it, on the first of these providers that loads."""
    options = ort.SessionOptions()
    options.log_severity_level = 4  # what matters comes as an exception, or from get_providers()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # codecs share the cores
    try:
        return ort.InferenceSession(model, options, providers=list(providers))
    except OPEN_ERRORS as error:
        path = model if isinstance(model, Path) else Path("model in memory")
        raise ModelError(path, "is not a model that onnxruntime can open, or it is damaged") from error


def _open_on_gpu(
    path: Path, provider: str, number: int, metadata: ModelMetadata, sha256: str
) -> ort.InferenceSession:
    """Open a session that really runs there; onnxruntime itself would fall back to the CPU in silence."""
    if not has_cuda_driver():
        raise DeviceError("this machine has no NVIDIA driver")
    name = f"{provider}ExecutionProvider"
    if name not in ort.get_available_providers():
        raise DeviceError(_remedy())
    ort.preload_dlls()
    options = {"device_id": number}
    providers: list[Provider] = [(f"{CUDA}ExecutionProvider", options | CUDA_OPTIONS), (CPU, {})]
    if provider == TENSORRT:
        cache = _tensorrt_options(metadata, _engine_cache() / sha256)
        providers.insert(0, (f"{TENSORRT}ExecutionProvider", options | cache))
    try:
        session = open_session(path, providers)
    except ModelError as error:  # the file is sound: a session on the CPU was opened before
        raise DeviceError(f"device {number} does not work ({error.__cause__})") from error
    if name not in session.get_providers():
        raise DeviceError(_remedy())
    return session


def _engine_cache() -> Path:
    """Where TensorRT's engines are kept; with other temporary files for a user who has no home."""
    try:
        home = Path.home()
    except RuntimeError:
        home = Path(gettempdir())
    return home / ".cache" / "colorgan" / "tensorrt"


def _tensorrt_options(metadata: ModelMetadata, engines: Path) -> dict[str, Any]:
    """Keep the engines that are built, which takes minutes, and build them for the shapes that may come."""
    engines.mkdir(parents=True, exist_ok=True)
    batch, height, width = metadata.shape
    native_size, stride = metadata.native_size, metadata.stride
    # Sides of 3 : 1, which input_shape may choose, and more.
    least, most = math.floor(native_size / 2 / stride) * stride, math.ceil(native_size * 2 / stride) * stride
    square = max(stride, native_size // stride * stride)
    profiles = {
        "min": (batch or 1, height or max(stride, least), width or max(stride, least)),
        "opt": (batch or GPU_BATCH, height or square, width or square),
        "max": (batch or 4 * GPU_BATCH, height or most, width or most),
    }
    return {
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": str(engines),
        "trt_timing_cache_enable": True,
        "trt_timing_cache_path": str(engines),
        **{f"trt_profile_{name}_shapes": f"luma:{n}x1x{h}x{w}" for name, (n, h, w) in profiles.items()},
    }


def _remedy() -> str:
    if version_of("onnxruntime") and version_of("onnxruntime-gpu"):
        return (
            "onnxruntime and onnxruntime-gpu are installed over each other: "
            "pip uninstall -y onnxruntime onnxruntime-gpu && pip install 'colorgan[cuda]'"
        )
    return "onnxruntime cannot load it: pip install 'colorgan[cuda]' for CUDA and cuDNN"
