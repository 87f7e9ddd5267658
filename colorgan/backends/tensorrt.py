"""How TensorRT is told to build its engines for a model, and where they are kept."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from colorgan.backends.model_metadata import ModelMetadata


def engine_cache(sha256: str, number: int) -> Path | None:
    """Make the folder of the engines of a model on a device; None for a user who has no home to write to.

    Engines are built for one GPU, which need not be the next one's. Another folder would not do: what
    others may write to must not be run.
    """
    try:
        folder = Path.home() / ".cache" / "colorgan" / "tensorrt" / sha256 / f"device{number}"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # as for a user whom the system does not know
        return None
    return folder


def tensorrt_options(metadata: ModelMetadata, usual: int, engines: Path | None) -> dict[str, Any]:
    """Build engines for the shapes that may come, in batches of one image to four times the `usual`.

    They are kept in `engines`: to build them takes minutes.
    """
    batch, height, width = metadata.shape
    native_size, stride = metadata.native_size, metadata.stride
    # Sides of 3 : 1, which input_shape may choose, and more.
    least, most = math.floor(native_size / 2 / stride) * stride, math.ceil(native_size * 2 / stride) * stride
    square = max(stride, native_size // stride * stride)
    profiles = {
        "min": (batch or 1, height or max(stride, least), width or max(stride, least)),
        "opt": (batch or usual, height or square, width or square),
        "max": (batch or 4 * usual, height or most, width or most),
    }
    options: dict[str, Any] = {
        f"trt_profile_{name}_shapes": f"luma:{n}x1x{h}x{w}" for name, (n, h, w) in profiles.items()
    }
    if metadata.precision == "fp16":
        options["trt_fp16_enable"] = True
    if engines:
        options |= {
            "trt_engine_cache_enable": True,
            "trt_engine_cache_path": str(engines),
            "trt_timing_cache_enable": True,
            "trt_timing_cache_path": str(engines),
        }
    return options
