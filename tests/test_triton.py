"""A model repository is what Triton's schema says."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig

from colorgan.config import ExportConfig
from colorgan.export.exporting import export_checkpoint
from colorgan.export.verifying import verify_export

TYPES = {"tensor(uint8)": "TYPE_UINT8", "tensor(float)": "TYPE_FP32"}


@pytest.mark.parametrize(
    ("settings", "dims"),
    [
        ({}, ([1, -1, -1], [2, -1, -1])),
        (
            {"signature": "rgb", "static_size": "48x64", "static_batch": 2, "precision": "fp16"},
            ([1, 48, 64], [3, 48, 64]),
        ),
    ],
)
def test_the_configuration_describes_the_model_beside_it(
    checkpoint: Path, tmp_path: Path, settings: dict[str, object], dims: tuple[list[int], list[int]]
) -> None:
    config = ExportConfig(format="triton", **settings)  # type: ignore[arg-type]
    model = export_checkpoint(checkpoint, tmp_path, config).path
    name = f"best{config.variant}"
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        f"triton/{name}/1/model.onnx",
        f"triton/{name}/1/model.onnx.json",
        f"triton/{name}/config.pbtxt",
    ]
    text = (tmp_path / "triton" / name / "config.pbtxt").read_text()
    described = text_format.Parse(text, ModelConfig())
    assert (described.name, described.backend) == (name, "onnxruntime")
    assert described.max_batch_size == (2 if settings else 64)
    assert described.HasField("dynamic_batching")
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    assert [list(put.dims) for put in (*described.input, *described.output)] == list(dims)
    for put, real in zip(
        (*described.input, *described.output), (*session.get_inputs(), *session.get_outputs()), strict=True
    ):
        assert put.name == real.name
        assert (
            put.DESCRIPTOR.fields_by_name["data_type"].enum_type.values_by_number[put.data_type].name
            == (TYPES[real.type])
        )
        assert [-1 if isinstance(side, str) else side for side in real.shape[1:]] == list(put.dims)
    assert np.isfinite(verify_export(model, checkpoint)["CPU"].mean)
