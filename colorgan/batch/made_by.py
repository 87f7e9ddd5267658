"""What results were made by: a model and settings, as one line of text in the manifest."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache, lru_cache
from typing import Any

from colorgan.config import ColorizeConfig
from colorgan.corrections.correction import MARK

PREFIX = "prefix"
SIGNED = "signed"


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


def without_mark(text: str) -> tuple[str, str]:
    """The same without the correction, and the mark of that, as `Correction.mark` gives it."""
    made, mark, digits = text.partition(MARK)
    return made, mark + digits


def settings_of(text: str, config: ColorizeConfig) -> tuple[ColorizeConfig, str]:
    """A config with the settings that results were made by, and their prefix; `text` has no mark.

    Settings that are not known here are left out: `is_alike` tells whether results will be the same.
    """
    _, named = _parts(text)
    prefix = named.pop(PREFIX, "")
    kinds: dict[str, Any] = {field.name: type(field.default) for field in fields(ColorizeConfig)}
    values = {name: kinds[name](value) for name, value in named.items() if name in kinds}
    if SIGNED not in named:
        values |= {"sign_certificate": "", "sign_key": ""}
    return replace(config, **values), prefix


def _parts(text: str) -> tuple[str, dict[str, str]]:
    settings, separator, prefix = text.partition(f" {PREFIX}=")
    model, *rest = settings.split(" ")
    named = dict(word.partition("=")[::2] for word in rest)
    return model, named | ({PREFIX: prefix} if separator else {})


@cache
def _defaults() -> dict[str, str]:
    return {field.name: str(field.default) for field in fields(ColorizeConfig)}
