"""The settings of a run over photographs."""

from __future__ import annotations

from dataclasses import dataclass

from colorgan.config.base import Config, setting
from colorgan.errors import UsageError

MAX_PIXELS = 500_000_000
"""Larger images are refused unless one asks for them: a small file can claim to be an enormous image."""

MOST_WORKERS = 1024
"""Threads; what more of them would take is memory."""


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
    workers: int = setting(
        0,
        "Files worked on side by side; with object storage, auto is four times as many.",
        low=0,
        high=MOST_WORKERS,
        zero="auto",
    )
    memory: int = setting(
        2048,
        "Limit on the memory of photographs in hand, in MB; a larger one is processed alone.",
        low=1,
    )
    max_pixels: int = setting(MAX_PIXELS, "A photograph of more pixels is refused.", low=1)
    format: str = setting(
        "keep",
        "Format of the results; keep: each photograph's own.",
        choices=("keep", "jpg", "png", "webp", "tiff"),
    )
    if_color: str = setting(
        "copy",
        "What to do with a photograph that is in color already.",
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
    saturation: float = setting(1.0, "Strength of the colors: 0 none, 1 as predicted.", low=0, high=4)
    overwrite: bool = setting(False, "Color again what an earlier run has done.")

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
