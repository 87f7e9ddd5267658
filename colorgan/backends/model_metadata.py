"""What an exported model says of itself, stored in the file as strings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from colorgan.errors import ModelError

KEY, LICENSE, CARD = "colorgan", "license", "model_card"
KEYS = (KEY, LICENSE, CARD)
FORMAT_VERSION = 2


@dataclass(frozen=True)
class ModelMetadata:
    """Where an exported model comes from and how it wants to be used."""

    signature: str
    """planes: luma uint8 to chroma uint8; rgb: gray to RGB, float in [0, 1]."""
    precision: str
    """Arithmetic: fp32, fp16 or int8."""
    half_weights: bool
    """Whether fp32 computes with weights that are stored in half precision."""
    shape: tuple[int, int, int]
    """Batch, height and width; 0 where any will do."""
    native_size: int
    """Side in pixels of the square whose area the generator sees best."""
    stride: int
    """Heights and widths are multiples of this."""
    head: str
    base_channels: int
    encoder: str
    """plain, or timm's name of a pretrained one; files written before there were others do not say."""
    checkpoint_sha256: str
    versions: dict[str, str]
    """Of the tools that wrote the file."""
    parity: dict[str, dict[str, float]]
    """How far the file is from the checkpoint on each device that it was run on; `export/parity.py`."""
    license: str
    model_card: str
    format_version: int = FORMAT_VERSION

    def to_strings(self) -> dict[str, str]:
        """License and card as they are, for whoever looks into the file; the rest as JSON."""
        values: dict[str, Any] = asdict(self)
        return {LICENSE: values.pop(LICENSE), CARD: values.pop(CARD), KEY: json.dumps(values)}

    def to_json(self) -> str:
        """All but the model card as JSON, for a file beside the model."""
        return json.dumps({name: value for name, value in asdict(self).items() if name != CARD}, indent=2)

    @classmethod
    def from_strings(cls, path: Path, strings: Mapping[str, str]) -> ModelMetadata:
        """Read what `to_strings` wrote into the model file at `path`."""
        try:
            values = json.loads(strings[KEY])
            version = values["format_version"]
            if version == FORMAT_VERSION:
                batch, height, width = map(int, values["shape"])
                return cls(
                    signature={"planes": "planes", "rgb": "rgb"}[values["signature"]],
                    precision={"fp32": "fp32", "fp16": "fp16", "int8": "int8"}[values["precision"]],
                    half_weights=bool(values["half_weights"]),
                    shape=(batch, height, width),
                    native_size=int(values["native_size"]),
                    stride=int(values["stride"]),
                    head=str(values["head"]),
                    base_channels=int(values["base_channels"]),
                    encoder=str(values.get("encoder", "plain")),
                    checkpoint_sha256=str(values["checkpoint_sha256"]),
                    versions={tool: str(number) for tool, number in values["versions"].items()},
                    parity={
                        device: {name: float(figure) for name, figure in figures.items()}
                        for device, figures in values["parity"].items()
                    },
                    license=strings[LICENSE],
                    model_card=strings[CARD],
                )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(
                path, "says nothing of its origin; it was not written by colorgan-export"
            ) from error
        raise ModelError(
            path,
            f"has format version {version}, and this colorgan reads {FORMAT_VERSION}: "
            "export it again, or use the colorgan that wrote it",
        )

    def of_planes(self, path: Path) -> ModelMetadata:
        """Itself, if the file takes luma and gives chroma; else ModelError."""
        if self.signature != "planes":
            raise ModelError(
                path, "takes gray and gives RGB, for other programs; export it with --signature planes"
            )
        return self

    @property
    def arrays(self) -> tuple[str, str]:
        """Name, type and shape of input and output."""
        batch, height, width = (
            str(side or name) for side, name in zip(self.shape, ("batch", "height", "width"), strict=True)
        )
        if self.signature == "planes":
            return (
                f"luma uint8 ({batch}, 1, {height}, {width})",
                f"chroma uint8 ({batch}, 2, {height}, {width})",
            )
        return (
            f"gray float32 ({batch}, 1, {height}, {width})",
            f"rgb float32 ({batch}, 3, {height}, {width})",
        )
