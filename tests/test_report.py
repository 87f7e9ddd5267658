"""The report shows every photograph, needs no network, and takes no text for markup."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from conftest import MakePhoto
from onnx import helper
from PIL import Image

from colorgan.batch.entry import Entry
from colorgan.batch.manifest_store import NAME
from colorgan.cli.main import main
from colorgan.report import as_link, as_script, write_report
from colorgan.report.thumbnails import SIDE, Thumbnails

HOSTILE = [
    "<img src=x onerror=alert(1)>.jpg",
    "&lt;b&gt; \u2028 'q' \"r\".jpg",
    "a#b?c%64.jpg",
    "</script>.jpg",
]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def call(*arguments: object) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code in (0, 1), result.output
    return result.stdout


def rows_of(results: Path) -> dict[str, dict[str, Any]]:
    text = (results / "report" / "data.js").read_text()
    rows = json.loads(text.removeprefix("const PHOTOGRAPHS = ").rstrip(";\n"))
    return {row["path"]: row for row in rows}


@pytest.fixture
def photos(tmp_path: Path, make_photo: MakePhoto) -> Path:
    """Photographs of hostile names and plain ones, in folders, in color and broken."""
    folder = tmp_path / "photos"
    (folder / "1911" / "may").mkdir(parents=True)
    for seed, name in enumerate([*HOSTILE, "1911/a.jpg", "1911/may/b.jpg"]):
        (folder / name).parent.mkdir(exist_ok=True)  # "</script>.jpg" is in the folder "<"
        make_photo(600, 450, seed=seed).save(folder / name)
    make_photo(256, 256, "RGB").save(folder / "in color.jpg")
    Image.open(folder / "in color.jpg").convert("RGB").save(folder / "c.png")
    make_photo(64, 48).convert("RGB").save(folder / "1911" / "gray.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8<script>alert(1)</script>")
    return folder


@pytest.fixture
def results(exports: dict[str, Path], photos: Path, tmp_path: Path) -> Path:
    """Their results with a report, by a model whose card is hostile, too."""
    model = onnx.load(exports["onnx"])
    strings = {entry.key: entry.value for entry in model.metadata_props}
    helper.set_model_props(
        model, strings | {"model_card": "<script>alert('card')</script>", "license": "<i>"}
    )
    onnx.save(model, tmp_path / "<b>model.onnx")
    out = call("batch", photos, tmp_path / "results", "--model", tmp_path / "<b>model.onnx", "--report")
    assert f"Report: {tmp_path / 'results' / 'report' / 'index.html'}\n" in out
    return tmp_path / "results"


def test_every_photograph_is_in_it_with_what_became_of_it(results: Path) -> None:
    rows = rows_of(results)
    assert len(rows) == 10
    assert rows["1911/a.jpg"]["status"] == "colored"
    assert rows["1911/a.jpg"]["how"] == "luma kept"
    assert rows["1911/a.jpg"]["colorfulness"] > 1
    assert rows["in color.jpg"]["status"] == "copied"
    assert rows["broken.jpg"]["status"] == "failed"
    assert "is not an image that can be read" in rows["broken.jpg"]["error"]
    assert "link" not in rows["broken.jpg"]


def test_links_lead_to_results_and_pictures_whatever_their_names(results: Path) -> None:
    for row in rows_of(results).values():
        for link in filter(None, map(row.get, ("link", "before", "after"))):
            parts = urlsplit(link)
            assert not parts.scheme + parts.netloc + parts.query + parts.fragment
            assert (results / "report" / unquote(parts.path)).is_file()


def test_pictures_show_the_photograph_before_and_after(results: Path, photos: Path) -> None:
    before, after = Thumbnails.of(results).pair("1911/a.jpg")
    with Image.open(before) as gray, Image.open(after) as colored, Image.open(photos / "1911/a.jpg") as photo:
        assert gray.size == colored.size == (SIDE, SIDE * 450 // 600)
        expected = np.asarray(photo.resize(gray.size), int)
        for image in (gray, colored):
            assert np.abs(np.asarray(image.convert("L"), int) - expected).mean() < 3
        assert np.ptp(np.asarray(gray.convert("RGB"), int), axis=2).max() == 0
        assert np.ptp(np.asarray(colored.convert("RGB"), int), axis=2).mean() > 2


def test_a_report_can_be_made_afterwards_and_is_the_same(
    exports: dict[str, Path], photos: Path, results: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    call("batch", photos, again, "--model", exports["onnx"])
    assert not (again / "report").exists()
    assert call("report", again) == f"Report: {again / 'report' / 'index.html'}\n"
    first, second = rows_of(results), rows_of(again)
    for row in (*first.values(), *second.values()):
        del row["seconds"]
    assert first == second
    pictures = [Thumbnails.of(folder).pair("1911/a.jpg")[1] for folder in (results, again)]
    shown = [np.asarray(Image.open(picture), int) for picture in pictures]
    assert np.abs(shown[0] - shown[1]).mean() < 3


def test_what_the_last_run_said_of_itself_is_kept(results: Path) -> None:
    page = results / "report" / "index.html"
    first = page.read_text()
    assert "photographs a second, last run" in first
    call("report", results)
    assert page.read_text() == first


def test_a_changed_result_gets_new_pictures(results: Path, make_photo: MakePhoto) -> None:
    row = rows_of(results)["1911/a.jpg"]
    result = results / "report" / unquote(row["link"])
    make_photo(90, 30, "RGB", seed=99).save(result)
    after = Thumbnails.of(results).pair("1911/a.jpg")[1]
    os.utime(after, ns=(0, 0))
    write_report(results)
    with Image.open(after) as image:
        assert image.size == (90, 30)


def test_a_folder_without_results_is_refused_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["report", str(tmp_path)])
    assert result.exit_code == 2
    assert result.output == (
        f"Error: {tmp_path}: has no manifest.jsonl; it is not a results folder of colorgan-batch\n"
    )


def test_a_disk_that_is_full_is_one_line(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fail)
    result = CliRunner().invoke(main, ["report", str(results)])
    assert result.exit_code == 4
    assert result.output.endswith("the report cannot be written (No space left on device)\n")


@pytest.mark.parametrize(
    "text", ["</script><script>alert(1)</script>", "a & b", "\u2028\u2029", "\udc80", "'\"\\"]
)
def test_script_data_is_ascii_without_markup(text: str) -> None:
    script = as_script({"path": text})
    assert json.loads(script)["path"] == text
    assert script.isascii()
    assert not set("<>&") & set(script)


def test_links_are_escaped_to_the_byte() -> None:
    assert as_link("..", "a#b?c%d é.jpg") == "../a%23b%3Fc%25d%20%C3%A9.jpg"
    assert as_link("..", os.fsdecode(b"\xff<>.jpg")) == "../%FF%3C%3E.jpg"


def test_the_page_escapes_and_forbids(results: Path) -> None:
    page = (results / "report" / "index.html").read_text()
    assert "&lt;script&gt;alert(&#39;card&#39;)&lt;/script&gt;" in page
    assert "license &lt;i&gt;" in page
    assert "Model &lt;b&gt;model.onnx" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert page.count("<script") == 2
    assert "http" not in page.replace("http-equiv", "")


@pytest.fixture
def browser() -> Iterator[Any]:
    """Chromium, the system's or Playwright's own."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        try:
            chromium = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        except playwright.Error:
            pytest.skip("there is no Chromium: install it, or run `playwright install chromium`")
        yield chromium
        chromium.close()


