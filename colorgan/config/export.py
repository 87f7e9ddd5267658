"""The settings of an export."""

from __future__ import annotations

from dataclasses import dataclass

from colorgan.config.base import Config, setting
from colorgan.errors import UsageError

EXPORT_FORMATS = ("onnx", "torchscript", "torch-export", "triton")


@dataclass(frozen=True)
class ExportConfig(Config):
    """One export of a checkpoint to one file."""

    format: str = setting(
        "onnx", "Kind of file; triton: a model repository with an ONNX file.", choices=EXPORT_FORMATS
    )
    precision: str = setting(
        "fp32",
        "Arithmetic; fp16: for GPUs, int8: for CPUs, calibrated on photographs (both ONNX only).",
        choices=("fp32", "fp16", "int8"),
    )
    half_weights: bool = setting(
        False, "Store fp32 weights in half precision: half the file, the same speed (ONNX only)."
    )
    signature: str = setting(
        "planes",
        "Input and output; planes: luma to chroma, uint8, for colorgan-batch; rgb: floats in [0, 1].",
        choices=("planes", "rgb"),
    )
    opset: int = setting(18, "Version of ONNX operators.", low=17, high=23)
    static_size: str = setting("", "Fix height and width, in pixels: 96x128, or 256 for a square.")
    static_batch: int = setting(0, "Fix the number of images in a batch.", low=0, zero="any")
    native_size: int = setting(
        0, "Best side for the generator, in pixels; stored in the file.", low=0, zero="as trained"
    )
    license: str = setting("", "License of the model, such as CC-BY-4.0; stored in the file.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.is_onnx:
            for name in ("precision", "half_weights", "opset"):
                if getattr(self, name) != type(self).__dataclass_fields__[name].default:
                    raise UsageError(
                        f"--{name.replace('_', '-')} is for ONNX, not for --format {self.format}"
                    )
        if self.half_weights and self.precision != "fp32":
            raise UsageError("--half-weights is for --precision fp32; fp16 and int8 store less by themselves")
        if self.format == "torchscript" and (self.static_size or self.static_batch):
            raise UsageError(
                "a traced TorchScript file takes any size: leave out --static-size, --static-batch"
            )
        _ = self.shape

    @property
    def is_onnx(self) -> bool:
        """Whether the network is written as ONNX."""
        return self.format in ("onnx", "triton")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Batch, height and width; 0 means dynamic."""
        height, _, width = self.static_size.partition("x")
        sides = (height or "0", width or height or "0")
        if not all(side.isdecimal() for side in sides) or (int(sides[0]) == 0) != (int(sides[1]) == 0):
            raise UsageError(f"static-size is {self.static_size!r}; it must be HEIGHTxWIDTH, such as 96x128")
        return self.static_batch, int(sides[0]), int(sides[1])

    @property
    def variant(self) -> str:
        """Part of the file's name for unusual settings, such as `.rgb.fp16`; else empty."""
        batch, height, width = self.shape
        parts = {
            "rgb": self.signature == "rgb",
            f"{height}x{width}": bool(height),
            f"batch{batch}": bool(batch),
            self.precision: self.precision != "fp32",
            "half": self.half_weights,
        }
        return "".join(f".{part}" for part, there in parts.items() if there)
