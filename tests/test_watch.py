"""`colorgan watch`: a real process, and files that come as scanners write them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest
from commands import call, counts
from conftest import MakePhoto
from services import saved

from colorgan.batch.manifest import Manifest


class Watching:
    """A watch, and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.told = process, Queue[dict[str, Any]]()
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.told.put(json.loads(line))

    def next(self) -> dict[str, Any]:
        return self.told.get(timeout=120)

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(by)
        return self.process.wait(120)


@contextmanager
def watching(*words: object) -> Iterator[Watching]:
    command = [
        sys.executable,
        "-m",
        "colorgan.cli.main",
        "watch",
        *map(str, words),
        "--json",
        "--settle",
        "0.5",
    ]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            watch = Watching(process)
            assert watch.next()["event"] == "watching"
            yield watch
        finally:
            process.kill()


@pytest.fixture
def scans(tmp_path: Path, make_photo: MakePhoto) -> Path:
    (tmp_path / "scans").mkdir()
    make_photo().save(tmp_path / "scans/there.jpg")
    return tmp_path / "scans"


@pytest.mark.parametrize("how", [(), ("--poll", "--interval", "0.2")], ids=["announced", "polled"])
def test_what_is_there_and_what_comes_is_colored_once_it_is_whole(
    scans: Path, tmp_path: Path, make_photo: MakePhoto, how: tuple[str, ...]
) -> None:
    results = tmp_path / "results"
    data = saved(make_photo(640, 480), tmp_path / "a.jpg")
    with watching(scans, results, *how) as watch:
        assert watch.next()["path"] == "there.jpg"
        with (scans / "slow.jpg").open("wb") as file:  # a scanner that pauses
            file.write(data[: len(data) * 3 // 4])
            file.flush()
            time.sleep(1.5)
            file.write(data[len(data) * 3 // 4 :])
        told = watch.next()
        while told["note"] or told["status"] != "colored":  # where this test was stopped for long
            assert told["path"] == "slow.jpg"
            told = watch.next()
        assert told["path"] == "slow.jpg"
        (scans / "notes.txt").write_text("no picture")
        (scans / ".hidden.jpg").write_bytes(data)
        (tmp_path / "box/1911").mkdir(parents=True)
        (tmp_path / "box/1911/b.jpg").write_bytes(data)
        (tmp_path / "box").rename(scans / "box")  # a folder that is moved here
        assert watch.next()["path"] == "box/1911/b.jpg"
        (tmp_path / "again.jpg").write_bytes(data)
        (tmp_path / "again.jpg").replace(scans / "there.jpg")
        assert watch.next()["path"] == "there.jpg"
        (scans / "broken.jpg").write_bytes(b"no picture")
        assert watch.next()["status"] == "failed"
        assert watch.stop() == 0
    assert {path.name for path in results.rglob("*.jpg")} == {
        f"colorized_{n}.jpg" for n in ("there", "slow", "b")
    }
    assert len(Manifest(results).entries) == 4
    assert call("status", results, scans).exit_code == 1  # of the one that failed, as after colorgan-batch


def test_started_again_it_continues(scans: Path, tmp_path: Path, make_photo: MakePhoto) -> None:
    results = tmp_path / "results"
    with watching(scans, results) as watch:
        assert watch.next()["path"] == "there.jpg"
        watch.process.kill()
        watch.process.wait(120)
    first = (results / "colorized_there.jpg").stat().st_mtime_ns
    make_photo(seed=1).save(scans / "new.jpg")
    with watching(scans, results) as watch:
        assert watch.next()["path"] == "new.jpg"
        assert watch.stop(signal.SIGINT) == 0
        assert watch.next() == {"event": "summary", "counts": {"colored": 1}, "exit_code": 0}
    assert (results / "colorized_there.jpg").stat().st_mtime_ns == first
    done = call("batch", scans, results, "--json")
    assert done.exit_code == 0
    assert counts(done) == {"done": 2}  # nothing is left for a run to do


def test_links_are_left_alone(scans: Path, tmp_path: Path, make_photo: MakePhoto) -> None:
    (tmp_path / "elsewhere").mkdir()
    make_photo().save(tmp_path / "elsewhere/secret.jpg")
    (scans / "link.jpg").symlink_to(tmp_path / "elsewhere/secret.jpg")
    (scans / "folder").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "by-link").symlink_to(scans)
    with watching(tmp_path / "by-link", tmp_path / "results") as watch:  # INPUT itself may be one
        assert watch.next()["path"] == "there.jpg"
        (scans / "late.jpg").symlink_to(tmp_path / "elsewhere/secret.jpg")
        make_photo(seed=2).save(tmp_path / "elsewhere/more.jpg")
        make_photo(seed=3).save(scans / "last.jpg")
        assert watch.next()["path"] == "last.jpg"
        assert watch.stop() == 0
    assert len(Manifest(tmp_path / "results").entries) == 2


@pytest.mark.parametrize("results", ["scans", "scans/results", ".", "link"])
def test_folders_that_overlap_are_refused(scans: Path, tmp_path: Path, results: str) -> None:
    (tmp_path / "link").symlink_to(scans)
    done = call("watch", scans, tmp_path / results)
    assert done.exit_code == 2
    assert str(tmp_path) in done.output
    assert [path.name for path in scans.iterdir()] == ["there.jpg"]


def test_a_folder_that_is_not_there_is_refused_and_one_that_goes_ends_the_watch(
    scans: Path, tmp_path: Path
) -> None:
    assert call("watch", tmp_path / "none", tmp_path / "results").exit_code == 2
    assert call("watch", "s3://bucket/scans", tmp_path / "results").exit_code == 2
    with watching(scans, tmp_path / "results", "--poll", "--interval", "0.2") as watch:
        assert watch.next()["path"] == "there.jpg"
        scans.rename(tmp_path / "away")
        assert watch.process.wait(120) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="file systems of others take no such name")
def test_a_name_that_is_not_utf_8_does_not_end_the_watch(
    scans: Path, tmp_path: Path, make_photo: MakePhoto
) -> None:
    data = saved(make_photo(), tmp_path / "a.jpg")
    with watching(scans, tmp_path / "results", "--interval", "0.2") as watch:
        assert watch.next()["path"] == "there.jpg"
        (scans / os.fsdecode(b"caf\xe9.jpg")).write_bytes(data)
        assert watch.next()["path"] == os.fsdecode(b"caf\xe9.jpg")
        (scans / "after.jpg").write_bytes(data)
        assert watch.next()["path"] == "after.jpg"
        assert watch.stop() == 0


@pytest.mark.parametrize("how", [(), ("--poll", "--interval", "0.2")], ids=["announced", "polled"])
def test_a_change_of_corrections_colors_those_photographs_again(
    scans: Path, tmp_path: Path, make_photo: MakePhoto, how: tuple[str, ...]
) -> None:
    results = tmp_path / "results"
    make_photo(seed=1).save(scans / "other.jpg")
    with watching(scans, results, *how) as watch:
        assert {watch.next()["path"] for _ in range(2)} == {"other.jpg", "there.jpg"}
        other = (results / "colorized_other.jpg").stat().st_mtime_ns
        for place in (scans, results):  # that of the results goes first
            (place / "corrections.toml").write_text(
                f'[[photo]]\npath = "there.jpg"\nskip = {str(place == scans).lower()}\n'
            )
            told = watch.next()
            assert (told["path"], told["status"]) == ("there.jpg", "left" if place == scans else "colored")
        (results / "corrections.toml").unlink()
        assert watch.next()["status"] == "left"
        assert watch.stop() == 0
    assert (results / "colorized_other.jpg").stat().st_mtime_ns == other


def test_corrections_that_are_half_saved_do_not_end_the_watch(
    scans: Path, tmp_path: Path, make_photo: MakePhoto
) -> None:
    text = '[[photo]]\npath = "new.jpg"\nskip = true\n'
    (scans / "corrections.toml").write_text(text)
    with watching(scans, tmp_path / "results") as watch:
        assert watch.next()["path"] == "there.jpg"
        (scans / "corrections.toml").write_text(text[:-5])
        make_photo(seed=1).save(scans / "new.jpg")
        told = watch.next()
        assert (told["path"], told["status"]) == ("new.jpg", "left")  # by the last good ones
        assert watch.stop() == 0
    assert call("watch", scans, tmp_path / "results").exit_code == 2


@pytest.mark.parametrize(
    "words", [("results", "--prefix", "../x"), ("results", "--prefix", "sub/"), ("file",), ("file/sub",)]
)
def test_where_no_result_can_be_written_is_refused(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("no folder")
    assert call("watch", scans, *words).exit_code == 2
    for command in (("status", words[0]), ("status", words[0], scans), ("bag", words[0], "bag")):
        assert call(*command).exit_code == 2
