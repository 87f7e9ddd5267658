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
