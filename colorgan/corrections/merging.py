"""Replace the rules of single photographs in a corrections.toml, and keep all else that stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from colorgan.corrections.file import BOM, Corrections
from colorgan.corrections.rule import plain
from colorgan.errors import UsageError


@dataclass(frozen=True)
class Change:
    """What takes the place of all rules for a path, or for a pattern."""

    by: str
    """`path` or `pattern`."""
    what: str
    text: str
    """One rule for it as it is to stand in the file; empty if there is to be none."""

    @classmethod
    def read(cls, values: Any) -> Self:
        """From what an editor sent; UsageError if that is no change, or its rule is for something else."""
        if not isinstance(values, dict) or values.keys() != {"by", "what", "text"}:
            raise UsageError("a change has by, what and text; send these three")
        if not all(isinstance(value, str) for value in values.values()):
            raise UsageError("by, what and text of a change must be text")
        if values["by"] not in ("path", "pattern"):
            raise UsageError("by of a change must be path or pattern")
        change = cls(**values)
        rules = Corrections.parse(change.text).rules
        if [rule.key for rule in rules] not in ([], [change.key]):
            raise UsageError(f"the rule for {change.what!r} must be one, with this {change.by}")
        if not rules and change.text.strip():
            raise UsageError(f"the text for {change.what!r} holds no rule; leave it empty to remove the rule")
        return change

    @property
    def key(self) -> tuple[str, str]:
        """What two rules have in common that are for the same."""
        return self.by, plain(self.what)


def merged(before: Corrections, changes: Sequence[Change]) -> str:
    """The text of a file with these changes.

    New rules stand last, as the last saturation counts. All other text stays as it is. Comments above a rule
    stay with the one that takes its place; those inside it go. Lines end as the others do.
    """
    if not changes:
        return before.text
    new = {change.key: change.text for change in changes}
    leads = dict.fromkeys(new, "")
    text, end = before.head, "\r\n" if "\r\n" in before.text else "\n"
    for rule in before.rules:
        if rule.key in new:
            leads[rule.key] += rule.lead
        else:
            text += rule.lead + rule.text
    for part in (*(leads[key] + rule for key, rule in new.items()), before.tail):
        if lines := part.strip().replace("\r\n", "\n"):
            gap = 2 * end if text.strip(BOM).strip() else ""
            text = text.rstrip() + gap + lines.replace("\n", end) + end
    return text
