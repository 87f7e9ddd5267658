"""Write a generator as one ONNX file."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from colorgan.config import STRIDE
from colorgan.metadata import ModelMetadata
from colorgan.networks import ChromaPredictor

OPSET = 18

LARGEST_SIDE = 16384
"""Only an upper bound that the exporter asks for, in pixels; no runtime enforces it."""


def export_onnx(predictor: ChromaPredictor, path: Path) -> None:
    """Write `luma` uint8 (N, 1, H, W) -> `chroma` uint8 (N, 2, H, W) with N, H and W dynamic.

    By torch.export (dynamo=True), the exporter that is still developed.
    """
    height, width = (
        torch.export.Dim(name, min=1, max=LARGEST_SIDE // STRIDE) for name in ("height", "width")
    )
    shapes = {"luma": {0: torch.export.Dim("batch", min=1, max=4096), 2: STRIDE * height, 3: STRIDE * width}}
    # Two of each: an example of size 1 would fix that size in the graph.
    example = torch.zeros(2, 1, 2 * STRIDE, 2 * STRIDE, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the exporter's own insides; the file is checked by running it
        program = torch.onnx.export(
            predictor,
            (example,),
            dynamo=True,
            dynamic_shapes=shapes,
            opset_version=OPSET,
            input_names=["luma"],
            output_names=["chroma"],
            verbose=False,
        )
    assert program is not None
    program.save(path, external_data=False)
    model = onnx.load(path)
    # The exporter notes on each part where it came from, with paths of this machine.
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del part.metadata_props[:]
    onnx.save(model, path)


def store_weights_in_half(path: Path) -> None:
    """Store the weights as float16 with a Cast to float32, which a runtime folds when it opens the file.

    Exact for weights that `round_to_half` has rounded: half the file, the same results and speed.
    """
    model = onnx.load(path)
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        name, values = tensor.name, numpy_helper.to_array(tensor)
        half = values.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), values):
            continue  # a constant of the scaling, not a weight
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    onnx.save(model, path)


def add_metadata(path: Path, metadata: ModelMetadata) -> None:
    """Add the metadata to the ONNX file."""
    model = onnx.load(path)
    helper.set_model_props(model, metadata.to_strings())
    onnx.save(model, path)
