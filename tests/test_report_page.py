"""The page of the report in a browser."""

from pathlib import Path
from typing import Any

import pytest
from browsers import wait_until
from reports import open_page

from colorgan.batch.entry import Entry
from colorgan.batch.manifest_store import NAME
from colorgan.report import write_report


def test_in_a_browser_names_are_text_and_nothing_asks_the_network(
    browser: Any, hostile_results: Path
) -> None:
    page, wrong = open_page(browser, hostile_results)
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


def test_in_a_browser_inline_code_and_the_network_are_forbidden(browser: Any, hostile_results: Path) -> None:
    page, wrong = open_page(browser, hostile_results)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"alert(1)\">')")
    page.evaluate("fetch('https://example.com/').catch(() => 0)")
    assert not [what for what in wrong if what.startswith("dialog")]
    assert any("Content Security Policy" in what for what in wrong)


def test_in_a_browser_the_slider_moves_by_keys_and_by_mouse(browser: Any, hostile_results: Path) -> None:
    page, wrong = open_page(browser, hostile_results)
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


def test_in_a_browser_filters_and_order_work(browser: Any, hostile_results: Path) -> None:
    page, wrong = open_page(browser, hostile_results)

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
    assert page.locator("#grid .failed span").text_content()
    assert wrong == []


def test_in_a_browser_arrow_keys_move_through_the_grid(browser: Any, hostile_results: Path) -> None:
    page, _ = open_page(browser, hostile_results, viewport={"width": 800, "height": 800})
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
def test_in_a_browser_nothing_is_wider_than_the_screen(
    browser: Any, hostile_results: Path, width: int
) -> None:
    page, _ = open_page(browser, hostile_results, viewport={"width": width, "height": 800})
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
