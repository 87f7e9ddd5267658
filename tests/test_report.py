"""The report shows every photograph, needs no network, and takes no text for markup."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import MakePhoto
from PIL import Image
from reports import call

from colorgan.batch.outcome import How, how_words
from colorgan.cli.main import main
from colorgan.report import as_link, as_script, write_report
from colorgan.report.thumbnails import SIDE, Thumbnails


def rows_of(results: Path) -> dict[str, dict[str, Any]]:
    text, _, _ = (results / "report" / "data.js").read_text().partition(";\nconst CORRECTIONS = ")
    rows = json.loads(text.removeprefix("const PHOTOGRAPHS = "))
    return {row["path"]: row for row in rows}


def test_every_photograph_is_in_it_with_what_became_of_it(hostile_results: Path) -> None:
    rows = rows_of(hostile_results)
    assert len(rows) == 10
    assert rows["1911/a.jpg"]["status"] == "colored"
    assert rows["1911/a.jpg"]["how"] == how_words(How.LUMA_KEPT)
    assert rows["1911/a.jpg"]["colorfulness"] > 1
    assert rows["in color.jpg"]["status"] == "copied"
    assert rows["broken.jpg"]["status"] == "failed"
    assert rows["broken.jpg"]["error"]
    assert "link" not in rows["broken.jpg"]


def test_links_lead_to_results_and_pictures_whatever_their_names(hostile_results: Path) -> None:
    rows = rows_of(hostile_results).values()
    kinds = ("link", "before", "after", "planes")
    links = [link for row in rows for link in filter(None, map(row.get, kinds))]
    assert len(links) > 10
    for parts in map(urlsplit, links):
        assert not parts.scheme + parts.netloc + parts.query + parts.fragment
        assert (hostile_results / "report" / unquote(parts.path)).is_file()


def test_pictures_show_the_photograph_before_and_after(hostile_results: Path, hostile_photos: Path) -> None:
    before, after = Thumbnails.of(hostile_results).pair("1911/a.jpg")
    with (
        Image.open(before) as gray,
        Image.open(after) as colored,
        Image.open(hostile_photos / "1911/a.jpg") as photo,
    ):
        assert gray.size == colored.size == (SIDE, SIDE * 450 // 600)
        expected = np.asarray(photo.resize(gray.size), int)
        for image in (gray, colored):
            assert np.abs(np.asarray(image.convert("L"), int) - expected).mean() < 3
        assert np.ptp(np.asarray(gray.convert("RGB"), int), axis=2).max() == 0
        assert np.ptp(np.asarray(colored.convert("RGB"), int), axis=2).mean() > 2


def test_a_report_can_be_made_afterwards_and_is_the_same(
    exports: dict[str, Path], hostile_photos: Path, hostile_results: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    call("batch", hostile_photos, again, "--model", exports["onnx"])
    assert not (again / "report").exists()
    assert str(again / "report" / "index.html") in call("report", again)
    first, second = rows_of(hostile_results), rows_of(again)
    for row in (*first.values(), *second.values()):
        del row["seconds"]
    assert first == second
    pictures = [Thumbnails.of(folder).pair("1911/a.jpg")[1] for folder in (hostile_results, again)]
    shown = [np.asarray(Image.open(picture), int) for picture in pictures]
    assert np.abs(shown[0] - shown[1]).mean() < 3


def test_what_the_last_run_said_of_itself_is_kept(hostile_results: Path) -> None:
    page = hostile_results / "report" / "index.html"
    first = page.read_text()
    run = json.loads((hostile_results / "report" / "run.json").read_text())
    assert f"{run['images'] / run['seconds']:.1f}" in first
    assert run["finished"] in first
    call("report", hostile_results)
    assert page.read_text() == first


def test_a_changed_result_gets_new_pictures(hostile_results: Path, make_photo: MakePhoto) -> None:
    row = rows_of(hostile_results)["1911/a.jpg"]
    result = hostile_results / "report" / unquote(row["link"])
    make_photo(90, 30, "RGB", seed=99).save(result)
    after = Thumbnails.of(hostile_results).pair("1911/a.jpg")[1]
    os.utime(after, ns=(0, 0))
    write_report(hostile_results)
    with Image.open(after) as image:
        assert image.size == (90, 30)


def test_a_folder_without_results_is_refused_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["report", str(tmp_path)])
    assert result.exit_code == 2
    assert result.output.startswith(f"Error: {tmp_path}: ")
    assert result.output.count("\n") == 1


def test_a_disk_that_is_full_is_one_line(hostile_results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fail)
    result = CliRunner().invoke(main, ["report", str(hostile_results)])
    assert result.exit_code == 4
    assert "No space left on device" in result.output
    assert result.output.count("\n") == 1


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


def test_the_page_escapes_and_forbids(hostile_results: Path) -> None:
    page = (hostile_results / "report" / "index.html").read_text()
    assert "&lt;script&gt;alert(&#39;card&#39;)&lt;/script&gt;" in page
    assert "license &lt;i&gt;" in page
    assert "Model &lt;b&gt;model.onnx" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert page.count("<script src=") == page.count("<script") > 0
    assert "http" not in page.replace("http-equiv", "")
