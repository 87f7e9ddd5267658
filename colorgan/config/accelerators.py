"""What a model can run on besides the processors: the one table of onnxruntime's execution providers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Accelerator:
    """An execution provider of onnxruntime."""

    device: str
    """Its name as an argument of --device."""
    name: str
    """Its name in a sentence."""
    provider: str
    """onnxruntime's name of the provider, without `ExecutionProvider`."""
    remedy: str
    """What to do where it is missing."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of the provider."""
    exact: Mapping[str, Any] = field(default_factory=dict)
    """Options on top of these with which it computes in the precision that the file asks for."""
    nvidia: bool = False
    """Whether it needs the driver of NVIDIA, and CUDA."""
    plugin: str = ""
    """The Python package that brings it to any onnxruntime, if there is one."""
    takes: str = ""
    """The hardware that its plugin takes."""
    numbered: bool = False
    """Whether --devices can choose among several."""
    pads: bool = True
    """Whether each size of a batch costs time once, so that batches are padded to few sizes."""

    @property
    def full_name(self) -> str:
        """Name of the provider, as onnxruntime has it."""
        return f"{self.provider}ExecutionProvider"


ACCELERATORS = {
    accelerator.device: accelerator
    for accelerator in (
        Accelerator(
            "cuda",
            "CUDA",
            "CUDA",
            "pip install 'colorgan[cuda]' for CUDA and cuDNN",
            {
                # The generator's shapes are few, and batches are padded to few sizes: a thorough search is
                # paid for once.
                "cudnn_conv_algo_search": "EXHAUSTIVE",
                # Doubling would reserve far more than the shapes need.
                "arena_extend_strategy": "kSameAsRequested",
            },
            {"use_tf32": 0},
            nvidia=True,
            numbered=True,
        ),
        Accelerator(
            "tensorrt",
            "TensorRT",
            "Tensorrt",
            "pip install 'colorgan[cuda]', install TensorRT 10 and name its folder of libnvinfer.so.10 in "
            "LD_LIBRARY_PATH",
            nvidia=True,
            numbered=True,
        ),
        Accelerator(
            "openvino",
            "OpenVINO",
            "OpenVINO",
            "pip install 'colorgan[openvino]'",
            # It would use bfloat16 where the processor has it.
            {"load_config": '{"CPU": {"INFERENCE_PRECISION_HINT": "f32"}}'},
            plugin="onnxruntime_ep_openvino",
            takes="processors, GPUs and NPUs of Intel",
            pads=False,
        ),
        Accelerator(
            "coreml",
            "Core ML",
            "CoreML",
            "it is part of macOS, where pip install onnxruntime suffices",
            {"ModelFormat": "MLProgram"},
            {"MLComputeUnits": "CPUOnly"},
        ),
        Accelerator(
            "directml",
            "DirectML",
            "Dml",
            "on Windows, pip uninstall -y onnxruntime onnxruntime-gpu && pip install onnxruntime-directml",
            numbered=True,
        ),
        Accelerator(
            "migraphx",
            "MIGraphX",
            "MIGraphX",
            "on Linux with ROCm, pip uninstall -y onnxruntime onnxruntime-gpu && "
            "pip install onnxruntime-migraphx",
            numbered=True,
        ),
        Accelerator(
            "qnn",
            "QNN",
            "QNN",
            "pip install onnxruntime-qnn",
            plugin="onnxruntime_qnn",
            takes="NPUs of Qualcomm",
        ),
    )
}
"""By the argument of --device."""
