"""`colorgan serve --edit`: what is picked in the page is saved and done; without the token, nothing is."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from browsers import wait_until, watched
from commands import call, counts
from conftest import MakePhoto
from filelock import FileLock
from services import Answer, Running, running

from colorgan import Colorizer, Corrections, UsageError
from colorgan.batch.manifest_store import LOCK, NAME
from colorgan.corrections.merging import Change
from colorgan.service.edited import EditedFolder

FAINT = '[[photo]]\npath = "0.jpg"\nsaturation = 0.3\n'


@dataclass
class Edited:
    """A service with an editor, and the way to it."""

    service: Running
    address: str

    @property
    def path(self) -> str:
        return "/" + self.address.split("/", 3)[3]

    def save(self, *changes: tuple[str, str], **headers: str) -> Answer:
        rules = [{"by": "path", "what": name, "text": text} for name, text in changes]
        data = json.dumps({"rules": rules}).encode()
        headers = {"Content_Type": "application/json"} | headers
        return self.service.ask("POST", f"{self.path}report/corrections", data, **headers)


@contextmanager
def editing(*options: object) -> Iterator[Edited]:
    with running(*options) as service:
        assert service.process.stdout
        line = service.process.stdout.readline()
        found = re.search(r"http://\S+/edit/\S+/", line)
        assert found, line
        yield Edited(service, found[0])


def events(answer: Answer) -> list[dict[str, Any]]:
    assert answer.code == 200, answer.data
    return [json.loads(line) for line in answer.data.splitlines()]


def state(folder: Path) -> dict[str, str]:
    """All files of a folder, by their bytes."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".lock", ".saved")]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rows(results: Path) -> dict[str, str]:
    return {json.loads(line)["path"]: line for line in (results / NAME).read_text().splitlines()}


@pytest.fixture
def model(exports: dict[str, Path]) -> tuple[str, Path]:
    return "--model", exports["onnx"]


@pytest.fixture
def results(photos: Path, tmp_path: Path, model: tuple[str, Path]) -> Path:
    assert call("batch", photos, tmp_path / "results", "--report", *model).exit_code == 0
    return tmp_path / "results"


def test_a_click_is_saved_and_seen_on_disk_and_in_the_page(
    browser: Any, results: Path, photos: Path, model: tuple[str, Path]
) -> None:
    before, first = state(results), rows(results)
    with editing("--edit", results, *model) as edited:
        page, wrong = watched(browser, edited.service.url)
        page.goto(edited.address)
        page.locator("#grid button", has_text="0.jpg").click()
        picture = page.locator("#grid img").first.get_attribute("src")
        page.locator("#correct").click()
        wait_until(page, "planesOf !== null")
        page.get_by_label("sky", exact=True).check()
        box = page.locator("#canvas").bounding_box()
        page.locator("#canvas").click(position={"x": box["width"] / 4, "y": box["height"] / 4})
        shown = page.evaluate("canvas.toDataURL()")
        page.locator("#save-too").click()
        wait_until(page, "document.querySelector('.tools .saving').textContent.startsWith('Saved; 1 photo')")
        wait_until(page, "planesOf !== null")
        assert page.evaluate("canvas.toDataURL()") == shown  # planes are those that were predicted
        assert page.locator("#points li").count() == 1
        assert not page.locator("#save-too").is_visible()
        assert page.locator("#grid img").first.get_attribute("src") not in ("", picture)
        wait_until(page, "byId('viewer-after').complete && byId('viewer-after').naturalWidth > 0")
        page.locator("#points button").click()
        page.locator("#save-too").click()
        wait_until(page, "version === 2 && !byId('save').disabled")  # of pictures: the second save is over
        assert page.locator("#points li").count() == 0
        # Of a body that is read piece by piece, Chromium tells Playwright that it failed.
        assert [each for each in wrong if not each.endswith("report/corrections")] == []
        page.close()
        assert state(results).keys() == before.keys() | {str(results / "corrections.toml")}
        assert not Corrections.load(results / "corrections.toml").rules
        edited.save(("0.jpg", FAINT))
        assert edited.service.stop() == 0
    after = state(results)
    changed = {Path(name).name for name in before if before[name] != after[name]}
    assert changed >= {"colorized_0.jpg", NAME, "data.js"}
    assert not changed & {"colorized_1.jpg", "colorized_2.jpg"}
    assert {name: line for name, line in rows(results).items() if name != "0.jpg"} == {
        name: line for name, line in first.items() if name != "0.jpg"
    }
    assert counts(call("batch", photos, results, *model, "--json")) == {"done": 3}


