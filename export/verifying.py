"""Run an exported file against its checkpoint on every device and execution provider that is present."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch

from colorgan.backends.kinds import Kind, kind_of
from colorgan.backends.model_metadata import ModelMetadata
from colorgan.backends.onnx_file import read_onnx
from colorgan.backends.onnx_session import ORT_ERRORS, check, open_on, open_session
from colorgan.backends.pytorch import OPEN
from colorgan.config.accelerators import ACCELERATORS
from colorgan.errors import DeviceError, ModelError
from colorgan.export.folding import fold_batch_norm, round_to_half
from colorgan.export.parity import Array, Case, Parity, Run, compare, make_cases
from colorgan.networks.checkpoint import build_generator, load_checkpoint

FLOATS = ("tensor(float)", "tensor(float16)")


def verify_export(path: Path, checkpoint: Path, photos: Path | None = None) -> dict[str, Parity]:
    """Run a file that was exported before against the checkpoint; raises ModelError if they differ."""
    metadata = read_metadata(path)
    generator = build_generator(checkpoint, load_checkpoint(checkpoint))
    if metadata.half_weights:
        generator = round_to_half(fold_batch_norm(generator))
    cases = make_cases(checkpoint, generator, metadata.signature, metadata.shape, photos)
    parities, problem = judge(path, metadata.precision, cases)
    if problem:
        raise ModelError(path, f"is not an export of {checkpoint}: {problem}")
    return parities


def judge(path: Path, precision: str, cases: list[Case]) -> tuple[dict[str, Parity], str]:
    """How far the file is from what the cases expect, on each device; and what is wrong with it, if so."""
    kind, parities = kind_of(path), {}
    try:
        if kind is Kind.ONNX and (tensor := find_overflow(path, cases)):
            return {}, f"tensor {tensor} holds values that are no numbers, as when {precision} overflows"
        for device, run in runners(path, kind):
            parities[device] = compare(run, cases)
            if excess := parities[device].excess(precision):
                return parities, f"on {device}, {excess}"
    except ORT_ERRORS as error:
        return parities, f"it cannot be run ({str(error).splitlines()[0]})"
    return parities, ""


def read_metadata(path: Path) -> ModelMetadata:
    """What an exported file says of itself; whatever is no such file raises ModelError."""
    kind = kind_of(path)
    if kind is Kind.CHECKPOINT:
        load_checkpoint(path)
        raise ModelError(path, "is a checkpoint, not a file of colorgan-export")
    if kind is Kind.ONNX:
        strings = {entry.key: entry.value for entry in read_onnx(path).metadata_props}
    else:
        strings = OPEN[kind](path, torch.device("cpu"))[1]
    return ModelMetadata.from_strings(path, strings)


def runners(path: Path, kind: Kind) -> Iterator[tuple[str, Run]]:
    """The file on each device; those that do not load are left out."""
    if kind is not Kind.ONNX:
        for device in ("cpu", *(["cuda"] if torch.cuda.is_available() else [])):
            yield device.upper(), _torch_runner(path, kind, torch.device(device))
        return
    yield "CPU", _onnx_runner(open_session(path))
    for accelerator in ACCELERATORS.values():
        try:
            check(accelerator)
            # In full precision: devices like to shorten mantissas for speed.
            session = open_on(path, accelerator, {**accelerator.options, **accelerator.exact})
        except DeviceError:
            continue
        yield accelerator.provider, _onnx_runner(session)


def find_overflow(path: Path, cases: list[Case]) -> str:
    """The first tensor of floats inside an ONNX model that is not finite on one of the cases, if any.

    With every tensor an output, a runtime that computes in more than half precision must round each to it.
    """
    model = onnx.load(path)
    outputs = {output.name for output in model.graph.output}
    inner = [name for node in model.graph.node for name in node.output if name not in outputs]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in inner)
    session = open_session(model.SerializeToString())
    names = [output.name for output in session.get_outputs() if output.type in FLOATS]
    for case in cases:
        values = session.run(names, {session.get_inputs()[0].name: case.input})
        for name, value in zip(names, values, strict=True):
            if not np.isfinite(value).all():
                return str(name)
    return ""


def _onnx_runner(session: ort.InferenceSession) -> Run:
    name = session.get_inputs()[0].name

    def run(batch: Array) -> Array:
        output: Array = session.run(None, {name: batch})[0]
        return output

    return run


def _torch_runner(path: Path, kind: Kind, device: torch.device) -> Run:
    module, _ = OPEN[kind](path, device)

    @torch.inference_mode()
    def run(batch: Array) -> Array:
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            output: Array = module(torch.from_numpy(batch).to(device)).cpu().numpy()
        return output

    return run
