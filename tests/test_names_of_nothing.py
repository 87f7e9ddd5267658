"""Names that no file can have: one line that names them, and no exit code of a fault of ours."""

from pathlib import Path

import pytest
from commands import call

from colorgan import Colorizer, ImageError, UsageError, restore, status

LONG = 300 * "x"


@pytest.mark.parametrize(
    "words",
    [
        ("batch", LONG, "out"),
        ("batch", "in", LONG),
        ("batch", f"@{LONG}", "out"),
        ("batch", "in", "out", "--model", LONG),
        ("batch", "in", "out", "--corrections", LONG),
        ("status", LONG),
        ("report", LONG),
        ("restore", LONG, "out"),
        ("serve", "--edit", LONG),
        ("watch", LONG, "out"),
        ("watch", "in", LONG),
    ],
    ids=lambda words: f"{words[0]}-{words.index(next(word for word in words if LONG in word))}",
)
def test_a_name_that_is_too_long(words: tuple[str, ...], photos: Path, tmp_path: Path) -> None:
    places = {"in": photos, "out": tmp_path / "out"} | dict.fromkeys([LONG], tmp_path / LONG)
    result = call(*(places.get(word, word) for word in words))
    assert result.exit_code == 2, result.output
    assert LONG in result.output


@pytest.mark.parametrize(
    "words",
    [
        ("batch", "", "out"),
        ("batch", "in", ""),
        ("batch", "@", "out"),
        ("batch", "in", "out", "--model", ""),
        ("status", ""),
        ("restore", "in", ""),
        ("batch", "loop", "out"),
        ("batch", "in", "loop"),
        ("batch", "in", "loop/x"),
        ("batch", "in", "out", "--corrections", "loop"),
        ("restore", "in", "loop"),
        ("bag", "in", "loop"),
        ("watch", "in", "loop"),
        ("report", "loop"),
    ],
    ids=" ".join,
)
def test_no_name_and_links_in_a_circle(
    words: tuple[str, ...], photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos.parent)
    photos.rename("in")
    Path("loop").symlink_to("loop")
    result = call(*words)
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1 or "Usage:" in result.stderr


def test_a_name_with_a_null_byte(photos: Path, tmp_path: Path) -> None:
    with Colorizer() as colorizer:
        for wrong in ("a\0b", Path("a\0b")):
            for work in (
                lambda: colorizer.colorize(wrong),  # noqa: B023
                lambda: colorizer.colorize_folder(wrong, tmp_path),  # noqa: B023
                lambda: colorizer.colorize_folder(photos, wrong),  # noqa: B023
                lambda: Colorizer(wrong),  # noqa: B023
                lambda: status(wrong),  # noqa: B023
                lambda: restore(photos, wrong),  # noqa: B023
            ):
                with pytest.raises((UsageError, ImageError)):
                    work()
        with pytest.raises(UsageError):
            colorizer.colorize_folder(photos, tmp_path / "out", prefix="a\0")
