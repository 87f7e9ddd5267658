"""Settings: default, help text and bounds, declared once for Python, the commands and checkpoints."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from numbers import Integral, Real
from typing import Any, Self

from colorgan.errors import UsageError


def setting(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] | None = None,
    zero: str | None = None,
) -> Any:
    """Declare a field of a Config; `low` and `high` are inclusive, `zero` is a word for 0."""
    metadata = {"help": help, "low": low, "high": high, "choices": choices, "zero": zero}
    return field(default=default, metadata=metadata)


KINDS: dict[type, tuple[type, str]] = {
    bool: (bool, "True or False"),
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    str: (str, "text"),
}
"""What a setting takes, by the type of its default, and in words."""


@dataclass(frozen=True)
class Config:
    """Base of all settings: checked on creation, stored as a plain dictionary."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value, meta, name = getattr(self, item.name), item.metadata, item.name.replace("_", "-")
            kind, words = KINDS[type(item.default)]
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise UsageError(f"{name} is {value!r}; it must be {words}")
            if meta.get("choices") and value not in meta["choices"]:
                raise UsageError(f"{name} is {value!r}; it must be one of {', '.join(meta['choices'])}")
            if isinstance(value, Real) and not math.isfinite(value):
                raise UsageError(f"{name} is {value}; it must be a number")
            low, high = meta.get("low"), meta.get("high")
            if low is not None and value < low:
                raise UsageError(f"{name} is {value}; it must be at least {low}")
            if high is not None and value > high:
                raise UsageError(f"{name} is {value}; it must be at most {high}")

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, for checkpoints and result files."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make settings from stored values; raises UsageError for an unknown name."""
        unknown = set(values) - {item.name for item in fields(cls)}
        if unknown:
            raise UsageError(f"unknown settings: {', '.join(sorted(unknown))}")
        return cls(**values)