def test_without_the_token_nothing_is_told_or_written(
    results: Path, model: tuple[str, Path], tmp_path: Path
) -> None:
    rule = [{"by": "path", "what": "0.jpg", "text": FAINT}]
    data, kind = json.dumps({"rules": rule}).encode(), {"Content_Type": "application/json"}
    with editing("--edit", results, "--verbose", *model) as edited:
        before = state(tmp_path)
        token = edited.path.split("/")[2]
        for other in ("", "x", token[:-1], token + "x", token.swapcase(), "%00", "caf%e9"):
            for method in ("GET", "POST", "PUT", "DELETE"):
                for rest in ("", "/report/index.html", "/report/corrections", "/colorized_0.jpg"):
                    answer = edited.service.ask(method, f"/edit/{other}{rest}", data, **kind)
                    assert answer.code == 403, (method, other, rest)
                    assert token not in str(answer.headers) + answer.data.decode()
        for headers in (
            {"Origin": "http://evil.example"},
            {"Host": "evil"},
            {"Sec_Fetch_Site": "cross-site"},
        ):
            assert edited.save(("0.jpg", FAINT), **headers).code == 403
        for name in (NAME, "../photos/0.jpg", "%2e%2e/photos/0.jpg", "report/run.json", "corrections.toml"):
            assert edited.service.ask("GET", edited.path + name).code == 404
        assert edited.service.ask("PUT", edited.path + "report/corrections", data, **kind).code == 405
        assert (
            edited.service.ask("GET", edited.path + "colorized_0.jpg").headers["Referrer-Policy"]
            == "no-referrer"
        )
        assert state(tmp_path) == before
    with running(*model) as service:
        assert service.ask("POST", f"/edit/{token}/report/corrections", data, **kind).code == 404
        assert state(tmp_path) == before


def test_what_a_person_wrote_stays(results: Path, photos: Path, model: tuple[str, Path]) -> None:
    place = results / "corrections.toml"
    with editing("--edit", results, *model) as edited:
        mine = '# of the archive\n[[photo]]\npath = "1.jpg"  # aunt\nsaturation = 0.4\n'
        place.write_text(mine)  # after the page was made
        told = events(edited.save(("0.jpg", FAINT)))
        assert {event["path"] for event in told if event["event"] == "photograph"} == {"0.jpg", "1.jpg"}
        assert place.read_text().startswith(mine)
        assert (results / "corrections.toml.bak").read_text() == mine
        saved = place.read_bytes()
        for wrong in ("[[photo]]\n", FAINT.replace("0.3", "9"), FAINT.replace("0.jpg", "1.jpg"), "x ="):
            assert edited.save(("0.jpg", wrong)).code == 422
        for data in (b"", b"[]", b'{"rules": 3}', b'{"rules": ""}', b"{" * 100_000):
            kind = {"Content_Type": "application/json"}
            answer = edited.service.ask("POST", f"{edited.path}report/corrections", data, **kind)
            assert answer.code in (400, 422)
        assert edited.save(("0.jpg", FAINT), Content_Type="text/plain").code == 415
        assert place.read_bytes() == saved
        events(edited.save(("0.jpg", "")))
        assert not (results / "corrections.toml.bak2").exists()  # that was written here
        place.write_text("[[photo]]\n")
        assert edited.save(("0.jpg", FAINT)).code == 422  # it is not replaced while it is wrong
        assert place.read_text() == "[[photo]]\n"
        results.rename(results.with_name("elsewhere"))
        assert edited.save(("0.jpg", FAINT)).code == 422
        assert not results.exists()


def test_a_folder_in_use_is_said_and_the_next_try_colors(results: Path, model: tuple[str, Path]) -> None:
    with editing("--edit", results, *model) as edited:
        before = (results / "colorized_0.jpg").read_bytes()
        with FileLock(results / LOCK):
            done = events(edited.save(("0.jpg", FAINT)))[-1]
        assert done["left"] == 1
        assert str(results) in done["why"]
        assert (results / "corrections.toml").is_file()
        assert (results / "colorized_0.jpg").read_bytes() == before
        assert events(edited.save())[-1]["left"] == 0
        assert (results / "colorized_0.jpg").read_bytes() != before