def open_page(browser: Any, results: Path, **options: Any) -> tuple[Any, list[str]]:
    """The page from disk, and whatever is wrong as it comes up."""
    page, wrong = browser.new_page(**options), []

    def refuse(dialog: Any) -> None:
        wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("console", lambda message: wrong.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("dialog", refuse)
    page.on("request", lambda request: wrong.extend({request.url} if request.url[:5] != "file:" else ()))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.goto((results / "report" / "index.html").as_uri())
    return page, wrong


def wait_until(page: Any, expression: str) -> None:
    """Wait as `page.wait_for_function` does, whose second look the page's security policy forbids."""
    for _ in range(600):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(expression)


def test_in_a_browser_names_are_text_and_nothing_asks_the_network(browser: Any, results: Path) -> None:
    page, wrong = open_page(browser, results)
    wait_until(page, "[...document.images].filter((image) => image.src).every((image) => image.complete)")
    names = page.locator("#grid .words").all_text_contents()
    assert any(name.startswith("<img src=x onerror=alert(1)>.jpg") for name in names)
    assert len(names) == 10
    assert page.evaluate("document.querySelectorAll('#grid img').length") == 9
    assert page.evaluate(
        "[...document.querySelectorAll('#grid img')].every((image) => image.naturalWidth > 0)"
    )
    for hostile in page.locator("#grid button:has(img)").all():
        hostile.click()
        assert page.evaluate("document.querySelector('#viewer-after').decode().then(() => true)")
        page.keyboard.press("Escape")
    assert page.locator("details").count() == 1
    page.locator("summary").click()
    assert page.locator("pre").inner_text() == "<script>alert('card')</script>"
    assert wrong == []


def test_in_a_browser_inline_code_and_the_network_are_forbidden(browser: Any, results: Path) -> None:
    page, wrong = open_page(browser, results)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"alert(1)\">')")
    page.evaluate("fetch('https://example.com/').catch(() => 0)")
    assert not [what for what in wrong if what.startswith("dialog")]
    assert any("Content Security Policy" in what for what in wrong)


