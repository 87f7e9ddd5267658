"""Settings: a default, a help text and bounds, written once for Python, the commands and checkpoints."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from colorgan.errors import UsageError

STRIDE = 16
"""A generator takes heights and widths that are multiples of this: it halves them four times."""

EXPORT_FORMATS = ("onnx", "torchscript", "torch-export", "triton")

MAX_PIXELS = 500_000_000
"""Larger images are refused unless one asks for them: a small file can claim to be an enormous image."""


def setting(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] | None = None,
    zero: str | None = None,
) -> Any:
    """Declare a field of a Config; `low` and `high` are inclusive, `zero` is a word that stands for 0."""
    metadata = {"help": help, "low": low, "high": high, "choices": choices, "zero": zero}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Config:
    """Base of all settings: checked when made, and stored as a plain dictionary."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value, meta, name = getattr(self, item.name), item.metadata, item.name.replace("_", "-")
            if meta.get("choices") and value not in meta["choices"]:
                raise UsageError(f"{name} is {value!r}; it must be one of {', '.join(meta['choices'])}")
            low, high = meta.get("low"), meta.get("high")
            if low is not None and value < low:
                raise UsageError(f"{name} is {value}; it must be at least {low}")
            if high is not None and value > high:
                raise UsageError(f"{name} is {value}; it must be at most {high}")

    def to_dict(self) -> dict[str, Any]:
        """Give the settings as plain values, for checkpoints and result files."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make settings from stored values; an unknown name is an error."""
        unknown = set(values) - {item.name for item in fields(cls)}
        if unknown:
            raise UsageError(f"unknown settings: {', '.join(sorted(unknown))}")
        return cls(**values)


@dataclass(frozen=True)
class GeneratorConfig(Config):
    """The architecture of a generator; stored in every checkpoint."""

    base_channels: int = setting(64, "Channels of the first block; the fifth has 16 times as many.", low=1)
    head: str = setting(
        "chroma",
        "What the generator predicts: the chroma to lay over the gray, or all of RGB as the original does.",
        choices=("chroma", "rgb"),
    )


@dataclass(frozen=True)
class TrainingConfig(Config):
    """One training run."""

    size: int = setting(1024, "Side of the square training images, in pixels; 256 suits a laptop.", low=32)
    batch_size: int = setting(8, "Images per step.", low=1)
    epochs: int = setting(100, "Passes over the data, those before a resume included.", low=1)
    learning_rate: float = setting(2e-4, "Step size of both Adam optimizers.", low=0)
    l1_weight: float = setting(100.0, "Weight of L1 beside the adversarial loss.", low=0)
    warmup_epochs: int = setting(
        0, "First epochs with L1 alone: colours settle before the discriminator joins.", low=0
    )
    save_every: int = setting(5, "Epochs from one validation and checkpoint to the next.", low=1)
    held_out: int = setting(200, "Photographs held out for validation if no folder is given.", low=1)
    workers: int = setting(2, "Processes that decode photographs; 0: the trainer's own.", low=0)
    seed: int = setting(0, "Seed of weights, crops, flips and order.", low=0)
    device: str = setting("auto", "Where to train.", choices=("auto", "cpu", "cuda"))
    precision: str = setting("auto", "auto: bf16 on CUDA, else fp32.", choices=("auto", "fp32", "bf16"))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size % STRIDE:
            raise UsageError(f"size is {self.size}; it must be a multiple of {STRIDE}")


