"""Damage after the run is seen, what a run leaves is whole, and bounds are kept."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import MakePhoto
from PIL import Image

import colorgan
from colorgan import ColorizeConfig, Colorizer, ExitCode, Status, UsageError
from colorgan.batch.job import Job
from colorgan.batch.manifest_store import NAME
from colorgan.batch.pipeline import map_unordered
from colorgan.cli.main import main
from colorgan.errors import RunError
from colorgan.report.thumbnails import Thumbnails
from colorgan.storage.files import LEFTOVER, atomic_file
from colorgan.storage.paths import LOCAL


@pytest.fixture
def photos(tmp_path: Path, make_photo: MakePhoto) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(5):
        make_photo(60, 50, seed=number).save(folder / f"{number}.jpg")
    return folder


@pytest.fixture
def results(exports: dict[str, Path], photos: Path, tmp_path: Path) -> Path:
    Colorizer(exports["onnx"]).colorize_folder(photos, tmp_path / "results")
    return tmp_path / "results"


def call(*words: object) -> Result:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def damage(results: Path) -> None:
    """One that is gone, one cut off, one that an editor saved, and one with a bit that flipped."""
    (results / "colorized_0.jpg").unlink()
    os.truncate(results / "colorized_1.jpg", 500)
    with Image.open(results / "colorized_2.jpg") as image:
        image.load()
    image.save(results / "colorized_2.jpg", quality=80)
    data = bytearray((results / "colorized_3.jpg").read_bytes())
    data[-20] ^= 1
    (results / "colorized_3.jpg").write_bytes(data)


def test_status_sees_what_was_damaged_and_the_next_run_makes_it_again(
    exports: dict[str, Path], photos: Path, results: Path
) -> None:
    """Fault 43."""
    before = {path.name: path.read_bytes() for path in results.glob("*.jpg")}
    assert colorgan.status(results, photos, read="all").is_complete
    damage(results)
    times = (results / "colorized_3.jpg").stat().st_mtime_ns
    assert set(colorgan.status(results, photos).problems) == {f"{number}.jpg" for number in range(4)}
    result = call("status", results, "--json")
    assert result.exit_code == ExitCode.SOME_FAILED
    assert times == (results / "colorized_3.jpg").stat().st_mtime_ns
    outcomes = Colorizer(exports["onnx"]).colorize_folder(photos, results)
    assert {o.path.name for o in outcomes if o.status is Status.COLORED} == {f"{n}.jpg" for n in range(4)}
    assert {path.name: path.read_bytes() for path in results.glob("*.jpg")} == before


def test_a_change_that_kept_size_and_time_is_seen_by_reading_and_the_result_made_again(
    exports: dict[str, Path], photos: Path, results: Path
) -> None:
    """Fault 43."""
    before = {path.name: path.read_bytes() for path in results.glob("*.jpg")}
    for number in range(5):
        path = results / f"colorized_{number}.jpg"
        time, data = path.stat().st_mtime_ns, bytearray(path.read_bytes())
        data[-20] ^= 1
        path.write_bytes(data)
        os.utime(path, ns=(time, time))
    assert call("status", results).exit_code == ExitCode.DONE
    assert len(colorgan.status(results, photos, read="all").problems) == 5
    parts = [set(colorgan.status(results, read=f"{number}/3").problems) for number in (1, 2, 3)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 5
    assert call("status", results, "--read").exit_code == ExitCode.SOME_FAILED
    assert call("status", results, "--read", "4/3").exit_code == ExitCode.WRONG_USAGE

    assert call("batch", photos, results, "--read", "4/3").exit_code == ExitCode.WRONG_USAGE
    colorizer = Colorizer(exports["onnx"])
    for read, made in (("", 0), ("1/3", len(parts[0])), ("all", 5 - len(parts[0])), ("all", 0)):
        outcomes = colorizer.colorize_folder(photos, results, read=read)
        assert [outcome.status for outcome in outcomes].count(Status.COLORED) == made
    assert {path.name: path.read_bytes() for path in results.glob("*.jpg")} == before
    assert len(list(results.glob("*.bak"))) == 5


def test_results_that_were_copied_elsewhere_are_as_good(
    exports: dict[str, Path], photos: Path, results: Path, tmp_path: Path
) -> None:
    shutil.copytree(results, tmp_path / "copy", copy_function=shutil.copyfile)  # their times are new
    outcomes = Colorizer(exports["onnx"]).colorize_folder(photos, tmp_path / "copy")
    assert {outcome.status for outcome in outcomes} == {Status.DONE}


def test_restore_names_what_is_gone_or_was_saved_by_an_editor(results: Path, tmp_path: Path) -> None:
    """Fault 43."""
    damage(results)
    outcomes = {o.path.name: o for o in colorgan.restore(results, tmp_path / "originals")}
    assert outcomes.pop("colorized_4.jpg").status is Status.RESTORED
    assert outcomes.pop("colorized_3.jpg").status is Status.RESTORED  # the bit was one of its color
    assert {outcome.status for outcome in outcomes.values()} == {Status.FAILED}
    result = call("restore", results, tmp_path / "again", "--json")
    assert result.exit_code == ExitCode.SOME_FAILED
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert events[-1]["counts"] == {"restored": 2, "failed": 3}


def test_restore_writes_names_as_long_as_a_file_system_takes(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    """Fault 32."""
    name = "x" * 250 + ".jpg"
    (photos / "0.jpg").rename(photos / name)
    Colorizer(exports["onnx"]).colorize_folder(photos, tmp_path / "out")
    outcomes = colorgan.restore(tmp_path / "out", tmp_path / "originals")
    assert {outcome.status for outcome in outcomes} == {Status.RESTORED}
    assert (tmp_path / "originals" / name).read_bytes() == (photos / name).read_bytes()


@pytest.mark.parametrize("shard", ["", "1/2"])
def test_leftovers_of_a_killed_run_go(
    exports: dict[str, Path], photos: Path, tmp_path: Path, shard: str
) -> None:
    """Fault 32."""
    leftover = tmp_path / "out" / "sub" / f".0123456789ab{LEFTOVER}"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    Colorizer(exports["onnx"]).colorize_folder(photos, tmp_path / "out", shard=shard)
    assert not leftover.exists()


def test_the_folder_of_a_file_is_synced_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 46: and so are those that had to be made."""
    synced, fsync = [], os.fsync

    def note(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    if sys.platform != "linux":
        pytest.skip("what is open is told by Linux")
    monkeypatch.setattr(os, "fsync", note)
    LOCAL.write(tmp_path / "a" / "b" / "c.jpg", b"c")
    assert synced[0].name.endswith(LEFTOVER)
    assert set(synced[1:]) == {tmp_path, tmp_path / "a", tmp_path / "a" / "b"}


def test_a_link_does_not_wait_where_a_file_is_written(tmp_path: Path) -> None:
    """Fault 35: the temporary name is new each time, and made only where there is nothing."""
    (tmp_path / "secret").write_text("mine")
    names = set()
    for _ in range(3):
        (tmp_path / f".a.jpg{LEFTOVER}").unlink(missing_ok=True)
        (tmp_path / f".a.jpg{LEFTOVER}").symlink_to(tmp_path / "secret")
        with atomic_file(tmp_path / "a.jpg") as temporary:
            names.add(temporary)
            assert not temporary.is_symlink()
            temporary.write_text("photograph")
    assert (tmp_path / "secret").read_text() == "mine"
    assert len(names) == 3


def test_a_report_follows_no_path_out_of_the_folder(results: Path, tmp_path: Path) -> None:
    """Fault 35."""
    shutil.copy(results / "colorized_0.jpg", tmp_path / "secret.jpg")
    lines = [json.loads(line) for line in (results / NAME).read_text().splitlines()]
    lines[0]["output"] = "../secret.jpg"
    (results / NAME).write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert call("report", results, "--quiet").exit_code == ExitCode.DONE
    assert "secret" not in (results / "report/data.js").read_text()
    assert not Thumbnails.of(results).pair(lines[0]["path"])[0].exists()


def test_a_picture_for_the_report_that_cannot_be_made_costs_nothing_else(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    """Fault 28."""
    (tmp_path / "out/report").mkdir(parents=True)
    (tmp_path / "out/report/thumbnails").touch()
    job = Job.plan(photos, tmp_path / "out")
    outcomes = Colorizer(exports["onnx"]).run(job, thumbnails=Thumbnails.of(tmp_path / "out"))
    assert {outcome.status for outcome in outcomes} == {Status.COLORED}


def test_where_threads_cannot_start_fewer_do_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 25."""
    start, allowed = threading.Thread.start, 3

    def refuse(self: threading.Thread) -> None:
        nonlocal allowed
        allowed -= 1
        if allowed < 0:
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert sorted(map_unordered(lambda item: item, range(50), threads=8)) == list(range(50))
    with pytest.raises(RunError):
        list(map_unordered(lambda item: item, range(50), threads=8))
    with pytest.raises(UsageError, match=r"workers.* 100000\b"):
        ColorizeConfig(workers=100_000)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_settings_that_are_no_numbers_are_refused(value: float) -> None:
    """Fault 8."""
    with pytest.raises(UsageError, match=r"\bsaturation\b"):
        ColorizeConfig(saturation=value)


def test_a_colorizer_can_be_closed(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    with Colorizer(exports["onnx"]) as colorizer:
        assert colorizer(photos / "0.jpg").size == (60, 50)
    with pytest.raises(UsageError, match="closed"):
        colorizer(photos / "0.jpg")


def test_an_internal_error_has_a_code_of_its_own_and_leaves_its_traceback(
    results: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 44."""

    def fail(*_: object, **__: object) -> None:
        raise KeyError("bug")

    monkeypatch.setattr("colorgan.batch.progress.status", fail)
    result = call("status", results)
    assert result.exit_code == ExitCode.INTERNAL_ERROR
    assert result.stderr.count("\n") == 1
    assert str(results / "colorgan-error.log") in result.stderr
    assert "KeyError" in (results / "colorgan-error.log").read_text()
    assert result.stdout == ""


PROCESS = [sys.executable, "-m", "colorgan.cli.main"]


@pytest.mark.skipif(sys.platform != "linux", reason="places of Linux")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("batch - out <&-", ExitCode.WRONG_USAGE),
        ("batch 's3://[x' out", ExitCode.WRONG_USAGE),
        ("batch photos out > /dev/full", ExitCode.RUN_STOPPED),
        ("status results > /dev/full", ExitCode.RUN_STOPPED),
        ("restore results originals --json > /dev/full", ExitCode.RUN_STOPPED),
        ("--help > /dev/full", ExitCode.RUN_STOPPED),
        ("batch nowhere out >&-", ExitCode.WRONG_USAGE),
    ],
)
@pytest.mark.usefixtures("results")
def test_what_a_shell_may_do_is_one_line(tmp_path: Path, words: str, code: int) -> None:
    """Fault 33."""
    command = f"{' '.join(PROCESS)} {words}"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("Error: ")


@pytest.mark.parametrize(
    "closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "--json --processes 2 <&- >&- 2>&-"]
)
def test_streams_that_are_closed_do_not_keep_a_run_from_its_work(
    photos: Path, tmp_path: Path, closed: str
) -> None:
    done = subprocess.run(["sh", "-c", f"{' '.join(PROCESS)} batch photos out {closed}"], cwd=tmp_path)
    assert done.returncode == ExitCode.DONE
    assert len(list((tmp_path / "out").glob("colorized_*"))) == len(list(photos.iterdir()))
