"""The page for photographs, served by `colorgan serve` and alone in the browser, in real Chromium."""

import json
from pathlib import Path
from typing import Any

import pytest
from browsers import wait_until, watched
from commands import call
from conftest import MakePhoto
from dropping import ALL_DONE, CREDIT, READY, downloaded, drop, drop_all, is_colored
from reports import HOSTILE
from services import Running, saved


@pytest.fixture(params=["served", "alone"])
def address(request: pytest.FixtureRequest) -> str:
    """Of the page, in either form."""
    if request.param == "served":
        return str(request.getfixturevalue("service").url)
    return str(request.getfixturevalue("alone"))


def test_photographs_are_dropped_colored_and_downloaded(
    browser: Any, address: str, make_photo: MakePhoto, tmp_path: Path
) -> None:
    page, wrong = watched(browser, address)
    wait_until(page, READY)
    names = [*HOSTILE, "a.png"]
    photos = {name: saved(make_photo(96, 64, seed=at), tmp_path / "x.jpg") for at, name in enumerate(names)}
    photos["a.png"] = saved(make_photo(96, 64), tmp_path / "a.png")
    drop_all(page, photos)
    results = downloaded(page)
    assert len(results) == len(names)
    assert "colorized_a.png" in results
    assert all(is_colored(data) and CREDIT in data for data in results.values())
    assert page.locator("#grid .words").first.inner_text().startswith(HOSTILE[0])
    assert wrong == []
    page.close()


def test_the_edge_between_before_and_after_moves_by_key_and_by_mouse(
    browser: Any, address: str, make_photo: MakePhoto, tmp_path: Path
) -> None:
    page, wrong = watched(browser, address)
    drop(page, a=saved(make_photo(400, 300), tmp_path / "a.jpg"))
    wait_until(page, "document.querySelector('dialog').open")  # of a single one
    wait_until(page, "document.querySelector('#viewer-after').complete")
    page.keyboard.press("End")
    assert page.evaluate("document.querySelector('#split').value") == "100"
    before = page.locator(".compare").screenshot()
    page.keyboard.press("Home")
    after = page.locator(".compare").screenshot()
    assert not is_colored(before)
    assert is_colored(after)
    box = page.locator("#viewer-after").bounding_box()
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 10)
    page.mouse.up()
    assert abs(float(page.evaluate("document.querySelector('#split').value")) - 25) <= 2
    page.keyboard.press("Escape")
    wait_until(page, "document.activeElement.className === 'card'")  # the focus is back
    assert wrong == []
    page.close()


def test_saturation_colors_again(browser: Any, address: str, make_photo: MakePhoto, tmp_path: Path) -> None:
    page, wrong = watched(browser, address)
    drop(
        page, a=saved(make_photo(96, 64), tmp_path / "a.png"), b=saved(make_photo(96, 64), tmp_path / "b.jpg")
    )
    wait_until(page, ALL_DONE)
    page.locator("#saturation").focus()
    page.keyboard.press("Home")
    wait_until(page, "document.querySelector('#saturation-words').textContent === '0.0'")
    results = downloaded(page)
    assert not any(is_colored(data) for data in results.values())
    assert wrong == []
    page.close()


def test_what_fails_is_named_and_the_rest_is_done(
    browser: Any, address: str, make_photo: MakePhoto, tmp_path: Path
) -> None:
    page, wrong = watched(browser, address)
    good = saved(make_photo(), tmp_path / "a.jpg")
    colored = saved(make_photo(mode="RGB"), tmp_path / "b.png")
    drop_all(page, {"good.jpg": good, "cut.jpg": good[:200], "text.jpg": b"hello", "color.png": colored})
    results = downloaded(page)
    assert results.keys() == {"colorized_good.jpg", "colorized_color.png"}
    assert results["colorized_color.png"] == colored
    assert page.locator("li.failed").count() == 2
    assert [each for each in wrong if "415" not in each and "422" not in each] == []
    page.close()


def test_every_control_is_named_and_reached_by_key(
    browser: Any, address: str, make_photo: MakePhoto, tmp_path: Path
) -> None:
    page, _ = watched(browser, address)
    drop_all(page, {f"{n}.jpg": saved(make_photo(seed=n), tmp_path / f"{n}.jpg") for n in range(2)})
    wait_until(page, ALL_DONE)
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("(document.activeElement.id || document.activeElement.className)"))
    assert reached == [
        "files",
        "folder",
        "saturation",
        "download",
        "clear",
        "card",
        "button",
        "card",
        "button",
    ]
    told = page.locator("body").aria_snapshot()
    for words in (
        "Choose photographs",
        "Choose a folder",
        "Saturation",
        "Download colorized_0.jpg",
        "2 of 2 done",
    ):
        assert words in told
    page.close()


@pytest.mark.parametrize(
    "options",
    [{"viewport": {"width": 360, "height": 640}}, {"color_scheme": "dark"}],
    ids=["phone", "dark"],
)
def test_nothing_is_cut_off(browser: Any, service: Running, options: dict[str, Any]) -> None:
    page, wrong = watched(browser, service.url, **options)
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0
    assert wrong == []
    page.close()


def test_a_folder_keeps_its_sub_folders_and_leaves_hidden_files_out(
    browser: Any, service: Running, make_photo: MakePhoto, tmp_path: Path
) -> None:
    (tmp_path / "scans/1911").mkdir(parents=True)
    make_photo().save(tmp_path / "scans/1911/a.jpg")
    make_photo().save(tmp_path / "scans/.hidden.jpg")
    page, wrong = watched(browser, service.url)
    page.set_input_files("#folder", tmp_path / "scans")
    assert downloaded(page).keys() == {"scans/1911/colorized_a.jpg"}
    assert wrong == []
    page.close()


def test_the_page_is_written_to_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/a").touch()
    (tmp_path / "runtime").mkdir()
    assert call("page", tmp_path / "full", "--onnxruntime-web", tmp_path / "runtime").exit_code == 2
    assert call("page", tmp_path / "new", "--onnxruntime-web", tmp_path / "runtime").exit_code == 2
    assert not (tmp_path / "new").exists()
    for name in ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"):
        (tmp_path / "runtime" / name).write_text("")
    for _ in range(2):  # a second time over the first
        assert call("page", tmp_path / "new", "--onnxruntime-web", tmp_path / "runtime").exit_code == 0
    about = json.loads((tmp_path / "new/model.json").read_text())
    assert about["native_size"] > 0
    assert "Content-Security-Policy" in (tmp_path / "new/index.html").read_text()
