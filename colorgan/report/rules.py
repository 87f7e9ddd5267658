"""Corrections as the editor of the report reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

from colorgan.corrections.correction import Correction, rgb_of
from colorgan.corrections.file import Corrections, joined
from colorgan.corrections.rule import Rule


def shown(path: str) -> str:
    """A path as the page has it."""
    return os.fsencode(path).decode("utf-8", "replace")


def rules_of(corrections: Corrections) -> dict[str, Any]:
    """The text of the file, cut into its rules: the editor replaces those of photographs that it changes."""
    rules = [
        {"by": rule.by, "what": rule.what, "lead": rule.lead, "text": rule.text} for rule in corrections.rules
    ]
    return {"head": corrections.head, "rules": rules, "tail": corrections.tail}


def correction_of(corrections: Corrections, path: str) -> dict[str, Any]:
    """What rules change of a photograph: `own` are those for it alone, `others` are patterns.

    `by` and `what` are how a rule is to name it if its path is not UTF-8, which a pattern can fit.
    """
    is_text = shown(path) == path
    by, what = ("path", path) if is_text else ("pattern", _as_pattern(path))
    found: dict[str, Any] = {} if is_text else {"by": by, "what": what}
    rules = corrections.rules_for(path)
    own = [rule for rule in rules if rule.path or rule.what == what]
    if own:
        found["own"] = _values(own)
    if others := [rule for rule in rules if rule not in own]:
        found["others"] = _values(others)
    return found


def _values(rules: Sequence[Rule]) -> dict[str, Any]:
    correction: Correction = joined(rules)
    points = [
        {
            "x": point.x,
            "y": point.y,
            "color": "#{:02x}{:02x}{:02x}".format(*rgb_of(point.color)),
            "reach": point.reach,
        }
        for point in correction.points
    ]
    has_strength = any(rule.saturation is not None for rule in rules)
    return {
        "saturation": correction.saturation if has_strength else None,
        "skip": correction.skip,
        "hues": [str(hue) for hue in correction.hues],
        "points": points,
    }


def _as_pattern(path: str) -> str:
    """A pattern that fits a path alone, or others that differ in bytes that are not UTF-8 alone."""
    return re.sub("[\udc80-\udcff]", "?", re.sub(r"([*?\[])", r"[\1]", path))
