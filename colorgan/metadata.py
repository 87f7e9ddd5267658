"""What an exported model says of itself, stored in the file as strings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from colorgan.errors import ModelError

KEY = "colorgan"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class ModelMetadata:
    """Where an exported model comes from and how it wants to be used."""

    native_size: int
    """Side in pixels of the square whose area the generator sees best."""
    stride: int
    """Heights and widths are multiples of this."""
    head: str
    base_channels: int
    weights: str
    """fp32, or fp16: stored in half precision, computed in single."""
    checkpoint_sha256: str
    versions: dict[str, str]
    """Of the tools that wrote the file."""
    largest_difference: int
    """From the checkpoint's chroma, in steps of 255, over the batches it was checked on."""
    format_version: int = FORMAT_VERSION

    def to_strings(self) -> dict[str, str]:
        """One entry, JSON, for the file's own table of strings."""
        return {KEY: json.dumps(asdict(self))}

    @classmethod
    def from_strings(cls, path: Path, strings: Mapping[str, str]) -> ModelMetadata:
        """Read what `to_strings` wrote into the model file at `path`."""
        try:
            values = json.loads(strings[KEY])
            version = values["format_version"]
            if version == FORMAT_VERSION:
                return cls(**values)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                path, "says nothing of its origin; it was not written by colorgan-export"
            ) from error
        raise ModelError(
            path, f"has format version {version}; this colorgan reads {FORMAT_VERSION}: upgrade it"
        )
