"""Run an exported ONNX file by onnxruntime; never imports PyTorch."""

from __future__ import annotations

from pathlib import Path

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from colorgan.backends import Model, Planes
from colorgan.devices import available_cpus, has_cuda_driver
from colorgan.errors import DeviceError, ModelError, PredictError
from colorgan.files import sha256_of
from colorgan.metadata import ModelMetadata

CUDA = "CUDAExecutionProvider"
SIGNATURE = (("luma", "tensor(uint8)"), ("chroma", "tensor(uint8)"))
RUN_ERRORS = (ort_errors.Fail, ort_errors.RuntimeException, ort_errors.EPFail, MemoryError)
CUDA_REMEDY = "install colorgan[cuda] for CUDA and cuDNN, or use --device cpu"


class OnnxRuntimeBackend:
    """A session of onnxruntime on the CPU or a CUDA device."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self.session = session

    def predict(self, luma: Planes) -> Planes:
        """Map luma uint8 (N, 1, H, W) to chroma uint8 (N, 2, H, W)."""
        try:
            chroma: Planes = self.session.run(["chroma"], {"luma": luma})[0]
        except RUN_ERRORS as error:
            raise PredictError(f"onnxruntime failed on a batch of {luma.shape}: {error}") from error
        return chroma


def load_onnx(path: Path, device: str, threads: int) -> Model:
    """Open an ONNX file written by colorgan-export on the device asked for."""
    if device == "cuda" and not has_cuda_driver():
        raise DeviceError("device is cuda, but this machine has no NVIDIA driver; use --device cpu")
    session, runs_on = None, "onnxruntime, CPU"
    batch_size, at_once = 1, max(1, available_cpus() // threads)
    if device == "cuda" or (device == "auto" and has_cuda_driver()):
        session = _open_on_cuda(path)
        if session is not None:
            runs_on = "onnxruntime, CUDA"
            batch_size, at_once = 16, 1  # one stream: further calls would wait for it
        elif device == "cuda":
            raise DeviceError(f"device is cuda, but onnxruntime cannot load it; {CUDA_REMEDY}")
        else:
            runs_on = f"onnxruntime, CPU, as CUDA does not load: {CUDA_REMEDY}"
    if session is None:
        session = open_session(path, ["CPUExecutionProvider"], threads)
    puts = (*session.get_inputs(), *session.get_outputs())
    if tuple((put.name, put.type) for put in puts) != SIGNATURE:
        raise ModelError(path, "is the ONNX file of another model; colorgan-export writes luma -> chroma")
    metadata = ModelMetadata.from_strings(path, session.get_modelmeta().custom_metadata_map)
    return Model(
        OnnxRuntimeBackend(session), metadata.native_size, runs_on, sha256_of(path), batch_size, at_once
    )


def open_session(path: Path, providers: list[str], threads: int = 1) -> ort.InferenceSession:
    """Open an ONNX file on the first of these providers that loads."""
    options = ort.SessionOptions()
    options.log_severity_level = 4  # what matters comes as an exception, or from get_providers()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # codecs share the cores
    try:
        return ort.InferenceSession(path, options, providers=providers)
    except (
        ort_errors.InvalidProtobuf,
        ort_errors.InvalidGraph,
        ort_errors.InvalidArgument,
        ort_errors.Fail,
        ort_errors.NotImplemented,
        ort_errors.RuntimeException,
        ort_errors.NoSuchFile,
    ) as error:
        raise ModelError(path, "is not a model that onnxruntime can open, or it is damaged") from error


def _open_on_cuda(path: Path) -> ort.InferenceSession | None:
    """A session that really runs on CUDA, or None: onnxruntime itself falls back to the CPU in silence."""
    if CUDA not in ort.get_available_providers():
        return None
    ort.preload_dlls()
    session = open_session(path, [CUDA, "CPUExecutionProvider"])
    return session if session.get_providers()[0] == CUDA else None
