"""Runs side by side share the work by the paths alone, and what is missing can be told."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Barrier

import pytest
from click.testing import CliRunner, Result
from commands import counts, summary
from conftest import MakePhoto, contents, job_into, told
from PIL import Image
from planted import plant

from colorgan import Colorizer, Outcome, RunError, Status
from colorgan.batch.job import Job
from colorgan.batch.manifest import Manifest
from colorgan.batch.manifest_store import NAME, SHARDS, manifest_path
from colorgan.batch.progress import status as status_of
from colorgan.batch.sharding import Shard
from colorgan.cli.main import main
from colorgan.errors import UsageError

COUNT = 12


@pytest.fixture
def photos(tmp_path: Path, make_photo: MakePhoto) -> Path:
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for number in range(COUNT):
        make_photo(60 + number, 50, seed=number).save(folder / f"{'sub/' * (number % 2)}{number}.jpg")
    (folder / "notes.txt").write_text("not an image")
    return folder


def run_shard(colorizer: Colorizer, photos: Path, results: Path, shard: str | None) -> list[Outcome]:
    return list(colorizer.run(Job.plan(photos, results, shard=Shard.parse(shard) if shard else None)))


def invoke(*words: object) -> Result:
    return CliRunner().invoke(main, list(map(str, words)))


def what_became(folder: Path) -> dict[str, tuple[str, str | None]]:
    return {path: (entry.status, entry.output) for path, entry in Manifest(folder).entries.items()}


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/0", "a/b", "-1/3", "1/3/5", ""])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="shard"):
        Shard.parse(text)


def test_each_file_is_in_one_shard_the_same_everywhere() -> None:
    names = [f"{number % 7}/{number}.jpg" for number in range(2000)]
    shards = [Shard(number, 8) for number in range(1, 9)]
    assert all(sum(shard.holds(name) for shard in shards) == 1 for name in names)
    sizes = [sum(map(shard.holds, names)) for shard in shards]
    assert min(sizes) > 180
    assert max(sizes) < 320
    assert Shard.parse("3/3").holds("1911/a.jpg")  # for as long as folders are shared between versions
    assert all(Shard(1, 1).holds(name) for name in names)


def test_shards_together_give_what_one_run_gives(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    colorizer = Colorizer(exports["onnx"])
    run_shard(colorizer, photos, tmp_path / "one", None)
    outcomes = [
        outcome
        for number in (2, 3, 1)
        for outcome in run_shard(colorizer, photos, tmp_path / "parts", f"{number}/3")
    ]
    counts = Counter(outcome.status for outcome in outcomes)
    assert counts == {Status.COLORED: COUNT, Status.IGNORED: 1}
    assert contents(tmp_path / "parts") == contents(tmp_path / "one")
    assert what_became(tmp_path / "parts") == what_became(tmp_path / "one")
    again = run_shard(colorizer, photos, tmp_path / "parts", None)
    assert Counter(outcome.status for outcome in again)[Status.DONE] == COUNT
    assert not list((tmp_path / "parts" / SHARDS).glob("*.jsonl"))
    assert len((tmp_path / "parts" / NAME).read_text().splitlines()) == COUNT


def test_another_number_of_shards_does_nothing_twice(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    colorizer = Colorizer(exports["onnx"])
    for shard in ("1/2", "2/2"):
        run_shard(colorizer, photos, tmp_path / "out", shard)
    again = [
        outcome
        for number in range(1, 6)
        for outcome in run_shard(colorizer, photos, tmp_path / "out", f"{number}/5")
    ]
    assert Counter(outcome.status for outcome in again) == {Status.DONE: COUNT, Status.IGNORED: 1}


def test_what_overlaps_is_refused_while_it_lasts_and_what_does_not_is_not(tmp_path: Path) -> None:
    def held(holding: Shard | None, wanted: Shard | None) -> None:
        with Manifest.open(job_into(tmp_path, holding)), Manifest.open(job_into(tmp_path, wanted)):
            pass

    held(Shard(1, 3), Shard(2, 3))
    for one, other in ((Shard(1, 3), Shard(1, 3)), (Shard(1, 3), Shard(1, 2)), (Shard(1, 3), None)):
        for pair in ((one, other), (other, one)):
            with pytest.raises(RunError):
                held(*pair)
    with Manifest.open(job_into(tmp_path)):
        assert look_under_way(tmp_path) == ["all"]


def test_shards_that_begin_at_once_do_not_take_one_another_for_strangers(tmp_path: Path) -> None:
    count = 8

    def hold(folder: Path, number: int, together: Barrier) -> None:
        together.wait()
        with Manifest.open(job_into(folder, Shard(number, count))):
            together.wait()  # all of them at a time

    for turn in range(8):
        together = Barrier(count)
        with ThreadPoolExecutor(count) as pool:
            calls = [pool.submit(hold, tmp_path / str(turn), each + 1, together) for each in range(count)]
            for call in as_completed(calls):
                if call.exception():
                    together.abort()
        assert [call.exception() for call in calls] == [None] * count


def look_under_way(folder: Path) -> list[str]:
    return status_of(folder).under_way


def test_a_shard_reads_its_own_entries_alone(tmp_path: Path) -> None:
    names = [f"{number}.jpg" for number in range(40)]
    for number in (1, 2):
        shard = Shard(number, 2)
        with Manifest.open(job_into(tmp_path, shard)) as manifest:
            for name in filter(shard.holds, names):
                manifest.record(told(tmp_path, name))
    mine = Manifest(tmp_path, Shard(1, 2)).entries
    assert set(mine) == set(filter(Shard(1, 2).holds, names))
    assert set(Manifest(tmp_path).entries) == set(names)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_real_shards_side_by_side_one_of_them_killed_end_complete(photos: Path, tmp_path: Path) -> None:
    """Fault 42: the first is killed before its end, as its last file waits for ever."""
    *_, last = Job.plan(photos, tmp_path / "out", shard=Shard(1, 2)).files()
    Image.open(last.path).save(last.path, comment=b"WAIT")
    waiting = plant(tmp_path / "waiting", "WAIT", "time.sleep(3600)")

    def start(number: int, **environment: str) -> subprocess.Popen[bytes]:
        words = ["-m", "colorgan.cli.main", "batch", str(photos), str(tmp_path / "out")]
        options = ["--shard", f"{number}/2", "--workers", "1"]
        return subprocess.Popen(
            [sys.executable, *words, *options], stdout=subprocess.DEVNULL, env=os.environ | environment
        )

    first, second = start(1, PYTHONPATH=waiting), start(2)
    manifest = manifest_path(tmp_path / "out", Shard(1, 2))
    while first.poll() is None and not (manifest.exists() and manifest.read_text().strip()):
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    assert second.wait() == 0
    assert start(1).wait() == 0
    result = invoke("status", tmp_path / "out", photos, "--json")
    assert result.exit_code == 0, result.output
    assert summary(result.stdout)["complete"]
    assert counts(result) == {"colored": 12}
    assert invoke("batch", photos, tmp_path / "one").exit_code == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "one")
    assert what_became(tmp_path / "out") == what_became(tmp_path / "one")


def test_status_names_what_is_missing_failed_gone_or_changed(
    exports: dict[str, Path], photos: Path, tmp_path: Path, make_photo: MakePhoto
) -> None:
    (photos / "bad.jpg").write_bytes(b"no")
    run_shard(Colorizer(exports["onnx"]), photos, tmp_path / "out", None)
    make_photo(30, 30).save(photos / "new.jpg")
    make_photo(30, 30).save(photos / "0.jpg")
    (tmp_path / "out/colorized_2.jpg").unlink()
    (photos / "4.jpg").unlink()
    result = invoke("status", tmp_path / "out", photos)
    assert result.exit_code == 1
    assert {line.split(": ", 1)[0] for line in result.stderr.splitlines()} == {
        "bad.jpg",
        "new.jpg",
        "0.jpg",
        "2.jpg",
    }
    told = summary(invoke("status", tmp_path / "out", photos, "--json").stdout)
    assert (told["problems"], told["counts"]) == (4, {"colored": 12, "failed": 1})
    begun = invoke("status", tmp_path / "out")
    assert begun.exit_code == 1
    assert "new.jpg" not in begun.output


def test_status_names_ten_or_all(tmp_path: Path) -> None:
    with Manifest.open(job_into(tmp_path)) as manifest:
        for number in range(15):
            manifest.record(told(tmp_path, f"{number:02}.jpg", Status.FAILED, "is empty"))
    ten, every = invoke("status", tmp_path), invoke("status", tmp_path, "--all")
    assert len(ten.stderr.splitlines()) == 11
    assert "--all" in ten.stderr.splitlines()[-1]
    assert len(every.stderr.splitlines()) == 15
    assert ten.exit_code == every.exit_code == 1


def test_wrong_usage_is_one_line(photos: Path, tmp_path: Path) -> None:
    for words, named in (
        (["status", tmp_path], str(tmp_path)),
        (["batch", photos, tmp_path / "out", "--shard", "9/8"], "9/8"),
        (["batch", photos, tmp_path / "out", "--shard", "1/8", "--report"], "--report"),
    ):
        result = invoke(*words)
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1
        assert named in result.stderr


def test_an_empty_shard_is_no_error(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    shard = next(
        shard
        for shard in (Shard(number, 50) for number in range(1, 51))
        if not any(shard.holds(path.relative_to(photos)) for path in photos.rglob("*.*"))
    )
    result = invoke("batch", photos, tmp_path / "out", "--model", exports["onnx"], "--shard", shard, "--json")
    assert result.exit_code == 0, result.output
    assert summary(result.stdout)["images"] == 0


def test_the_report_shows_what_all_shards_did(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    for shard in ("1/2", "2/2"):
        run_shard(Colorizer(exports["onnx"]), photos, tmp_path / "out", shard)
    assert invoke("report", tmp_path / "out").exit_code == 0
    data, _, _ = (tmp_path / "out/report/data.js").read_text().partition(";\nconst CORRECTIONS = ")
    assert len(json.loads(data.removeprefix("const PHOTOGRAPHS = "))) == COUNT
