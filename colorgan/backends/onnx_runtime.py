"""Run an exported ONNX file by onnxruntime; never imports PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import onnxruntime as ort

from colorgan.backends import EMBEDDED_MODEL, GPU_BATCH, Model, pad_batch
from colorgan.backends.model_metadata import KEY, ModelMetadata
from colorgan.backends.onnx_session import ORT_ERRORS, Provider, check, open_on, open_session, share_of
from colorgan.backends.tensorrt import engine_cache, tensorrt_options
from colorgan.config.accelerators import ACCELERATORS, Accelerator
from colorgan.devices import available_cpus
from colorgan.errors import DeviceError, ModelError, PredictError
from colorgan.photo.color import Planes
from colorgan.photo.xmp import credit_of

SIGNATURE = (("luma", "tensor(uint8)"), ("chroma", "tensor(uint8)"))


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
        except ORT_ERRORS as error:
            raise PredictError(f"onnxruntime failed on a batch of {luma.shape}: {error}") from error
        finally:
            self._free.put(session)
        return chroma[:count]


def load_onnx(
    path: Path, device: str, devices: Sequence[int] = (), threads: int = 1, batch_size: int = 0
) -> Model:
    """Open an ONNX file written by colorgan-export on the device asked for.

    `device` is auto, cpu or one of ACCELERATORS; `devices` are numbers of its devices, one session each;
    `batch_size` is the largest that will come, 0 for what suits. Raises ModelError, or DeviceError if the
    device is not there.
    """
    if path != EMBEDDED_MODEL:  # which came with this program; onnx takes 0.3 s to load
        from colorgan.backends.onnx_file import read_onnx

        read_onnx(path)
    on_cpu = open_session(path, threads=threads)  # also to read what the file says of itself
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
        accelerator, numbers = ACCELERATORS.get(device, ACCELERATORS["cuda"]), devices or (0,)
        try:
            check(accelerator)
            sessions = [_open(path, accelerator, number, metadata, batch_size) for number in numbers]
        except DeviceError as error:
            if devices or device != "auto":
                raise DeviceError(
                    f"{accelerator.name} was asked for, but {error}; or use --device cpu"
                ) from error
            why = f"no {accelerator.name}: {error}"
        else:
            named = f", device {', '.join(map(str, numbers))}" if accelerator.numbered else ""
            runs_on = f"onnxruntime, {accelerator.name}{named}"
            runs_on += f", {share_of(sessions[0], accelerator):.0%} of the model's nodes"
            # One stream a device: further calls would wait for it.
            backend = OnnxRuntimeBackend(sessions, pad=accelerator.pads and not shape[0])
            return say(backend, runs_on=runs_on, batch_size=GPU_BATCH, at_once=len(sessions))
    at_once = max(1, available_cpus() // threads)
    runs_on = f"onnxruntime, CPU, {at_once * threads} threads ({why})"
    backend = OnnxRuntimeBackend([on_cpu] * at_once)
    return say(backend, runs_on=runs_on, at_once=at_once)


def _open(
    path: Path, accelerator: Accelerator, number: int, metadata: ModelMetadata, batch_size: int
) -> ort.InferenceSession:
    options: dict[str, Any] = {"device_id": number} if accelerator.numbered else {}
    beside: list[Provider] = []
    if accelerator.device == "tensorrt":
        cuda = ACCELERATORS["cuda"]
        beside = [(cuda.full_name, {**options, **cuda.options})]
        engines = engine_cache(credit_of(path).sha256, number)
        options |= tensorrt_options(metadata, batch_size or GPU_BATCH, engines)
    return open_on(path, accelerator, {**options, **accelerator.options}, beside)
