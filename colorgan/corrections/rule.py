"""One `[[photo]]` of corrections.toml: which photographs it is for, and what it changes of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from colorgan.corrections.correction import Correction, HueRule, Point, all_of
from colorgan.errors import UsageError

KEYS = ("path", "pattern", "saturation", "skip", "hues", "points")
OF_POINTS = ("x", "y", "color", "reach")

Place = Callable[..., int]
"""The number of the line where a key stands, the n-th time it does."""


class RuleError(UsageError):
    """A rule that cannot be used, and the line where that shows."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(line, reason)  # both in args: survives pickling
        self.line, self.reason = line, reason

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True)
class Rule:
    """What is changed of one photograph, or of all that a pattern fits."""

    path: str = ""
    """Of one photograph, as the manifest has it."""
    pattern: str = ""
    """Such as `1911/*.jpg`, for paths or names; one of the two is empty."""
    saturation: float | None = None
    """None where the rule says nothing of it."""
    skip: bool | None = None
    hues: tuple[HueRule, ...] = ()
    points: tuple[Point, ...] = ()
    text: str = field(default="", compare=False)
    """As it stands in the file."""
    lead: str = field(default="", compare=False)
    """The comments before it, after another rule."""

    def __post_init__(self) -> None:
        if not (isinstance(self.path, str) and isinstance(self.pattern, str)):
            raise UsageError(f"path or pattern of a rule is {self.what!r}; it must be a str")
        if bool(self.path) == bool(self.pattern):
            raise UsageError("a rule needs either a path or a pattern")
        for name, kind in (("hues", HueRule), ("points", Point)):
            object.__setattr__(self, name, all_of(name, getattr(self, name), kind))

    @classmethod
    def read(cls, values: Any, line_of: Place, text: str, lead: str = "") -> Rule:
        """Read a table of the file; raises RuleError."""
        values = _table(values, KEYS, line_of, "a [[photo]]")
        named = [key for key in ("path", "pattern") if key in values]
        if len(named) != 1:
            remedy = 'it needs either path = "1911/a.jpg" or pattern = "1911/*.jpg"'
            raise RuleError(line_of(), f"which photograph? {remedy}")
        name = values[named[0]]
        if not isinstance(name, str) or not name:
            raise RuleError(line_of(named[0]), f'{named[0]} is {name!r}; write it as "1911/a.jpg"')
        for key in ("saturation", "skip"):
            if key in values:
                _at(partial(line_of, key), Correction, **{key: values[key]})
        hues, points = (_list(values.get(key, []), key, line_of) for key in ("hues", "points"))
        return cls(
            **{named[0]: name},
            saturation=values.get("saturation"),
            skip=values.get("skip"),
            hues=tuple(_at(partial(line_of, "hues", 0, each), HueRule.parse, each) for each in hues),
            points=tuple(_point(points, number, line_of) for number in range(len(points))),
            text=text,
            lead=lead,
        )

    @property
    def by(self) -> str:
        """`path` or `pattern`."""
        return "path" if self.path else "pattern"

    @property
    def what(self) -> str:
        """The path or the pattern."""
        return self.path or self.pattern

    @property
    def key(self) -> tuple[str, str]:
        """What two rules have in common that are for the same path or pattern."""
        return self.by, plain(self.what)

    def fits(self, name: str) -> bool:
        """Whether it is for a photograph, by its path in the input folder with forward slashes."""
        name = plain(name)
        if self.path:
            return name == plain(self.path)
        pattern = plain(self.pattern)
        return fnmatchcase(name, pattern) or fnmatchcase(name.rpartition("/")[2], pattern)


def plain(name: str) -> str:
    """A name in one of the ways that Unicode has to write it: files from a Mac have another one."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _point(points: list[Any], number: int, line_of: Place) -> Point:
    def line(key: str) -> int:
        before = sum(key in each for each in points[:number])
        return line_of(key, before, at_least="points")

    values = _table(points[number], OF_POINTS, line_of, "a point", "points")
    if missing := [key for key in OF_POINTS[:3] if key not in values]:
        raise RuleError(
            line("y" if missing == ["x"] else "x"),
            f'a point has no {missing[0]}; write {{ x = 0.4, y = 0.3, color = "#d9a58c" }}',
        )
    for key in OF_POINTS:
        if key in values:
            _at(partial(line, key), Point, **{"x": 0.0, "y": 0.0, "color": "#000000", key: values[key]})
    return Point(**values)


def _table(values: Any, known: tuple[str, ...], line_of: Place, what: str, key: str = "") -> dict[str, Any]:
    if not isinstance(values, dict):
        line = line_of(key, 0, values) if key else line_of()
        raise RuleError(line, f"{values!r} is not {what}; write one in [[ ]] or in {{ }}")
    if unknown := [key for key in values if key not in known]:
        found = line_of(unknown[0])
        raise RuleError(found, f"{what} has no {unknown[0]!r}; there is {', '.join(known)}")
    return values


def _list(values: Any, key: str, line_of: Place) -> list[Any]:
    if not isinstance(values, list):
        raise RuleError(line_of(key), f"{key} is {values!r}; write a list, in [ ]")
    return values


def _at(line: Callable[[], int], make: Callable[..., Any], *values: Any, **named: Any) -> Any:
    """What is made of values that stand in a line; raises RuleError.

    The line is looked for only then: for each of thousands of points, that would take minutes.
    """
    try:
        return make(*values, **named)
    except UsageError as error:
        raise RuleError(line(), str(error)) from error
