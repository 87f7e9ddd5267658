"""Write a generator as one ONNX file."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.transformers.float16 import convert_float_to_float16

from colorgan.backends.model_metadata import ModelMetadata
from colorgan.config import ExportConfig
from colorgan.errors import UsageError
from colorgan.export.shapes import NAMES, dynamic_shapes, example_input
from colorgan.networks.predictors import Predictor


def export_onnx(predictor: Predictor, path: Path, config: ExportConfig) -> None:
    """Write the predictor, with weights and arithmetic of float32.

    By torch.export (dynamo=True), the exporter that is still developed.
    """
    with quiet():
        program = torch.onnx.export(
            predictor,
            (example_input(config, predictor.stride),),
            dynamo=True,
            dynamic_shapes=dynamic_shapes(config, predictor.stride),
            opset_version=config.opset,
            input_names=[NAMES[config.signature][0]],
            output_names=[NAMES[config.signature][1]],
            verbose=False,
        )
        assert program is not None
        program.save(path, external_data=False)
    model = onnx.load(path)
    if (version := model.opset_import[0].version) != config.opset:
        raise UsageError(f"opset {config.opset} is not available in this PyTorch; it offers {version}")
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


def compute_in_half(path: Path) -> None:
    """Turn all arithmetic into float16; input and output stay what they are."""
    with quiet():
        model = convert_float_to_float16(onnx.load(path), keep_io_types=True)
    onnx.save(model, path)


def add_metadata(path: Path, metadata: ModelMetadata) -> None:
    """Add the metadata to the ONNX file."""
    model = onnx.load(path)
    helper.set_model_props(model, metadata.to_strings())
    onnx.save(model, path)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the tools' remarks on their own insides from the user: the file is checked by running it."""
    with warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)
