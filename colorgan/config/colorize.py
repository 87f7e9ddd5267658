"""The settings of a colorizing run."""

from __future__ import annotations

import re
from dataclasses import dataclass

from colorgan.config.accelerators import ACCELERATORS
from colorgan.config.base import Config, setting
from colorgan.errors import UsageError

MAX_PIXELS = 500_000_000
"""Default limit: a small file can claim to be an enormous image."""

MOST_WORKERS = 1024
"""Threads; what more of them would take is memory."""

MOST_PROCESSES = 256


@dataclass(frozen=True)
class ColorizeConfig(Config):
    """How a model colorizes photographs."""

    device: str = setting(
        "auto",
        "Device for the model; auto: CUDA if it loads, else the CPU. `colorgan doctor` lists what is there.",
        choices=("auto", "cpu", *ACCELERATORS),
    )
    devices: str = setting("", "Numbers of the GPUs to use, such as 0,1.")
    model_sha256: str = setting("", "SHA-256 that the model file must have: pins one from a URL.")
    batch_size: int = setting(
        0, "Photographs per forward pass; halved when memory runs out.", low=0, zero="auto"
    )
    workers: int = setting(
        0,
        "Files processed side by side; with object storage, auto is four times as many.",
        low=0,
        high=MOST_WORKERS,
        zero="auto",
    )
    processes: int = setting(
        0,
        "Processes that share the work; auto: one for 4 processors, and one for a few files.",
        low=0,
        high=MOST_PROCESSES,
        zero="auto",
    )
    memory: int = setting(
        2048,
        "Limit on the memory of photographs in progress, in MB. One that needs more fails, with the figure.",
        low=1,
    )
    max_pixels: int = setting(MAX_PIXELS, "Reject photographs with more pixels.", low=1)
    format: str = setting(
        "keep",
        "Format of results; keep: the photograph's own.",
        choices=("keep", "jpg", "png", "webp", "tiff", "jp2", "avif", "heic", "jxl"),
    )
    if_color: str = setting(
        "copy",
        "Action for a photograph that is already in color.",
        choices=("copy", "skip", "recolor"),
    )
    chroma_upsampling: str = setting(
        "bilinear",
        "Upsampling of chroma; guided: follows the edges of the luma, slower.",
        choices=("bilinear", "guided"),
    )
    jpeg_luma: str = setting(
        "keep",
        "Luma of a grayscale JPEG in a JPEG result: copy the compressed data, or re-encode it.",
        choices=("keep", "reencode"),
    )
    quality: int = setting(
        0,
        "Quality of JPEG, WebP, AVIF and HEIC results, 1 to 100; auto: the JPEG's own, else 95.",
        low=0,
        high=100,
        zero="auto",
    )
    saturation: float = setting(1.0, "Strength of the colors; 0: none, 1: as predicted.", low=0, high=4)
    sign_certificate: str = setting("", "PEM file with the certificate chain to sign results with (C2PA).")
    sign_key: str = setting("", "PEM file with the certificate's private key, without a password.")
    overwrite: bool = setting(False, "Colorize finished photographs again.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if bool(self.sign_certificate) != bool(self.sign_key):
            raise UsageError("--sign-certificate and --sign-key go together; give both")
        numbered = [name for name, each in ACCELERATORS.items() if each.numbered]
        if self.devices and self.device not in ("auto", *numbered):
            raise UsageError(f"--device {self.device} takes no --devices; {', '.join(numbered)} do")
        if self.model_sha256 and not re.fullmatch("[0-9a-fA-F]{64}", self.model_sha256):
            raise UsageError(f"model-sha256 is {self.model_sha256!r}; it must be 64 hexadecimal digits")
        _ = self.device_numbers

    @property
    def device_numbers(self) -> tuple[int, ...]:
        """The GPUs to use; empty if none were named."""
        numbers = [number.strip() for number in self.devices.split(",") if self.devices]
        if not all(number.isdecimal() for number in numbers) or len(set(numbers)) < len(numbers):
            raise UsageError(f"devices is {self.devices!r}; it must be numbers such as 0,1")
        return tuple(map(int, numbers))

    @property
    def result_settings(self) -> str:
        """The settings that change a result."""
        names = ("chroma_upsampling", "format", "if_color", "jpeg_luma", "quality", "saturation")
        signed = " signed" if self.sign_key else ""
        return " ".join(f"{name}={getattr(self, name)}" for name in names) + signed
