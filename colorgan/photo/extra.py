"""Libraries of the extra `formats`, which not everybody has."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from colorgan.errors import ColorganError

REMEDY = "pip install 'colorgan[formats]'"


class MissingError(ColorganError, ValueError):
    """A library of the extra is not installed; the message says what for, and how to get it."""


def library(name: str, purpose: str) -> Any:
    """Import a library; MissingError names the extra. `purpose` is what needs it, as in "HEIC is read"."""
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingError(f"{purpose} with the extra formats: {REMEDY}") from error
