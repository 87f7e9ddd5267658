"""Settings: a default, a help text and bounds, written once for Python, the commands and checkpoints."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from colorgan.errors import UsageError

STRIDE = 16
"""A generator takes heights and widths that are multiples of this: it halves them four times."""


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
            if low is not None and not value >= low:  # which is not a number, either
                raise UsageError(f"{name} is {value}; it must be at least {low}")
            if high is not None and not value <= high:
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