def test_in_a_browser_the_slider_moves_by_keys_and_by_mouse(browser: Any, results: Path) -> None:
    page, wrong = open_page(browser, results)
    page.locator("#grid button", has_text="1911/a.jpg").click()
    assert page.locator("#viewer").is_visible()
    edge = "getComputedStyle(document.querySelector('#viewer-before')).clipPath"
    page.keyboard.press("Home")
    assert "100%" in page.evaluate(edge)
    page.keyboard.press("End")
    assert page.locator("#split").input_value() == "100"
    box = page.locator("#viewer-after").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 20)
    page.mouse.up()
    assert page.locator("#split").input_value() == "25"
    assert "75%" in page.evaluate(edge)
    page.keyboard.press("PageDown")
    assert page.locator("#viewer-name").text_content() == "1911/gray.png"
    page.keyboard.press("PageUp")
    assert page.locator("#viewer-name").text_content() == "1911/a.jpg"
    page.keyboard.press("Escape")
    assert not page.locator("#viewer").is_visible()
    assert "1911/a.jpg" in page.evaluate("document.activeElement.textContent")
    page.locator("#status").select_option("failed")
    assert page.locator("#grid button").count() == 0  # there is nothing to open
    assert wrong == []


def test_in_a_browser_filters_and_order_work(browser: Any, results: Path) -> None:
    page, wrong = open_page(browser, results)

    def shown() -> list[str]:
        return [text.split(".")[0] for text in page.locator("#grid .words").all_text_contents()]

    page.locator("#name").fill("B.JPG")
    assert shown() == ["1911/may/b"]
    page.locator("#name").fill("")
    page.locator("#folder").select_option("1911")
    assert shown() == ["1911/a", "1911/gray", "1911/may/b"]
    assert page.locator("#count").text_content() == "3 of 10"
    page.locator("#order").select_option("most")
    most = shown()
    page.locator("#order").select_option("least")
    assert shown() == most[::-1]
    page.locator("#folder").select_option("")
    page.locator("#order").select_option("path")
    page.locator("#status").select_option("failed")
    assert shown() == ["broken"]
    assert "is not an image that can be read" in page.locator("#grid .failed span").text_content()
    assert wrong == []


def test_in_a_browser_arrow_keys_move_through_the_grid(browser: Any, results: Path) -> None:
    page, _ = open_page(browser, results, viewport={"width": 800, "height": 800})
    page.locator("#grid button").first.focus()
    where = "[...document.querySelectorAll('#grid button')].indexOf(document.activeElement)"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(where) == 1
    page.keyboard.press("ArrowDown")
    assert page.evaluate(where) > 2
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(where) == 0


@pytest.mark.parametrize("width", [360, 1400])
def test_in_a_browser_nothing_is_wider_than_the_screen(browser: Any, results: Path, width: int) -> None:
    page, _ = open_page(browser, results, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#grid button").first.click()
    assert page.locator("#viewer").bounding_box()["width"] <= width


def test_in_a_browser_ten_thousand_are_added_while_one_scrolls(browser: Any, tmp_path: Path) -> None:
    with (tmp_path / NAME).open("w") as manifest:
        for number in range(10_000):
            entry = Entry(path=f"{number % 9}/{number:05}.jpg", status="failed", error="is empty (0 bytes)")
            manifest.write(entry.to_line() + "\n")
    write_report(tmp_path)
    page, wrong = open_page(browser, tmp_path)
    cards = "document.querySelectorAll('#grid li').length"
    wait_until(page, f"{cards} >= 120")
    first = page.evaluate(cards)
    assert first < 2_000
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    wait_until(page, f"{cards} > {first}")
    page.locator("#name").fill("09999")
    assert page.locator("#count").text_content() == "1 of 10000"
    assert wrong == []
