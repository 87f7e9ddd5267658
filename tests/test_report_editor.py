"""The editor of the report in a browser, from disk: what is picked is seen, and done by the engine."""

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import wait_until
from conftest import MakePhoto
from PIL import Image
from reports import call, open_page

from colorgan import Correction, Corrections
from colorgan.batch.entry import Entry
from colorgan.batch.manifest import Manifest
from colorgan.batch.manifest_store import NAME
from colorgan.corrections.apply import add_points
from colorgan.corrections.correction import Point
from colorgan.photo.color import merge, saturate
from colorgan.report import write_report
from colorgan.report.thumbnails import Thumbnails

DRAWN = "planesOf !== null"


def pixels(page: Any) -> np.ndarray:
    """What the preview shows: int (H, W, 3)."""
    data = page.evaluate("document.querySelector('#canvas').toDataURL('image/png').split(',')[1]")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"), int)


def open_editor(page: Any, name: str) -> None:
    page.locator("#grid button", has_text=name).click()
    page.locator("#correct").click()
    wait_until(page, DRAWN)


def click(page: Any, x: float, y: float) -> None:
    box = page.locator("#canvas").bounding_box()
    page.locator("#canvas").click(position={"x": x * box["width"], "y": y * box["height"]})


def downloaded(page: Any, path: Path, button: str = "#download-too") -> Corrections:
    with page.expect_download() as download:
        page.locator(button).click()
    assert download.value.suggested_filename == "corrections.toml"
    download.value.save_as(path)
    return Corrections.load(path)


