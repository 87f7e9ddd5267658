"""corrections.toml, hues, and colors that spread from points."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colorgan import Correction, Corrections, UsageError
from colorgan.corrections.blocks import Block
from colorgan.corrections.correction import HueRule, Point
from colorgan.corrections.merging import Change, merged
from colorgan.corrections.rule import Rule

TEXT = """\
# kept
[[photo]]
path = "a.jpg"
saturation = 0.5
hues = [
  "blue times 0.3",
  "orange to pink within 40",
]
points = [
  { x = 0.1, y = 0.2, color = "#d9a58c" },
  { x = 0.1, y = 0.2, color = "skyblue", reach = 0.2 },
]

[[photo]]
pattern = "1911/*.jpg"
skip = true
"""


FAINT = '[[photo]]\npath = "b.jpg"\nsaturation = 0.5\n'


def test_rules_that_fit_a_photograph_are_joined() -> None:
    corrections = Corrections.parse(
        TEXT + '[[photo]]\npattern = "*.jpg"\nsaturation = 2\nhues = ["red times 0"]\n'
        '[[photo]]\npath = "1911/b.jpg"\nskip = false\n'
    )
    of_a = corrections.of("a.jpg")
    assert of_a.saturation == 2
    assert [hue.hue for hue in of_a.hues] == ["blue", "orange", "red"]
    assert [point.reach for point in of_a.points] == [0.5, 0.2]
    assert corrections.of("1911/c.jpg").skip
    assert not corrections.of("1911/b.jpg").skip
    assert corrections.of("a.png") == Correction()
    assert corrections.unused(["a.jpg", "1911/x/c.jpg"]) == ["1911/b.jpg"]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("0.5\n", "9\n", 4),
        ("0.5\n", "true\n", 4),
        ("0.5\n", "nan\n", 4),
        ("0.5\n", "0,5\n", 4),
        ("0.5\n", "9" * 5000 + "\n", 4),
        ("0.5\n", "0x" + "f" * 5000 + "\n", 4),
        ("times 0.3", "by 0.3", 6),
        ("times 0.3", "times x", 6),
        ("to pink", "to gray", 7),
        ("within 40", "within 400", 7),
        ('"blue times 0.3"', "4", 6),
        ("skyblue", "sykblue", 11),
        ('"skyblue"', "3", 11),
        ("skyblue", "hsl(0,0%,300%)", 11),
        ("skyblue", "hsl(0,0%,50%)", 11),
        ("skyblue", "#d9a58c80", 11),
        ("skyblue", "#d9a58c\\n", 11),
        ("points = [\n", "points = [\n" + '{ x = 0, y = 0, color = "red" },' * 1000, 9),
        ('"1911/*.jpg"', '"*.jpg"\npoints = [' + '{ x = 0, y = 0, color = "red" },' * 999 + "]", 16),
        ("reach = 0.2", "rech = 0.2", 11),
        ("reach = 0.2", "reach = 0", 11),
        ('x = 0.1, y = 0.2, color = "sky', 'y = 0.2, color = "sky', 11),
        ('y = 0.2, color = "sky', 'y = 20, color = "sky', 11),
        ('{ x = 0.1, y = 0.2, color = "#d9a58c" }', "[0.1, 0.2]", 10),
        ("skip = true", "skip = 1", 16),
        ("pattern =", "patern =", 15),
        ('path = "a.jpg"\n', "", 2),
        ('path = "a.jpg"', 'path = "a.jpg"\npattern = "*"', 2),
        ('path = "a.jpg"', "path = 3", 3),
        ("[[photo]]\npath", "[photo]\npath", 14),
        ("[[photo]]\npath", "[[foto]]\npath", 2),
        ("# kept", "saturation = 0.5", 1),
        ('"1911/*.jpg"', '"1911/*.jpg', 15),
        ("\n", "\r\n\r\n", 0),
    ],
)
def test_a_mistake_is_one_line_with_its_place(old: str, new: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / "corrections.toml"
    path.write_bytes(TEXT.replace(old, new).encode())
    if not line:  # no mistake, but lines of another kind
        assert Corrections.load(path).rules == Corrections.parse(TEXT).rules
        return
    with pytest.raises(UsageError) as caught:
        Corrections.load(path)
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_not_utf_8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Corrections.load(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# one\n# caf\xe9\n")
    with pytest.raises(UsageError, match=r"latin\.toml, line 2: "):
        Corrections.load(tmp_path / "latin.toml")
    (tmp_path / "deep.toml").write_text("a = " + "[" * 100_000)
    with pytest.raises(UsageError, match="line 1"):
        Corrections.load(tmp_path / "deep.toml")
    (tmp_path / "bom.toml").write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert Corrections.load(tmp_path / "bom.toml").rules == Corrections.parse(TEXT).rules


@pytest.mark.skipif(os.name != "posix", reason="links and FIFOs of POSIX")
@pytest.mark.parametrize(
    "make",
    [Path.mkdir, os.mkfifo, lambda place: place.symlink_to("gone")],
    ids=["a folder", "a FIFO", "a link to nowhere"],
)
def test_what_is_in_the_place_of_corrections_and_is_none_is_no_reason_to_lose_them(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    make(tmp_path / "corrections.toml")
    with pytest.raises(UsageError, match="corrections"):
        Corrections.find(tmp_path)


def test_a_name_counts_however_unicode_writes_it() -> None:
    corrections = Corrections.parse('[[photo]]\npath = "caf\u00e9.jpg"\nskip = true\n')
    assert corrections.of("cafe\u0301.jpg").skip
    assert corrections.unused(["cafe\u0301.jpg"]) == []
    literal = Corrections.parse('[[photo]]\npath = "[a]*.jpg"\nskip = true\n')
    assert literal.of("[a]*.jpg").skip
    assert not literal.of("a1.jpg").skip


def test_text_is_kept_by_its_rule() -> None:
    corrections = Corrections.parse(TEXT)
    assert corrections.text == TEXT
    for other in ('[[photo]]\npath = """\n[[photo]]\n"""\nskip = true\n', 'photo = [{ path = "a.jpg" }]'):
        with pytest.raises(UsageError, match="line 1"):
            Corrections.parse(other)


def test_a_mark_tells_corrections_apart() -> None:
    assert Correction().mark == ""
    marks = {Correction(saturation=value).mark for value in (0.5, 0.6)} | {Correction(skip=True).mark}
    assert len(marks) == 3
    assert Corrections.parse(TEXT).of("a.jpg").mark == Corrections.parse("# other\n" + TEXT).of("a.jpg").mark


def test_bytes_that_are_not_replaced_stay() -> None:
    text = "\ufeff# 1\r\n" + TEXT.replace("\n", "\r\n") + "# an odd line\n# and a last one\r\n"
    before = Corrections.parse(text)
    assert before.rules == Corrections.parse(TEXT).rules
    assert before.text == text
    new = merged(before, [Change("path", "b.jpg", '[[photo]]\npath = "b.jpg"\nskip = true\n')])
    rest = text.removesuffix("# an odd line\n# and a last one\r\n")
    assert new.startswith(rest)
    assert new.removeprefix(rest).count("\n") == new.removeprefix(rest).count("\r\n") == 7
    assert Corrections.parse(new).of("b.jpg").skip
    marked = Corrections.parse('\ufeff[[photo]]\npath = "b.jpg"\nskip = true\n')
    assert merged(marked, [Change("path", "b.jpg", FAINT)]) == "\ufeff" + FAINT


def test_comments_stay_with_the_rule_below_them_whatever_is_replaced() -> None:
    text = (
        '# of all\n[[photo]]\npath = "a.jpg"  # a\nskip = true\n\n'
        '# the dress was blue\n[[photo]]\npath = "b.jpg"\nskip = true\n# the end\n'
    )
    before = Corrections.parse(text)
    assert before.text == text
    assert before.rules[1].lead.strip() == "# the dress was blue"
    new = '[[photo]]\npath = "a.jpg"\nsaturation = 0.5\n'
    after = Corrections.parse(merged(before, [Change("path", "a.jpg", new)]))
    assert after.of("a.jpg") == Correction(saturation=0.5)
    assert [rule.what for rule in after.rules] == ["b.jpg", "a.jpg"]  # the last saturation counts
    assert after.rules[0].text.strip() == before.rules[1].text.strip()
    without = merged(after, [Change("path", "b.jpg", ""), Change("path", "c.jpg", "")])
    assert not Corrections.parse(without).of("b.jpg")
    for comment in ("# of all\n", "# the dress was blue\n", "# the end\n"):
        assert comment in without
    assert merged(before, []) == text


@pytest.mark.parametrize(
    "values",
    [
        3,
        {"by": "path", "what": "a.jpg"},
        {"by": "path", "what": "a.jpg", "text": 3},
        {"by": "name", "what": "a.jpg", "text": ""},
        {"by": "path", "what": "a.jpg", "text": "# nothing\n"},
        {"by": "path", "what": "a.jpg", "text": "[[photo]]\n"},
        {"by": "path", "what": "a.jpg", "text": '[[photo]]\npath = "b.jpg"\nskip = true\n'},
        {"by": "pattern", "what": "a.jpg", "text": '[[photo]]\npath = "a.jpg"\nskip = true\n'},
        {"by": "path", "what": "a.jpg", "text": 2 * '[[photo]]\npath = "a.jpg"\nskip = true\n'},
    ],
)
def test_a_change_is_one_rule_for_what_it_names(values: Any) -> None:
    with pytest.raises(UsageError):
        Change.read(values)


NAMED = Corrections.parse('[[photo]]\npath = "a.jpg"\nskip = true\n')


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: HueRule(3),  # type: ignore[arg-type]
        lambda: HueRule("red", to=3),  # type: ignore[arg-type]
        lambda: Point(0.1, 0.2, (1, 2, 3)),  # type: ignore[arg-type]
        lambda: Correction(points=((0.1, 0.2, "red"),)),  # type: ignore[arg-type]
        lambda: Correction(points=Point(0.1, 0.2, "red")),  # type: ignore[arg-type]
        lambda: Correction(points=[Point(0.1, 0.2, "red")] * 1001),  # type: ignore[arg-type]
        lambda: Correction(hues="blue times 0.3"),  # type: ignore[arg-type]
        lambda: Corrections(rules=(Correction(),)),  # type: ignore[arg-type]
        lambda: Corrections.parse(b"[[photo]]"),  # type: ignore[arg-type]
        lambda: Corrections.load("a\0b"),
        lambda: NAMED.of(Path("a.jpg")),  # type: ignore[arg-type]
        lambda: Corrections.find(None),  # type: ignore[arg-type]
        lambda: Rule(),
        lambda: Rule(path=3),  # type: ignore[arg-type]
        lambda: Rule(path="a", points=("x",)),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_type_is_one_line(wrong: Callable[[], object]) -> None:
    with pytest.raises(UsageError) as error:
        wrong()
    assert "\n" not in str(error.value)


def test_lists_and_numbers_of_numpy_are_taken() -> None:
    given = Correction(np.float32(0.5), points=[Point(np.float32(0.5), 0, "red")])  # type: ignore[arg-type]
    assert given.mark == Correction(0.5, points=(Point(0.5, 0, "red"),)).mark


def test_what_long_files_take_grows_with_their_length_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are counted for what is wrong alone: for each of thousands of points it would take minutes."""
    point = '{ x = 0.5, y = 0.5, color = "red" },\n'
    some = f'[[photo]]\npath = "NUMBER.png"\npoints = [\n{point * 1000}]\n'
    text = "".join(some.replace("NUMBER", str(number)) for number in range(3)) + "".join(
        f'[[photo]]\npath = "{number}.jpg"\nhues = ["red times 0"]\nskip = true\n' for number in range(3000)
    )
    with pytest.raises(UsageError, match="line 1004"):
        Corrections.parse(text.replace("]\n[[photo]]", '{ x = 2, y = 0, color = "red" }]\n[[photo]]', 1))
    monkeypatch.setattr(Block, "line_of", lambda *_: pytest.fail("a line was looked for"))
    monkeypatch.setattr(Block, "first", property(lambda _: pytest.fail("lines were counted")))
    assert len(Corrections.parse(text).rules) == 3003
