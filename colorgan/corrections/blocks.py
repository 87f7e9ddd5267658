"""The text of a corrections.toml, cut into its rules."""

from __future__ import annotations

import re


class Block:
    """The lines of one rule in the text of a file."""

    def __init__(self, text: str, start: int, end: int | None = None) -> None:
        whole = text[start:end]
        at = comments_at_end(whole)
        self.text, self.rest = whole[:at], whole[at:]
        """The rule, and the comments after it: they are more likely of what follows."""
        self._before, self._start = text, start

    @property
    def first(self) -> int:
        """The number of its first line, which is asked for only where something is wrong."""
        return self._before.count("\n", 0, self._start) + 1

    def line_of(self, key: str = "", nth: int = 0, holding: object = "", at_least: str = "") -> int:
        """The number of the line where a key stands for the n-th time, or where a text after it does.

        It is that of `at_least`, another key, where the key is not there so often, else the first line.
        """
        if not key:
            return self.first
        places = [match.start() for match in re.finditer(rf"(?<![\w.-])[\"']?{re.escape(key)}\b", self.text)]
        if nth >= len(places):
            return self.line_of(at_least) if at_least else self.first
        at = places[nth]
        if holding:
            at = max(at, self.text.find(str(holding), at))
        return self.first + self.text.count("\n", 0, at)


def comments_at_end(text: str) -> int:
    """Where the comments and empty lines begin with which a text ends."""
    lines = text.split("\n")
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return min(len("\n".join(lines)) + 1, len(text)) if lines else 0