def planes_of(results: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Luma uint8 (H, W) and chroma uint8 (2, h, w) that the page was given."""
    script = Thumbnails.of(results).planes(name).read_text()
    values = json.loads(script.removeprefix("planes(").removesuffix(");\n"))
    luma = np.asarray(Image.open(io.BytesIO(base64.b64decode(values["luma"]))))
    chroma = np.frombuffer(base64.b64decode(values["chroma"]), np.uint8)
    return luma, chroma.reshape(2, values["height"], values["width"])


@pytest.fixture
def results(exports: dict[str, Path], tmp_path: Path, make_photo: MakePhoto) -> Path:
    """A report of two photographs, one of them with a correction by a pattern."""
    (tmp_path / "photos").mkdir()
    make_photo(600, 450).save(tmp_path / "photos" / "a.jpg")
    make_photo(300, 400, seed=1).save(tmp_path / "photos" / "b.jpg")
    (tmp_path / "photos" / "corrections.toml").write_text(
        '# of the archive\n\n[[photo]]\npattern = "b*"  # all of May\nsaturation = 0.5\n'
        'hues = ["red times 0.5"]\n'
    )
    command = (
        "batch",
        tmp_path / "photos",
        tmp_path / "results",
        "--model",
        exports["onnx"],
        "--report",
        "--json",
    )
    call(*command)
    return tmp_path / "results"


def test_a_click_is_seen_at_once_downloads_and_is_done_by_the_engine(
    browser: Any, results: Path, tmp_path: Path, exports: dict[str, Path]
) -> None:
    page, wrong = open_page(browser, results)
    open_editor(page, "a.jpg")
    before = pixels(page)
    page.get_by_label("sky", exact=True).check()
    click(page, 0.25, 0.6)
    after = pixels(page)
    assert np.abs(after - before)[round(0.6 * len(after)), round(0.25 * after.shape[1])].max() > 5
    weights = [0.299, 0.587, 0.114]
    assert np.abs((after - before) @ weights).max() <= 2
    corrections = downloaded(page, tmp_path / "got.toml")
    (point,) = corrections.of("a.jpg").points
    assert (point.x, point.y) == pytest.approx((0.25, 0.6), abs=0.01)
    assert corrections.of("b.jpg").saturation == 0.5  # the rule that was there
    assert "# of the archive\n" in corrections.text
    assert "# all of May\n" in corrections.text
    assert wrong == []
    untouched = (results / "colorized_b.jpg").stat().st_mtime_ns
    (tmp_path / "got.toml").rename(results / "corrections.toml")
    out = call("batch", tmp_path / "photos", results, "--model", exports["onnx"], "--report", "--json")
    assert json.loads(out.splitlines()[-1])["counts"]["colored"] == 1
    assert (results / "colorized_b.jpg").stat().st_mtime_ns == untouched
    page, wrong = open_page(browser, results)
    open_editor(page, "a.jpg")
    assert page.locator("#points li").count() == 1
    assert np.abs(pixels(page) - after).max() == 0  # planes are those that were predicted
    assert wrong == []


@pytest.mark.parametrize("saturation", [1.0, 0.4])
def test_the_preview_shows_what_the_engine_makes(browser: Any, results: Path, saturation: float) -> None:
    page, _ = open_page(browser, results)
    open_editor(page, "a.jpg")
    luma, chroma = planes_of(results, "a.jpg")
    page.locator("#strength").fill(str(saturation))
    for x, y, color in ((0.2, 0.3, "brick"), (0.8, 0.7, "leaves"), (0.5, 0.02, "gray")):
        page.get_by_label(color, exact=True).check()
        click(page, x, y)
    page.locator("#points input[type=range]").nth(1).fill("0.2")
    wait_until(page, "!waiting")
    points = [Point(**point) for point in page.evaluate("editOf(photo).points")]
    assert points[1].reach == 0.2
    expected = merge(luma, add_points(saturate(chroma, saturation), luma, points))
    off = np.abs(pixels(page) - np.asarray(expected, int))
    assert off.max() <= 8
    assert off.mean() < 1


def test_everything_can_be_done_with_keys(browser: Any, results: Path, tmp_path: Path) -> None:
    page, wrong = open_page(browser, results)
    page.locator("#grid button", has_text="a.jpg").focus()
    page.keyboard.press("Enter")
    page.locator("#correct").focus()
    page.keyboard.press("Enter")
    wait_until(page, DRAWN)
    assert page.evaluate("document.activeElement.id") == "canvas"
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowUp", "Shift+ArrowUp"):
        page.keyboard.press(key)
    assert re.findall(r"\d+ %", page.locator("#told").text_content()) == ["56 %", "44 %"]
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    assert page.locator("#points li").count() == 2
    remove = page.get_by_role("button", name="Remove point 1, 56 % from the left, 44 % from the top")
    remove.focus()
    page.keyboard.press("Enter")
    assert page.locator("#points li").count() == 1
    page.locator("#strength").focus()
    page.keyboard.press("Home")
    wait_until(page, "!waiting")
    page.keyboard.press("PageDown")
    assert page.locator("#viewer-name").text_content() == "b.jpg"
    wait_until(page, DRAWN)
    assert page.locator("#strength").input_value() == "0.5"
    page.get_by_label("Leave in black and white").focus()
    page.keyboard.press("Space")
    wait_until(page, "!waiting")
    assert (np.ptp(pixels(page), axis=2) == 0).all()
    page.keyboard.press("Escape")
    corrections = downloaded(page, tmp_path / "got.toml", "#download")
    assert corrections.of("a.jpg").saturation == 0
    assert len(corrections.of("a.jpg").points) == 1
    assert corrections.of("b.jpg").skip
    assert len(corrections.of("b.jpg").hues) == 1
    assert wrong == []


def test_a_change_that_is_taken_back_leaves_no_rule(browser: Any, results: Path) -> None:
    page, _ = open_page(browser, results)
    open_editor(page, "a.jpg")
    click(page, 0.5, 0.5)
    assert page.locator("#changed-too").is_visible()
    page.locator("#points button").click()
    assert not page.locator("#changed-too").is_visible()
    before = pixels(page)
    page.get_by_label("as it is", exact=True).check()
    click(page, 0.5, 0.5)
    assert np.abs(pixels(page) - before).max() <= 3
    page.locator("#correct").click()
    assert page.locator(".compare").is_visible()
    assert not page.locator("#editor").is_visible()


def test_hostile_names_reach_the_engine_as_they_are(
    browser: Any, hostile_results: Path, tmp_path: Path
) -> None:
    page, wrong = open_page(browser, hostile_results)
    paths = [path for path, entry in Manifest(hostile_results).entries.items() if entry.status == "colored"]
    assert len(paths) >= 6
    for index in range(page.locator("#grid button").count()):
        page.locator("#grid button").nth(index).click()
        if page.locator("#correct").is_visible():
            page.locator("#correct").click()
            wait_until(page, DRAWN)
            click(page, 0.3, 0.3)
        page.keyboard.press("Escape")
    corrections = downloaded(page, tmp_path / "got.toml", "#download")
    assert corrections.unused(paths) == []
    assert all(corrections.of(path).points for path in paths)
    assert len(corrections.rules) == len(paths)
    assert wrong == []


def test_a_name_that_is_not_utf_8_gets_a_pattern(tmp_path: Path) -> None:
    name, other = "[1]caf\udce9?.jpg", "1caf\udce9?.jpg"
    (tmp_path / "corrections.toml").write_text("[[photo]]\npattern = '[[]1]caf?[?].jpg'\nsaturation = 0.5\n")
    with (tmp_path / NAME).open("w") as manifest:
        for path in (name, other):
            Image.new("L", (40, 30), 90).save(tmp_path / "r.jpg")
            manifest.write(Entry(path=path, status="colored", output="r.jpg").to_line() + "\n")
    write_report(tmp_path)
    found = (tmp_path / "report" / "data.js").read_text().partition("\n")[0]
    rows = json.loads(re.sub(r"^const PHOTOGRAPHS = (.*);$", r"\1", found))
    (row,) = [row for row in rows if row.get("what") == "[[]1]caf?[?].jpg"]
    assert row["own"]["saturation"] == 0.5
    rule = Corrections.parse(f"[[photo]]\n{row['by']} = {json.dumps(row['what'])}\nskip = true\n")
    assert rule.of(name) == Correction(skip=True)
    assert not rule.of(other)


@pytest.mark.parametrize("width", [360, 1400])
def test_the_editor_is_no_wider_than_the_screen(browser: Any, results: Path, width: int) -> None:
    page, _ = open_page(browser, results, viewport={"width": width, "height": 800})
    open_editor(page, "a.jpg")
    click(page, 0.5, 0.5)
    assert page.locator("#viewer").bounding_box()["width"] <= width
    assert page.evaluate("document.querySelector('#viewer').scrollWidth") <= width
    assert page.locator("#canvas").bounding_box()["width"] >= 150
