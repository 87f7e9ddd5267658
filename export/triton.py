"""A model repository for NVIDIA Triton Inference Server, with the ONNX file in it.

Layout and fields are those of Triton's "Model Repository" and "Model Configuration" (model_config.proto).
"""

from __future__ import annotations

import json
from pathlib import Path

from colorgan.backends.model_metadata import ModelMetadata
from colorgan.storage.files import atomic_file

REPOSITORY = "triton"
LARGEST_BATCH = 64
QUEUE_DELAY_US = 2000
"""How long the first request of a batch may wait for others, in microseconds."""

TYPES = {"uint8": "TYPE_UINT8", "float32": "TYPE_FP32"}

CONFIG = """\
name: {name}
backend: "onnxruntime"
max_batch_size: {batch}
input [
  {input}
]
output [
  {output}
]
dynamic_batching {{
  max_queue_delay_microseconds: {delay}
}}
"""


def model_path(folder: Path, name: str) -> Path:
    """Where the repository in the folder keeps the first version of the model."""
    return folder / REPOSITORY / name / "1" / "model.onnx"


def write_config(folder: Path, name: str, metadata: ModelMetadata) -> None:
    """Write config.pbtxt: requests of equal height and width are gathered to batches."""
    text = CONFIG.format(
        name=json.dumps(name),
        batch=metadata.shape[0] or LARGEST_BATCH,
        delay=QUEUE_DELAY_US,
        input=_put(*metadata.arrays[0].split(" ", 2)),
        output=_put(*metadata.arrays[1].split(" ", 2)),
    )
    with atomic_file(model_path(folder, name).parents[1] / "config.pbtxt") as temporary:
        temporary.write_text(text, encoding="ascii")


def _put(name: str, type: str, shape: str) -> str:
    """An input or output; Triton leaves the batch out, and -1 is any size."""
    dims = [side if side.isdecimal() else "-1" for side in shape.strip("()").split(", ")[1:]]
    return f'{{ name: "{name}" data_type: {TYPES[type]} dims: [ {", ".join(dims)} ] }}'
