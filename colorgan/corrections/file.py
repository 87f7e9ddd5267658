"""corrections.toml: what is changed of which photographs."""

from __future__ import annotations

import os
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import PurePath

from colorgan.corrections.blocks import Block
from colorgan.corrections.correction import MOST_POINTS, NONE, TOO_MANY, Correction, all_of
from colorgan.corrections.rule import Rule, RuleError, plain
from colorgan.errors import UsageError, check_type
from colorgan.storage.paths import AnyPath, locate, storage_of

NAME = "corrections.toml"
"""Of the file in a folder of results, or of photographs."""

BOM = "\ufeff"
"""What some editors begin a file with."""
HEADER = re.compile(r"^[ \t]*\[\[[ \t]*photo[ \t]*\]\]", re.MULTILINE)
LONG_NUMBER = re.compile(r"[0-9a-fA-F_]{3000,}")
LINE_OF_TOML = re.compile(r"\(at line (\d+), column \d+\)")


@dataclass(frozen=True)
class Corrections:
    """The rules of a file; several that fit a photograph are joined.

    The last `saturation` and `skip` count, and hues and points add up.
    """

    rules: tuple[Rule, ...] = ()
    source: AnyPath | None = None
    """The file."""
    head: str = field(default="", compare=False)
    """What stands in it before the first rule."""
    tail: str = field(default="", compare=False)
    """Comments after the last one."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", all_of("rules", self.rules, Rule))

    @classmethod
    def parse(cls, text: str, source: AnyPath | None = None) -> Corrections:
        """Read the text of a corrections.toml; UsageError names the file, the line and the remedy."""
        check_type(f"the content of {NAME}", text, str, "text; Corrections.load reads a file")
        name = source or NAME
        mark = text[: text.startswith(BOM)]
        text = text.removeprefix(mark)
        try:
            values = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            found = LINE_OF_TOML.search(str(error))
            line = int(found[1]) if found else text.count("\n") + 1
            reason = LINE_OF_TOML.sub("", str(error)).strip() or "too many levels"
            raise UsageError(f"{name}, line {line}: is not TOML ({reason}); correct it there") from error
        except ValueError as error:
            raise UsageError(f"{name}, {_too_long(text)}") from error
        starts = [match.start() for match in HEADER.finditer(text)]
        tables = values.pop("photo", [])
        try:
            if values or not isinstance(tables, list):
                unknown = next(iter(values), "photo")
                line = Block(text, 0).line_of(unknown)
                raise RuleError(line, f"{unknown!r} is not known here; begin each correction with [[photo]]")
            if len(starts) != len(tables):
                remedy = "begin each correction with [[photo]] on a line of its own, as no other line does"
                raise RuleError(Block(text, 0).line_of("photo"), remedy)
            ends = [end for _, end in pairwise([*starts, len(text)])]
            blocks = [Block(text, *place) for place in zip(starts, ends, strict=True)]
            leads = ["", *(block.rest for block in blocks)]
            rules = [
                Rule.read(table, block.line_of, block.text, lead)
                for table, block, lead in zip(tables, blocks, leads, strict=False)
            ]
            _check_points(rules, blocks)
        except RuleError as error:
            raise UsageError(f"{name}, {error}") from error
        except ValueError as error:  # of a hexadecimal one, once it is to be shown
            raise UsageError(f"{name}, {_too_long(text)}") from error
        return cls(tuple(rules), source, mark + (text[: starts[0]] if starts else text), leads[-1])

    @classmethod
    def load(cls, path: str | PurePath) -> Corrections:
        """Read a file, by its path or URL; raises UsageError."""
        place = locate(path)
        try:
            data, _ = storage_of(place).read(place)
        except (OSError, ValueError) as error:  # a name with a null byte
            reason = getattr(error, "strerror", "") or error
            raise UsageError(f"{place}: cannot be read ({reason})") from error
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise UsageError(f"{place}, line {line}: is not UTF-8; save the file as UTF-8") from error
        return cls.parse(text, place)

    @classmethod
    def find(cls, *folders: str | PurePath) -> Corrections:
        """Read the file in the first of these folders that has one; without any, nothing is corrected.

        What has its name and is none, as a link to nowhere, is a UsageError: its corrections would be lost.
        """
        for folder in map(locate, folders):
            place = folder / NAME
            if storage_of(place).is_file(place) or os.path.lexists(place):  # a link to nowhere
                return cls.load(place)
        return cls()

    @property
    def text(self) -> str:
        """The file as it is."""
        return self.head + "".join(rule.lead + rule.text for rule in self.rules) + self.tail

    def __bool__(self) -> bool:
        return bool(self.rules)

    def of(self, name: str) -> Correction:
        """What is changed of a photograph, by its path in the input folder with forward slashes."""
        rules = self.rules_for(name)
        return joined(rules) if rules else NONE

    def rules_for(self, name: str) -> list[Rule]:
        """The rules that fit a photograph, in their order."""
        check_type("the name of a photograph", name, str, "its path in the input folder, as text")
        if not self.rules:
            return []
        numbers = self._of_path.get(plain(name), [])
        numbers = numbers + [number for number, rule in self._patterns if rule.fits(name)]
        return [self.rules[number] for number in sorted(numbers)]

    def unused(self, names: Iterable[str]) -> list[str]:
        """The paths and patterns that fit none of these photographs, in their order, each once."""
        left = {rule.what: rule for rule in self.rules}
        paths = {plain(rule.path): rule.path for rule in self.rules if rule.path}
        for name in names:
            if not left:
                break
            left.pop(paths.get(plain(name), ""), None)
            for pattern in [what for what, rule in left.items() if rule.pattern and rule.fits(name)]:
                del left[pattern]
        return list(left)

    @cached_property
    def _of_path(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for number, rule in enumerate(self.rules):
            if rule.path:
                found.setdefault(plain(rule.path), []).append(number)
        return found

    @cached_property
    def _patterns(self) -> list[tuple[int, Rule]]:
        return [(number, rule) for number, rule in enumerate(self.rules) if rule.pattern]


def joined(rules: Sequence[Rule]) -> Correction:
    """What several rules for a photograph change together."""
    strengths = [rule.saturation for rule in rules if rule.saturation is not None]
    skips = [rule.skip for rule in rules if rule.skip is not None]
    return Correction(
        saturation=strengths[-1] if strengths else 1.0,
        skip=skips[-1] if skips else False,
        hues=tuple(hue for rule in rules for hue in rule.hues),
        points=tuple(point for rule in rules for point in rule.points),
    )


def _check_points(rules: Sequence[Rule], blocks: Sequence[Block]) -> None:
    """See that no photograph gets too many points, should all patterns fit it; raises RuleError."""
    counts = Counter[str]()
    for rule in rules:
        counts[plain(rule.path)] += len(rule.points)
    of_patterns = counts.pop("", 0)
    if of_patterns + max(counts.values(), default=0) > MOST_POINTS:
        most = max(range(len(rules)), key=lambda number: len(rules[number].points))
        raise RuleError(blocks[most].line_of("points"), TOO_MANY)


def _too_long(text: str) -> RuleError:
    """What is wrong where Python refuses a number for its digits."""
    found = LONG_NUMBER.search(text)
    line = text.count("\n", 0, found.start()) + 1 if found else 1
    return RuleError(line, "a number has too many digits; correct it there")


UNCORRECTED = Corrections()