def test_two_services_for_one_folder_lose_no_rule(results: Path, model: tuple[str, Path]) -> None:
    with Colorizer(model[1]) as colorizer, ThreadPoolExecutor(4) as threads:
        folders = [EditedFolder(results, None, colorizer) for _ in range(4)]

        def save(number: int) -> None:
            name = f"{number}.jpg"
            folders[number % 4].save([Change("path", name, FAINT.replace("0.jpg", name))])

        list(threads.map(save, range(80)))
        told = list[dict[str, Any]]()
        for folder in folders:  # each of them knows what the others saved last
            folder.color_again([], told.append)
        assert [event["photographs"] for event in told if event["event"] == "coloring"] == [3, 0, 0, 0]
    assert not list(results.glob("corrections.toml.bak*"))  # a person wrote none of these
    rules = Corrections.load(results / "corrections.toml").rules
    assert {rule.path for rule in rules} == {f"{number}.jpg" for number in range(80)}


@pytest.mark.skipif(os.name == "nt", reason="links need rights")
def test_two_folders_with_a_link_to_one_file_lose_no_rule(
    results: Path, tmp_path: Path, model: tuple[str, Path]
) -> None:
    shared, other = tmp_path / "shared/corrections.toml", tmp_path / "other"
    shared.parent.mkdir()
    shared.touch()
    shutil.copytree(results, other)
    for folder in (results, other):
        (folder / "corrections.toml").symlink_to(shared)
    with Colorizer(model[1]) as colorizer, ThreadPoolExecutor(4) as threads:
        folders = [EditedFolder(folder, None, colorizer) for folder in (results, other)]

        def save(number: int) -> None:
            name = f"{number}.jpg"
            folders[number % 2].save([Change("path", name, FAINT.replace("0.jpg", name))])

        list(threads.map(save, range(40)))
    assert {rule.path for rule in Corrections.load(shared).rules} == {f"{number}.jpg" for number in range(40)}
    assert [path.name for path in shared.parent.glob("*.bak*")] == ["corrections.toml.bak"]  # the empty one


@pytest.mark.skipif(os.name == "nt", reason="has no such files")
def test_what_is_no_plain_file_is_not_replaced(
    results: Path, tmp_path: Path, model: tuple[str, Path]
) -> None:
    place, mine = results / "corrections.toml", tmp_path / "mine.toml"
    with Colorizer(model[1]) as colorizer:
        folder = EditedFolder(results, None, colorizer)
        mine.write_text("# mine\n")
        place.symlink_to(mine)
        folder.save([Change("path", "0.jpg", FAINT)])
        assert place.is_symlink()
        assert mine.read_text() == "# mine\n\n" + FAINT
        place.unlink()
        os.mkfifo(place)
        with pytest.raises(UsageError):
            folder.save([Change("path", "0.jpg", FAINT)])
        assert place.is_fifo()


def test_settings_are_those_of_the_run(photos: Path, tmp_path: Path, model: tuple[str, Path]) -> None:
    results = tmp_path / "results"
    words = ("--saturation", "0.5", "--format", "png", "--prefix", "new_", "--chroma-upsampling", "guided")
    (tmp_path / "mine.toml").write_text('[[photo]]\npath = "2.jpg"\nskip = true\n')
    words = (*words, "--corrections", tmp_path / "mine.toml")  # type: ignore[assignment]
    assert call("batch", photos, results, "--report", *words, *model).exit_code == 0
    with editing("--edit", results, *model) as edited:
        assert events(edited.save(("0.jpg", FAINT)))[-1]["left"] == 0
    corrections = Corrections.load(results / "corrections.toml")
    assert [rule.what for rule in corrections.rules] == ["2.jpg", "0.jpg"]
    assert counts(call("batch", photos, results, *words[:8], *model, "--json")) == {"done": 3}
    (photos / "1.jpg").unlink()
    with editing("--edit", results, *model) as edited:
        before = rows(results)
        told = events(edited.save(("1.jpg", FAINT.replace("0.jpg", "1.jpg"))))
        assert told[1]["path"] == "1.jpg"
        assert told[1]["error"]
        assert rows(results) == before


def test_what_cannot_be_edited_is_refused(
    results: Path, photos: Path, tmp_path: Path, model: tuple[str, Path], make_photo: MakePhoto
) -> None:
    assert call("serve", "--edit", photos).exit_code == 2
    assert call("serve", "--edit", results).exit_code == 2  # the model is another one
    assert call("serve", "--input", photos).exit_code == 2
    assert call("serve", "--edit", results, "--input", tmp_path / "none", *model).exit_code == 2
    (results / "report" / "run.json").unlink()
    done = call("serve", "--edit", results, *model)
    assert done.exit_code == 2
    assert "--input" in done.output
    with editing("--edit", results, "--input", photos, *model) as edited:
        assert events(edited.save(("0.jpg", FAINT)))[-1]["left"] == 0
