"""What a person changes of one photograph's colors."""

from __future__ import annotations

import hashlib
import json
import math
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any

from PIL import ImageColor

from colorgan.errors import UsageError
from colorgan.photo.color import BLUE, CB_TO_BLUE, CR_TO_RED, GREEN, RED

REACH = 0.5
"""How far the color of a point goes unless it says so itself."""
WITHIN = 50.0
"""Degrees from its hue up to which a rule counts, less and less from the half of it on."""
HIGHEST = 4.0
"""Of saturation and of factors, as of `--saturation`."""
MOST_POINTS = 1000
"""Of a photograph: each takes about 0.04 s."""
EDITION = "1"
"""To be changed with what corrections do, so that photographs are colored again."""
MARK = " correction="
"""Comes before the hash of a correction in what a result depends on."""

Chroma = tuple[float, float]
"""Cb and Cr, 0 being neutral, in steps of 255."""


COLOR = re.compile("#([0-9a-f]{3}|[0-9a-f]{6})|[a-z]+", re.IGNORECASE | re.ASCII)


def rgb_of(color: str) -> tuple[int, ...]:
    """Red, green and blue, 0 to 255, of `#d9a58c`, or of a color by its name in CSS; raises UsageError."""
    if isinstance(color, str) and COLOR.fullmatch(color):
        with suppress(ValueError):
            return ImageColor.getrgb(color)
    raise UsageError(
        f"{color!r:.99} is no color; write it as #d9a58c, or by its name in CSS, such as skyblue"
    )


def chroma_of(color: str) -> Chroma:
    """The chroma of `#d9a58c`, or of a color by its name in CSS; raises UsageError for others."""
    red, green, blue = rgb_of(color)
    luma = RED * red + GREEN * green + BLUE * blue
    return (blue - luma) / CB_TO_BLUE, (red - luma) / CR_TO_RED


@dataclass(frozen=True)
class Point:
    """A place in a photograph that has a certain color; luma stays, so that only its chroma counts."""

    x: float
    """From the left edge of the upright picture, as a share of its width, 0 to 1."""
    y: float
    """From the top, as a share of its height."""
    color: str
    """`#d9a58c`, or a name that CSS has."""
    reach: float = REACH
    """How far the color goes, as a share of the longer side where no edge is in the way; above 0, up to 2."""

    def __post_init__(self) -> None:
        for name in ("x", "y"):
            check(f"{name} of a point", getattr(self, name), 0, 1, "a share of the upright picture")
        check("reach of a point", self.reach, 0.01, 2, "a share of the picture's longer side")
        chroma_of(self.color)


@dataclass(frozen=True)
class HueRule:
    """Another strength or another hue for all that has about one hue."""

    hue: str
    """A color of that hue, as of a point."""
    times: float = 1.0
    """Factor on its saturation."""
    to: str = ""
    """A color of the hue that it gets; empty: its own."""
    within: float = WITHIN
    """How far hues may be from it, in degrees of the plane of Cb and Cr; above 0, up to 180."""

    def __post_init__(self) -> None:
        check("the factor of a hue rule", self.times, 0, HIGHEST, "0 for gray, 1 for no change")
        check("the width of a hue rule", self.within, 1, 180, "degrees")
        _ = self.angle, self.turn

    @classmethod
    def parse(cls, text: str) -> HueRule:
        """Read `HUE times FACTOR` or `HUE to HUE`, optionally with `within DEGREES` at the end."""
        words = text.split() if isinstance(text, str) else []
        within = WITHIN
        if len(words) > 2 and words[-2] == "within":
            within = _number(words[-1], text)
            words = words[:-2]
        match words:
            case [hue, "times", factor]:
                return cls(hue, times=_number(factor, text), within=within)
            case [hue, "to", other]:
                return cls(hue, to=other, within=within)
        raise UsageError(f"{text!r} is no hue rule; {_AS}")

    def __str__(self) -> str:
        change = f"to {self.to}" if self.to else f"times {self.times:g}"
        width = "" if self.within == WITHIN else f" within {self.within:g}"
        return f"{self.hue} {change}{width}"

    @property
    def angle(self) -> float:
        """Of its hue in the plane of Cb and Cr, in radians."""
        return _angle(self.hue)

    @property
    def turn(self) -> float:
        """From its hue to the one that it gets, in radians."""
        return _angle(self.to) - self.angle if self.to else 0.0


@dataclass(frozen=True)
class Correction:
    """What is changed of one photograph: hues first, then saturation, then points."""

    saturation: float = 1.0
    """Times that of the settings; 0: none."""
    skip: bool = False
    """Leave it as it is, without color."""
    hues: tuple[HueRule, ...] = ()
    points: tuple[Point, ...] = ()

    def __post_init__(self) -> None:
        check("saturation", self.saturation, 0, HIGHEST, "0 for none, 1 as predicted")
        if not isinstance(self.skip, bool):
            raise UsageError(f"skip is {self.skip!r}; it must be true or false")
        for name, kind in (("hues", HueRule), ("points", Point)):
            object.__setattr__(self, name, all_of(name, getattr(self, name), kind))
        if len(self.points) > MOST_POINTS:
            raise UsageError(TOO_MANY)

    def __bool__(self) -> bool:
        return self != NONE

    @property
    def mark(self) -> str:
        """Tells it from others, among what a result depends on; empty if it changes nothing."""
        if not self:
            return ""
        text = json.dumps(asdict(self), sort_keys=True, default=float)  # numbers may be numpy's
        return MARK + hashlib.sha256(f"{EDITION} {text}".encode()).hexdigest()[:16]


TOO_MANY = f"a photograph can have {MOST_POINTS:,} points; leave some out, or let others reach further"
_AS = "write 'blue times 0.3' or 'orange to #d08080', with 'within 40' at the end for fewer hues"


def check(name: str, value: Any, low: float, high: float, meaning: str) -> None:
    """See that a value is a number from low to high; raises UsageError."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        raise UsageError(f"{name} is {value!r}; it must be a number from {low:g} to {high:g} ({meaning})")


def all_of(name: str, values: Any, kind: type) -> tuple[Any, ...]:
    """The values of a list or a tuple, which all are of this type; raises UsageError."""
    if not isinstance(values, list | tuple) or not all(isinstance(value, kind) for value in values):
        raise UsageError(f"{name} is {values!r}; give a list of {kind.__name__}")
    return tuple(values)


def _number(word: str, text: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise UsageError(f"{text!r} is no hue rule, as {word!r} is no number; {_AS}") from None


def _angle(color: str) -> float:
    cb, cr = chroma_of(color)
    if math.hypot(cb, cr) < 1:
        raise UsageError(f"{color!r} is gray, which has no hue; {_AS}")
    return math.atan2(cr, cb)


NONE = Correction()
