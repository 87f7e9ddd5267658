"""Look at an ONNX file before a runtime opens it; needs onnx, but no PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx.external_data_helper import uses_external_data

from colorgan.errors import ModelError

STANDARD_DOMAINS = ("", "ai.onnx")


def read_onnx(path: Path) -> onnx.ModelProto:
    """Read a self-contained ONNX file of standard operators; anything else raises ModelError.

    External data would make a runtime read other files, and operators of other domains are code of others.
    """
    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, OSError, ValueError) as error:
        raise ModelError(path, "is not a model that onnxruntime can open, or it is damaged") from error
    domains = {*(entry.domain for entry in model.opset_import), *(f.domain for f in model.functions)}
    for graph in _graphs(model.graph):
        domains |= {node.domain for node in graph.node}
        tensors = [*graph.initializer, *(tensor for node in graph.node for tensor in _tensors(node))]
        if any(map(uses_external_data, tensors)):
            raise ModelError(path, "keeps data in other files, which are never read; export it as one file")
    foreign = domains.difference(STANDARD_DOMAINS)
    if foreign:
        raise ModelError(path, f"uses operators that are not of ONNX itself ({min(foreign)!r})")
    return model


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """The graph and all within it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from _graphs(inner)


def _tensors(node: onnx.NodeProto) -> Iterator[onnx.TensorProto]:
    for attribute in node.attribute:
        yield from attribute.tensors
        if attribute.HasField("t"):
            yield attribute.t
