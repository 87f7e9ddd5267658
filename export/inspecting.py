"""What an exported file is and says of itself, without a checkpoint to compare it with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import torch

from colorgan.backends.kinds import Kind, kind_of
from colorgan.backends.onnx_file import read_onnx
from colorgan.backends.pytorch import without_deprecation_warnings
from colorgan.backends.torch_archive import load_program
from colorgan.export.verifying import read_metadata


def inspect(path: Path) -> list[tuple[str, str]]:
    """Rows of a table: what is noted in the file, and what is counted in it.

    Raises ModelError if the file was not written by colorgan-export, or could run code.
    """
    kind, metadata = kind_of(path), read_metadata(path)
    operators, opset = Counter(_operators(path, kind)), ""
    if kind is Kind.ONNX:
        opset = f", opset {read_onnx(path).opset_import[0].version}"
    network = f"{metadata.base_channels} base channels" if metadata.encoder == "plain" else metadata.encoder
    weights = ", weights stored in half" if metadata.half_weights else ""
    counts = ", ".join(f"{count} {name}" for name, count in operators.most_common())
    return [
        ("file", f"{path}, {path.stat().st_size / 1e6:.1f} MB"),
        ("format", f"{kind.value}{opset}; metadata version {metadata.format_version}"),
        ("precision", f"{metadata.precision}{weights}"),
        ("input", metadata.arrays[0]),
        ("output", metadata.arrays[1]),
        ("native size", f"{metadata.native_size} px; sides are multiples of {metadata.stride}"),
        ("network", f"U-Net, {network}, head {metadata.head}"),
        ("operators", f"{operators.total()}: {counts}"),
        ("checkpoint", f"SHA-256 {metadata.checkpoint_sha256}"),
        ("written by", ", ".join(f"{tool} {version}" for tool, version in metadata.versions.items())),
        *((f"parity, {device}", _figures(figures)) for device, figures in metadata.parity.items()),
        ("license", metadata.license or "not stated"),
        ("model card", metadata.model_card),
    ]


def _figures(parity: dict[str, float]) -> str:
    return ", ".join(f"{name} {figure:.4g}" for name, figure in parity.items())


def _operators(path: Path, kind: Kind) -> Iterable[str]:
    """The operators of the network, one by one; constants do not count."""
    if kind is Kind.ONNX:
        return [node.op_type for node in read_onnx(path).graph.node]
    if kind is Kind.TORCHSCRIPT:
        with without_deprecation_warnings():
            nodes = torch.jit.load(path, map_location="cpu").inlined_graph.nodes()
        return [node.kind() for node in nodes if node.kind().startswith("aten::")]
    graph = load_program(path).graph
    return [str(node.target) for node in graph.nodes if node.op == "call_function"]