@dataclass(frozen=True)
class ExportConfig(Config):
    """One export of a checkpoint to one file."""

    format: str = setting(
        "onnx", "Kind of file; triton: a model repository with ONNX in it.", choices=EXPORT_FORMATS
    )
    precision: str = setting(
        "fp32",
        "Arithmetic. fp16: for GPUs; int8: for CPUs, calibrated on photographs (both ONNX only).",
        choices=("fp32", "fp16", "int8"),
    )
    half_weights: bool = setting(
        False, "Store the weights of fp32 in half precision: half the file at the same speed (ONNX only)."
    )
    signature: str = setting(
        "planes",
        "planes: luma to chroma, uint8, as colorgan-batch takes it; rgb: gray to RGB, float in [0, 1].",
        choices=("planes", "rgb"),
    )
    opset: int = setting(18, "Version of ONNX's operators.", low=17, high=23)
    static_size: str = setting("", "Fix height and width, such as 96x128 or, for a square, 256.")
    static_batch: int = setting(0, "Fix the number of images in a batch.", low=0, zero="any")
    native_size: int = setting(
        0, "Side in pixels that suits the generator best, noted in the file.", low=0, zero="as trained"
    )
    license: str = setting("", "Licence of the model, such as CC-BY-4.0, noted in the file.")

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
        """Batch, height and width; 0 where it is dynamic."""
        height, _, width = self.static_size.partition("x")
        sides = (height or "0", width or height or "0")
        if not all(side.isdecimal() and int(side) % STRIDE == 0 for side in sides):
            problem = f"static-size is {self.static_size!r}; it must be HEIGHTxWIDTH such as 96x128"
            raise UsageError(f"{problem}, both multiples of {STRIDE}")
        return self.static_batch, int(sides[0]), int(sides[1])

    @property
    def variant(self) -> str:
        """What a file's name says of these settings: nothing of the usual ones, else such as `.rgb.fp16`."""
        batch, height, width = self.shape
        parts = {
            "rgb": self.signature == "rgb",
            f"{height}x{width}": bool(height),
            f"batch{batch}": bool(batch),
            self.precision: self.precision != "fp32",
            "half": self.half_weights,
        }
        return "".join(f".{part}" for part, there in parts.items() if there)


@dataclass(frozen=True)
class ColorizeConfig(Config):
    """How a model is run over photographs."""

    device: str = setting(
        "auto",
        "Where the model runs; auto: CUDA if it loads, else the CPU.",
        choices=("auto", "cpu", "cuda", "tensorrt"),
    )
    devices: str = setting("", "Numbers of the CUDA devices to use at once, such as 0,1.")
    batch_size: int = setting(
        0, "Photographs per forward pass, halved when memory does not suffice.", low=0, zero="auto"
    )
    workers: int = setting(0, "Files worked on side by side.", low=0, zero="auto")
    memory: int = setting(
        2048, "Megabytes of pixels in hand at once; a larger photograph is worked on alone.", low=1
    )
    max_pixels: int = setting(MAX_PIXELS, "A photograph of more pixels is refused.", low=1)
    format: str = setting(
        "keep",
        "Format of the results; keep: each photograph's own.",
        choices=("keep", "jpg", "png", "webp", "tiff"),
    )
    if_color: str = setting(
        "copy",
        "What to do with a photograph that is in colour already.",
        choices=("copy", "skip", "recolor"),
    )
    chroma_upsampling: str = setting(
        "bilinear",
        "How chroma is brought to the photograph's size; guided: along the edges of the luma, slower.",
        choices=("bilinear", "guided"),
    )
    jpeg_luma: str = setting(
        "keep",
        "Of a grayscale JPEG whose result is a JPEG: keep the luma as it is stored, or encode it anew.",
        choices=("keep", "reencode"),
    )
    quality: int = setting(
        0,
        "Quality of JPEG and WebP results, 1 to 100; auto: a JPEG's own, else 95.",
        low=0,
        high=100,
        zero="auto",
    )
    saturation: float = setting(1.0, "Strength of the colours: 0 none, 1 as predicted.", low=0, high=4)
    overwrite: bool = setting(False, "Colour again what an earlier run has done.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.devices and self.device == "cpu":
            raise UsageError("devices are those of CUDA; leave out --device cpu")
        _ = self.device_numbers

    @property
    def device_numbers(self) -> tuple[int, ...]:
        """The CUDA devices to use; none means whatever is there."""
        numbers = [number.strip() for number in self.devices.split(",") if self.devices]
        if not all(number.isdecimal() for number in numbers) or len(set(numbers)) < len(numbers):
            raise UsageError(f"devices is {self.devices!r}; it must be numbers such as 0,1")
        return tuple(map(int, numbers))

    @property
    def result_settings(self) -> str:
        """The settings that a result depends on."""
        names = ("chroma_upsampling", "format", "if_color", "jpeg_luma", "quality", "saturation")
        return " ".join(f"{name}={getattr(self, name)}" for name in names)
