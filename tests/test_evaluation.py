"""Evaluation says how near colors are to the true ones, and how sure that is."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from conftest import MakePhoto
from PIL import Image

from colorgan.cli.main import main
from colorgan.evaluation.recognition import Recognition
from colorgan.evaluation.scores import TILE, Scores, contact_sheet, score, summarize
from colorgan.evaluation.skin import Skin, find_skin
from colorgan.evaluation.strength import at_ratio


@pytest.fixture
def truth(tmp_path: Path, make_photo: MakePhoto) -> Path:
    """Color photographs, one in a sub-folder."""
    (tmp_path / "truth" / "sub").mkdir(parents=True)
    for seed in range(4):
        make_photo(64, 48, "RGB", seed).save(tmp_path / "truth" / f"{seed}.png")
    make_photo(48, 64, "RGB", 9).save(tmp_path / "truth" / "sub" / "a.jpg")
    return tmp_path / "truth"


def evaluate(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)])


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "images.jsonl").read_text().splitlines()]


def test_the_truth_is_perfect_and_gray_is_the_baseline(make_photo: MakePhoto) -> None:
    true = np.asarray(make_photo(64, 48, "RGB"))
    gray = np.asarray(make_photo(64, 48, "RGB").convert("L").convert("RGB"))
    perfect, colorless = score("a", true, true), score("a", gray, true)
    assert (perfect.ciede2000, perfect.chroma_error, perfect.psnr, perfect.ssim) == (0, 0, 100, 1)
    assert perfect.colorfulness == perfect.true_colorfulness > 10
    assert colorless.ciede2000 == colorless.colorless_ciede2000 > 5
    assert colorless.chroma_error == colorless.colorless_chroma_error > 5
    assert colorless.psnr == colorless.colorless_psnr < 30
    assert colorless.colorfulness == 0


def test_intervals_hold_the_mean_and_narrow_with_the_number() -> None:
    values = np.random.default_rng(1).normal(10, 2, 400)
    scores = [Scores("", value, 1, 30, 0.9, 20, 40, 15, 1, 20, 0.5) for value in values]
    few, many = summarize(scores[:25]), summarize(scores)
    for figures in (few, many):
        assert figures["ciede2000"].low < figures["ciede2000"].value < figures["ciede2000"].high
        assert figures["colorfulness_ratio"].value == pytest.approx(0.5)
    assert many["ciede2000"].value == pytest.approx(values.mean())
    assert 3 < width(few["ciede2000"]) / width(many["ciede2000"]) < 5  # by the root of 16
    assert width(many["ciede2000"]) == pytest.approx(2 * 1.96 * 2 / 20, rel=0.15)
    assert many == summarize(scores)  # the same again


def width(estimate: object) -> float:
    return estimate.high - estimate.low  # type: ignore[attr-defined, no-any-return]


def test_a_model_is_scored_beside_no_colors(exports: dict[str, Path], truth: Path, tmp_path: Path) -> None:
    result = evaluate(truth, "--model", exports["onnx"], "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert re.search(r"\b5 photographs\b", result.output)
    rows = rows_of(tmp_path / "out")
    assert [row["path"] for row in rows] == ["0.png", "1.png", "2.png", "3.png", "sub/a.jpg"]
    assert all(row["ciede2000"] > 0 and row["colorfulness"] > 1 for row in rows)
    with (
        Image.open(tmp_path / "out" / "worst.jpg") as worst,
        Image.open(tmp_path / "out" / "best.jpg") as best,
    ):
        assert worst.size == best.size == (3 * TILE, 5 * TILE)


def test_results_are_scored_as_the_model_that_made_them(
    exports: dict[str, Path], truth: Path, tmp_path: Path
) -> None:
    for name in ("0.jpg", "a[1].png"):  # beside 0.png; and what would be a pattern
        Image.open(truth / "1.png").save(truth / name)
    model = ("--model", exports["onnx"])
    batch = ["batch", truth, tmp_path / "results", *model, "--if-color", "recolor", "--format", "png"]
    assert CliRunner().invoke(main, list(map(str, batch))).exit_code == 0
    assert evaluate(truth, "--results", tmp_path / "results", "-o", tmp_path / "a").exit_code == 0
    assert evaluate(truth, *model, "-o", tmp_path / "b").exit_code == 0
    assert len(rows_of(tmp_path / "a")) == 7
    for mine, theirs in zip(rows_of(tmp_path / "a"), rows_of(tmp_path / "b"), strict=True):
        assert mine["ciede2000"] == pytest.approx(theirs["ciede2000"], abs=0.3)


def test_what_cannot_be_scored_is_named_and_the_rest_is(
    exports: dict[str, Path], truth: Path, tmp_path: Path
) -> None:
    (truth / "broken.jpg").write_bytes(b"")
    result = evaluate(truth, "--model", exports["onnx"], "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert str(truth / "broken.jpg") in result.stderr
    assert len(rows_of(tmp_path / "out")) == 5


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["nowhere"], "nowhere"),
        (["empty"], "empty"),
        (["truth", "--results", "nowhere"], "nowhere"),
        (["truth", "--results", "empty"], "truth"),
        (["truth", "--results", "empty", "--model", "x"], "--model"),
        (["truth", "--model", "nowhere"], "nowhere"),
        (["truth", "-o", "truth/0.png/out"], "truth/0.png/out"),
    ],
)
def test_wrong_usage_is_one_line(
    truth: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], named: str
) -> None:
    monkeypatch.chdir(truth.parent)
    Path("empty").mkdir()
    result = evaluate(*arguments)
    assert result.exit_code == 2
    lines = [line for line in result.stderr.splitlines() if "truth/" not in line or "truth/" in named]
    assert len(lines) == 1
    assert named in lines[0]


def test_a_contact_sheet_shows_gray_result_and_truth(make_photo: MakePhoto) -> None:
    true = np.asarray(make_photo(300, 200, "RGB"))
    sheet = np.asarray(contact_sheet([(true[..., ::-1], true)]), int)
    gray, result, truth = np.split(sheet[40:160], 3, axis=1)
    assert np.ptp(gray, axis=2).max() == 0
    assert np.abs(result[..., ::-1] - truth).max() <= 1


def test_skin_is_found_in_the_true_colors_and_scored_by_its_tone() -> None:
    truth = np.zeros((40, 60, 3), np.uint8)
    truth[:, :20] = (236, 188, 160)
    truth[:, 20:40] = (150, 95, 70)
    truth[:, 40:] = (60, 120, 220)  # no skin
    gray = np.repeat(np.asarray(Image.fromarray(truth).convert("L"))[..., None], 3, axis=2)
    assert find_skin(truth).mean() == pytest.approx(2 / 3)
    skin = Skin()
    skin.add(truth, gray, truth)
    rows = skin.rows()
    assert set(rows) == {"light", "dark"}
    for mine, colorless, hue in rows.values():
        assert mine.value == hue.value == 0
        assert colorless.value > 8
    skin.add(truth[..., ::-1], gray, truth)  # blue skin
    assert skin.rows()["light"][2].value > 60


def test_the_classifier_is_nearer_to_the_truth_with_true_colors() -> None:
    with Image.open(Path(__file__).parents[1] / "examples" / "coffee.jpg") as image:
        gray = np.asarray(image.convert("L").convert("RGB"))
    truth = np.clip(gray * np.array([1.2, 0.8, 0.5]), 0, 255).astype(np.uint8)
    half = ((gray.astype(int) + truth) // 2).astype(np.uint8)
    near, far = Recognition()(half, gray, truth), Recognition()(gray, gray, truth)
    assert near.feature_distance < far.feature_distance == far.colorless_feature_distance
    assert near.same_class in (0, 1)
    same = Recognition()(truth, gray, truth)
    assert same.feature_distance == pytest.approx(0, abs=1e-3)
    assert same.same_class == 1


def test_a_model_is_compared_at_equal_colorfulness(make_photo: MakePhoto) -> None:
    truths = [np.asarray(make_photo(64, 48, "RGB", seed)) for seed in range(3)]

    def paint(truth: np.ndarray, saturation: float) -> np.ndarray:
        gray = truth.mean(2, keepdims=True)
        result: np.ndarray = np.clip(gray + 0.5 * saturation * (truth - gray), 0, 255).round()
        return result.astype(np.uint8)

    saturation, reached, difference = at_ratio(paint, truths, 0.65)
    assert reached == pytest.approx(0.65, abs=0.01)
    assert saturation == pytest.approx(1.3, abs=0.1)
    assert 0 < difference < at_ratio(paint, truths, 0.3)[2]


def test_old_photographs_and_the_curve_are_reported(
    exports: dict[str, Path], truth: Path, tmp_path: Path
) -> None:
    model = ("--model", exports["onnx"], "-o", tmp_path / "out")
    result = evaluate(truth, *model, "--old", truth / "sub", "--curve")
    assert result.exit_code == 0, result.output
    assert result.output.count("\n| 0.") == 3
    assert evaluate(truth, "--results", tmp_path, "--curve").exit_code == 2
