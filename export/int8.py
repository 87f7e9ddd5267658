"""Quantize a verified ONNX file to int8, if that is faster on this machine's processor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from PIL import Image

from colorgan.backends.onnx_session import open_session
from colorgan.errors import UsageError
from colorgan.evaluation.turns import take_turns
from colorgan.export.onnx import quiet
from colorgan.export.parity import Array
from colorgan.photo.image import Photo

PHOTOGRAPHS = 64
"""For calibration; all tensors inside the network for each of them are in memory at once."""

PIXELS = 400_000
"""In all photographs for calibration."""

PERCENTILE = 99.9
"""Of a tensor's values that are kept in range. The few beyond are up to ten times as large. Room for them
would cost all others their precision: CIEDE2000 to the checkpoint is 0.7, with all in range 21, with 99.99 %
4.2, with 99 % 1.6 (embedded model, 64 photographs)."""

ROUNDS = 15


class Calibration(CalibrationDataReader):  # type: ignore[misc]
    """Batches of one photograph each, for onnxruntime."""

    def __init__(self, name: str, batches: Sequence[Array]) -> None:
        self.batches = iter([{name: batch} for batch in batches])

    def get_next(self) -> dict[str, Array] | None:
        """The next input, None after the last."""
        return next(self.batches, None)


def quantize(
    path: Path, photos: Sequence[Path], native_size: int, stride: int, shape: tuple[int, int, int]
) -> str:
    """Quantize convolutions, weights by channel, activations in the range that they have on photographs.

    Says why it is of no use, if it is not faster here.

    8-bit activations without sign times 7-bit weights: processors without VNNI add up pairs of products in 16
    bits (`reduce_range` in onnxruntime's documentation of quantization), where a bit more would overflow.
    """
    fp32 = open_session(path)
    batches = list(_calibration_batches(photos, native_size, stride, shape))
    if not batches:
        raise UsageError("there are no photographs to calibrate int8 with")
    put = fp32.get_inputs()[0]
    if put.type != "tensor(uint8)":
        batches = [batch / np.float32(255) for batch in batches]
    with quiet():
        quantize_static(
            path,
            path,
            Calibration(put.name, batches),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={"CalibPercentile": PERCENTILE},
        )
    sessions = {"fp32": fp32, "int8": open_session(path)}
    runs = {name: partial(session.run, None, {put.name: batches[0]}) for name, session in sessions.items()}
    seconds = take_turns(runs, ROUNDS)
    return why_of_no_use(median(seconds["fp32"]), median(seconds["int8"]))


def why_of_no_use(fp32: float, int8: float) -> str:
    """Say so if int8 is not faster, both in seconds for a batch; else nothing."""
    figures = f"{int8 * 1000:.1f} ms a batch, fp32 {fp32 * 1000:.1f} ms"
    return f"int8 is not faster on this machine ({figures}); use fp32" if int8 >= fp32 else ""


def _calibration_batches(
    photos: Sequence[Path], native_size: int, stride: int, shape: tuple[int, int, int]
) -> Iterator[Array]:
    """Luma uint8 (N, 1, H, W), a photograph each, of native size unless the file's is fixed."""
    batch, height, width = shape
    if not height:
        height = width = max(stride, round(native_size / stride) * stride)
    chosen = photos[: max(1, min(PHOTOGRAPHS, PIXELS // (height * width)))]
    for path in chosen:
        small = Photo.read(path).luma().resize((width, height), Image.Resampling.BICUBIC)
        yield np.repeat(np.asarray(small)[None, None], batch or 1, axis=0)
