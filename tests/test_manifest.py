"""A run that was stopped, however roughly, is gone on with, and nothing is done twice or by two."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MakePhoto, job_into, told
from PIL import Image

from colorgan import ColorizeConfig, Colorizer, ExitCode, Outcome, RunError, Status, UsageError
from colorgan.batch.job import Job
from colorgan.batch.manifest import Manifest
from colorgan.batch.manifest_store import NAME
from colorgan.storage.files import LEFTOVER


@pytest.fixture
def photos(tmp_path: Path, make_photo: MakePhoto) -> Path:
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for number in range(8):
        make_photo(60 + number, 50, seed=number).save(folder / f"{'sub/' * (number % 2)}{number}.jpg")
    return folder


def statuses(outcomes: list[Outcome]) -> Counter[Status]:
    return Counter(outcome.status for outcome in outcomes)


def test_the_last_line_of_a_path_wins_and_the_file_is_compacted(tmp_path: Path) -> None:
    with Manifest.open(job_into(tmp_path)) as manifest:
        manifest.record(told(tmp_path, "a.jpg", Status.FAILED))
        manifest.record(told(tmp_path, "b.jpg"))
        manifest.record(told(tmp_path, "a.jpg"))
        assert len((tmp_path / NAME).read_text().split()) > 2
    assert {path: e.status for path, e in Manifest(tmp_path).entries.items()} == {
        "a.jpg": "colored",
        "b.jpg": "colored",
    }
    assert len((tmp_path / NAME).read_text().splitlines()) == 2


def test_a_line_that_was_cut_off_is_left_out_and_the_next_is_whole(tmp_path: Path) -> None:
    with Manifest.open(job_into(tmp_path)) as manifest:
        manifest.record(told(tmp_path, "a.jpg"))
        manifest.record(told(tmp_path, "b.jpg"))
    text = (tmp_path / NAME).read_text()
    (tmp_path / NAME).write_text(text[:-20])
    with Manifest.open(job_into(tmp_path)) as manifest:
        assert set(manifest.entries) == {"a.jpg"}
        manifest.record(told(tmp_path, "c.jpg"))
        assert set(Manifest(tmp_path).entries) == {"a.jpg", "c.jpg"}


def test_names_of_any_bytes_are_kept_in_ascii(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9\n\xf0\x9f\x93\xb7.jpg")
    with Manifest.open(job_into(tmp_path)) as manifest:
        manifest.record(told(tmp_path, name))
    assert (tmp_path / NAME).read_bytes().isascii()
    assert set(Manifest(tmp_path).entries) == {name}


def test_a_second_run_into_the_same_folder_is_refused(tmp_path: Path) -> None:
    with (
        Manifest.open(job_into(tmp_path)),
        pytest.raises(RunError),
        Manifest.open(job_into(tmp_path)),
    ):
        pass


def test_a_manifest_that_is_a_folder_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    with (
        pytest.raises(UsageError, match=r"manifest\.jsonl"),
        Manifest.open(job_into(tmp_path)),
    ):
        pass


def test_a_second_run_does_nothing_again(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    colorizer = Colorizer(exports["onnx"])
    assert statuses(list(colorizer.colorize_folder(photos, tmp_path / "out"))) == {Status.COLORED: 8}
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.jpg")}
    again = list(colorizer.colorize_folder(photos, tmp_path / "out"))
    assert statuses(again) == {Status.DONE: 8}
    assert {outcome.output for outcome in again} == set(before)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_what_has_changed_is_done_again(
    exports: dict[str, Path], photos: Path, tmp_path: Path, make_photo: MakePhoto
) -> None:
    colorizer = Colorizer(exports["onnx"])
    list(colorizer.colorize_folder(photos, tmp_path / "out"))
    (tmp_path / "out/colorized_2.jpg").unlink()
    make_photo(99, 50).save(photos / "4.jpg")
    os.utime(photos / "6.jpg", ns=(1, 1))
    again = list(colorizer.colorize_folder(photos, tmp_path / "out"))
    assert {o.path.name for o in again if o.status is Status.COLORED} == {"2.jpg", "4.jpg", "6.jpg"}
    with Image.open(tmp_path / "out/colorized_4.jpg") as image:
        assert image.width == 99

    other_model = Colorizer(exports["half"])
    assert statuses(list(other_model.colorize_folder(photos, tmp_path / "out"))) == {Status.COLORED: 8}

    overwriting = Colorizer(exports["half"], ColorizeConfig(overwrite=True))
    assert statuses(list(overwriting.colorize_folder(photos, tmp_path / "out"))) == {Status.COLORED: 8}


def test_what_failed_is_tried_again(
    exports: dict[str, Path], photos: Path, tmp_path: Path, make_photo: MakePhoto
) -> None:
    (photos / "0.jpg").write_bytes(b"")
    colorizer = Colorizer(exports["onnx"])
    list(colorizer.colorize_folder(photos, tmp_path / "out"))
    assert Manifest(tmp_path / "out").entries["0.jpg"].status == Status.FAILED
    make_photo().save(photos / "0.jpg")
    outcomes = list(colorizer.colorize_folder(photos, tmp_path / "out"))
    assert statuses(outcomes) == {Status.COLORED: 1, Status.DONE: 7}


def test_stop_finishes_what_was_begun_and_takes_no_more(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    for number in range(100):
        (photos / f"more_{number}.jpg").write_bytes((photos / "0.jpg").read_bytes())
    stop = threading.Event()
    colorizer = Colorizer(exports["onnx"], ColorizeConfig(batch_size=2))
    outcomes = []
    for outcome in colorizer.run(Job.plan(photos, tmp_path / "out"), stop):
        outcomes.append(outcome)
        stop.set()
    assert 0 < len(outcomes) < 100
    assert len(list((tmp_path / "out").rglob("*.jpg"))) == len(outcomes)
    rest = list(colorizer.colorize_folder(photos, tmp_path / "out"))
    assert statuses(rest) == {Status.DONE: len(outcomes), Status.COLORED: 108 - len(outcomes)}


def start_batch(photos: Path, results: Path, model: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "colorgan.cli.main", "batch", photos, results, "--model", model]
    return subprocess.Popen(
        [str(part) for part in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def start_long_batch(
    photos: Path, results: Path, model: Path, *, files: int, wait_for: int
) -> "subprocess.Popen[str]":
    """Add so many files to the photographs, and let a batch get so far as to record some of them."""
    for number in range(files):
        os.link(photos / "0.jpg", photos / f"more_{number}.jpg")
    process = start_batch(photos, results, model)
    wait_until(lambda: len(Manifest(results).entries) >= wait_for)
    return process


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_second_process_into_the_same_folder_stops_with_5(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    first = start_long_batch(photos, tmp_path / "out", exports["onnx"], files=3000, wait_for=5)
    second = start_batch(photos, tmp_path / "out", exports["onnx"])
    _, errors = second.communicate(timeout=60)
    assert second.returncode == ExitCode.IN_USE
    assert errors.startswith(f"Error: {tmp_path / 'out'}: ")
    assert re.search(rf"\b{first.pid}\b", errors)
    assert errors.count("\n") == 1
    assert first.poll() is None
    first.kill()
    first.communicate()


WITH_SMALL_DISK = ["unshare", "--map-root-user", "--mount", "sh", "-c"]


def can_mount() -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    mount = [*WITH_SMALL_DISK, "mount -t tmpfs -o size=100k none /mnt"]
    return subprocess.run(mount, capture_output=True).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="no disk of its own can be mounted here")
def test_a_full_disk_stops_the_run_with_one_line_and_leaves_whole_files(
    exports: dict[str, Path], photos: Path, tmp_path: Path, make_photo: MakePhoto
) -> None:
    for number in range(60):
        make_photo(300, 200, seed=number).save(photos / f"more_{number}.jpg", quality=98)
    script = (
        'mount -t tmpfs -o size=300k none "$1"\n'
        '"$2" -m colorgan.cli.main batch "$3" "$1" --model "$4"\n'
        'code=$?; cp -a "$1" "$5"; exit $code'
    )
    disk, kept = tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    arguments = [str(part) for part in (disk, sys.executable, photos, exports["onnx"], kept)]
    done = subprocess.run([*WITH_SMALL_DISK, script, "sh", *arguments], capture_output=True, text=True)
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("Error: ")
    results = [path for path in kept.iterdir() if path.suffix == ".jpg"]
    assert 0 < len(results) < 68
    for path in results:
        with Image.open(path) as image:
            image.load()
    assert not list(kept.glob(f"*{LEFTOVER}"))


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_says_how_to_go_on(
    exports: dict[str, Path], photos: Path, tmp_path: Path, name: signal.Signals
) -> None:
    process = start_long_batch(photos, tmp_path / "out", exports["onnx"], files=3000, wait_for=5)
    process.send_signal(name)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert len(errors.splitlines()) == 2  # that it finishes, and how to go on


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_second_ctrl_c_stops_at_once_and_nothing_is_lost(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    process = start_long_batch(photos, tmp_path / "out", exports["onnx"], files=40, wait_for=2)
    process.send_signal(signal.SIGSTOP)  # so that it cannot end in between
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    again = start_batch(photos, tmp_path / "out", exports["onnx"])
    output, _ = again.communicate(timeout=60)
    assert again.returncode == 0, output
    assert len(list((tmp_path / "out").rglob("colorized_*.jpg"))) == 48
    assert not list((tmp_path / "out").rglob(f"*{LEFTOVER}"))


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_run_that_is_killed_again_and_again_ends_complete(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    for number in range(120):
        (photos / f"more_{number}.jpg").write_bytes((photos / f"{2 * (number % 4)}.jpg").read_bytes())
    results, choose = tmp_path / "out", random.Random(0)
    for kill in range(6):
        process = start_batch(photos, results, exports["onnx"])
        wait_until(lambda: len(list(results.rglob("*.jpg"))) > 15 * kill)  # noqa: B023
        time.sleep(choose.uniform(0, 0.05))
        process.kill()
        process.communicate()
        for path in results.rglob("*.jpg"):
            if not path.name.endswith(LEFTOVER):
                with Image.open(path) as image:
                    image.load()  # whole
    done = start_batch(photos, results, exports["onnx"])
    _, errors = done.communicate()
    assert done.returncode == 0, errors
    assert len(list(results.rglob("colorized_*.jpg"))) == 128
    assert not list(results.rglob(f"*{LEFTOVER}"))
    lines = [json.loads(line) for line in (results / NAME).read_text().splitlines()]
    assert len({line["path"] for line in lines}) == len(lines) == 128
    assert {line["status"] for line in lines} == {"colored"}
