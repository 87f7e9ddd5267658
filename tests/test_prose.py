"""Sentences that people can skim: none of README, docs, changelog and model card is long."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    page
    for pattern in ("*.md", "docs/*.md", "benchmarks/*.md", "colorgan/models/*.md")
    for page in sorted(ROOT.glob(pattern))
]
LONGEST = 28
"""Words; `CONTRIBUTING.md` asks for one idea in a sentence."""

CODE = re.compile(r"^( *)```.*?^\1```", re.DOTALL | re.MULTILINE)
ITEM = re.compile(r"\s*(?:[-*]|\d+\.)\s")
END = re.compile(r"(?<=[.?!])\s+(?=[A-Z*(\[0-9]|code)|[:;]\s")


def sentences(text: str) -> list[str]:
    """Those of running text and of lists; tables, headings, and code, indented or not, have none."""
    blocks = [""]
    for line in CODE.sub("", text).splitlines():
        if not line.strip() or line.startswith("    ") or line.lstrip().startswith(("|", "#")):
            blocks.append("")
            continue
        item = ITEM.match(line)
        if item:
            blocks.append("")
        blocks[-1] += " " + line[item.end() if item else 0 :]
    plain = [re.sub(r"\]\([^)]*\)", "]", re.sub(r"`[^`]*`", "code", block)) for block in blocks]
    return [sentence for block in plain for sentence in END.split(block)]


def words(sentence: str) -> int:
    return sum(any(letter.isalnum() for letter in word) for word in sentence.split())


def test_a_long_sentence_is_found() -> None:
    text = "Short.\n\n- One `that is code` and " + "word " * LONGEST + "ends\n  here. Short."
    assert max(map(words, sentences(text))) == LONGEST + 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_sentence_is_long(page: Path) -> None:
    assert [each for each in sentences(page.read_text()) if words(each) > LONGEST] == []
