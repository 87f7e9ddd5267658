"""What results were made by: a model and settings, as one line of text in the manifest."""

from __future__ import annotations

from dataclasses import fields
from functools import cache, lru_cache

from colorgan.config import ColorizeConfig

PREFIX = "prefix"


def made_by(sha256: str, config: ColorizeConfig, prefix: str) -> str:
    """The model by its SHA-256, the settings that change a result, and the prefix of names."""
    return f"{sha256} {config.result_settings} {PREFIX}={prefix}"


@lru_cache(maxsize=1024)
def is_alike(one: str, other: str) -> bool:
    """Whether results of both are the same.

    A setting that only one of them names was not there when the other was written: it had its default, which
    leaves results as they were.
    """
    (model, first), (other_model, second) = _parts(one), _parts(other)
    return model == other_model and all(
        first.get(name, default) == second.get(name, default)
        for name in first.keys() | second.keys()
        for default in [_defaults().get(name)]
    )


def _parts(text: str) -> tuple[str, dict[str, str]]:
    settings, separator, prefix = text.partition(f" {PREFIX}=")
    model, *rest = settings.split(" ")
    named = dict(word.partition("=")[::2] for word in rest)
    return model, named | ({PREFIX: prefix} if separator else {})


@cache
def _defaults() -> dict[str, str]:
    return {field.name: str(field.default) for field in fields(ColorizeConfig)}
