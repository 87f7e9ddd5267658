"""A photograph that ends the process never blocks a run, and never condemns its neighbors (fault 23)."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from conftest import MakePhoto, job_into
from planted import kill, plant
from stores import Server

from colorgan import Colorizer, ExitCode, Status
from colorgan.batch.in_flight import TRIES, InFlight
from colorgan.batch.job import Job
from colorgan.batch.manifest import Manifest
from colorgan.batch.manifest_store import NOTE, LocalManifests
from colorgan.batch.progress import status
from colorgan.storage.objects import ObjectPath, walk_objects
from colorgan.storage.paths import AnyPath, locate
from colorgan.storage.protocol import ignore

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
COUNT = 40


@pytest.fixture
def photos(tmp_path: Path, make_photo: MakePhoto) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(COUNT):
        comment = b"POISON" if number == 17 else b""
        make_photo(64, 48, seed=number).save(folder / f"{number:02}.jpg", comment=comment)
    return folder


def batch(photos: Path, results: AnyPath, exports: dict[str, Path], *options: str) -> list[str]:
    """The command that colors them."""
    command = [sys.executable, "-m", "colorgan.cli.main", "batch", str(photos), str(results)]
    return [*command, "--model", str(exports["onnx"]), *options]


def run_until_it_ends(
    photos: Path, results: AnyPath, exports: dict[str, Path], tmp_path: Path, name: str, *options: str
) -> tuple[int, str, int]:
    """Run the same command until no signal ends it: its exit code, what it said, and how often it was run."""
    poison = plant(tmp_path / "poison", "POISON", kill(name))
    command = batch(photos, results, exports, *options)
    for runs in range(1, 9):
        done = subprocess.run(
            command,
            env=os.environ | {"PYTHONPATH": poison},
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode >= 0:
            return done.returncode, done.stdout + done.stderr, runs
    raise AssertionError(done.stderr)


def assert_one_failed(results: Path) -> None:
    entries = Manifest(results).entries
    assert Counter(entry.status for entry in entries.values()) == {"colored": COUNT - 1, "ended_process": 1}
    assert entries["17.jpg"].status == Status.ENDED_PROCESS
    assert len(list(results.glob("colorized_*.jpg"))) == COUNT - 1


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGKILL"])
@pytest.mark.parametrize("options", [["--workers", "8"], ["--workers", "8", "--shard", "1/1"]])
def test_one_of_forty_fails_and_the_others_are_colored(
    exports: dict[str, Path], photos: Path, tmp_path: Path, name: str, options: list[str]
) -> None:
    results = tmp_path / "results"
    code, said, runs = run_until_it_ends(photos, results, exports, tmp_path, name, *options)
    assert code == ExitCode.SOME_FAILED, said
    assert runs <= 3
    assert_one_failed(results)
    assert re.search(rf"17\.jpg: .*\b{name}\b", said)

    again = subprocess.run(  # it is named again and not tried, which would show: here, nothing is poison
        batch(photos, results, exports, *options),
        capture_output=True,
        text=True,
    )
    assert again.returncode == ExitCode.SOME_FAILED
    assert "17.jpg:" in again.stderr
    assert_one_failed(results)

    (outcome,) = [
        outcome
        for outcome in Colorizer(exports["onnx"]).run(Job.plan(photos, results, retry_failed=True))
        if outcome.status is not Status.DONE
    ]
    assert (outcome.path.name, outcome.status) == ("17.jpg", Status.COLORED)
    assert not list(results.rglob(f"*{NOTE}*"))


@pytest.mark.slow
def test_on_ray_it_takes_one_run(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    options = ["--engine", "ray", "--actors", "2", "--cpus-per-actor", "1"]
    code, said, runs = run_until_it_ends(photos, tmp_path / "out", exports, tmp_path, "SIGSEGV", *options)
    assert (code, runs) == (ExitCode.SOME_FAILED, 1), said
    assert_one_failed(tmp_path / "out")


@pytest.mark.parametrize("options", [[], ["--shard", "1/1"]])
def test_in_a_bucket_it_is_the_same(
    exports: dict[str, Path], photos: Path, tmp_path: Path, server: Server, options: list[str]
) -> None:
    server.order()
    bucket = locate(f"s3://poison-{len(options)}")
    assert isinstance(bucket, ObjectPath)
    bucket.store.mkdir(bucket.name)
    results = bucket / "results"
    code, said, runs = run_until_it_ends(photos, results, exports, tmp_path, "SIGKILL", *options)
    assert code == ExitCode.SOME_FAILED, said
    assert runs <= 3
    statuses = Counter(entry.status for entry in Manifest(results).entries.values())
    assert statuses == {"colored": COUNT - 1, "ended_process": 1}
    assert not [path for path, *_ in walk_objects(results, ignore, hidden=True) if path.suffix == ".note"]


def test_runs_that_are_killed_condemn_nobody(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    command = batch(photos, results, exports, "--workers", "8")
    for _ in range(2):
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None and not (results / NOTE).exists():
                time.sleep(0.005)
            while process.poll() is None and "jpg" not in (results / NOTE).read_text():
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
    outcomes = list(Colorizer(exports["onnx"]).colorize_folder(photos, results))
    assert {outcome.status for outcome in outcomes} <= {Status.COLORED, Status.DONE}
    assert len(outcomes) == COUNT
    assert not (results / NOTE).exists()


def test_a_run_that_is_killed_while_a_file_is_alone_in_hand_does_not_condemn_it(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    """The process that has the file lives on, and notes that it did not cause the end of the other."""
    results, slow = tmp_path / "results", plant(tmp_path / "slow", "POISON", "time.sleep(20)")
    died(results, in_hand=["17.jpg"])
    command = batch(photos, results, exports)
    for _ in range(TRIES + 1):
        with subprocess.Popen(
            command,
            env=os.environ | {"PYTHONPATH": slow},
            stderr=subprocess.DEVNULL,
        ) as process:
            wait_for_words(results / NOTE, f"process {process.pid} ", '"alone": "17.jpg"')
            process.kill()
        wait_for_words(results / NOTE, '"spared"')
    (outcome,) = [
        outcome
        for outcome in Colorizer(exports["onnx"]).colorize_folder(photos, results)
        if outcome.status is not Status.DONE
    ]
    assert (outcome.path.name, outcome.status) == ("17.jpg", Status.COLORED)
    assert not (results / NOTE).exists()


def wait_for_words(note: Path, *words: str) -> None:
    """Read a file again and again, for two minutes at most."""
    until = time.monotonic() + 120
    while not all(word in note.read_text() for word in words):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_suspects_are_tried_after_the_others_and_stay_suspect_when_a_run_is_stopped(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    died(tmp_path / "out", in_hand=["03.jpg", "05.jpg"])
    job = Job.plan(photos, tmp_path / "out", limit=7)
    names = [outcome.path.name for outcome in Colorizer(exports["onnx"]).run(job)]
    assert names[-2:] == ["03.jpg", "05.jpg"]
    assert len(names) == 7
    assert status(tmp_path / "out").suspects == []


def test_where_this_process_ends_with_the_other_a_file_is_given_up_after_some_ends(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    """As in a container whose memory is that of both: the note tells who was alone."""
    for end in range(1, TRIES + 1):
        died(tmp_path / "out", in_hand=[], alone="03.jpg", ends={"03.jpg": end - 1})
        with Manifest.open(job_into(tmp_path / "out")) as manifest:
            assert manifest.in_flight.ends["03.jpg"] == end
    outcomes = {o.path.name: o for o in Colorizer(exports["onnx"]).colorize_folder(photos, tmp_path / "out")}
    assert outcomes.pop("03.jpg").status is Status.ENDED_PROCESS
    assert {outcome.status for outcome in outcomes.values()} == {Status.COLORED}


def test_an_end_that_was_asked_for_counts_against_nobody(tmp_path: Path) -> None:
    """A second Ctrl-C, or a pod that is told to end and then killed."""
    died(tmp_path, in_hand=["03.jpg"])
    store = LocalManifests(tmp_path)
    dying = InFlight(store)
    with dying.alone("03.jpg"):
        assert InFlight(store).ends["03.jpg"] == 1
        dying.forgive()
        left = InFlight(store)
        assert left.ends["03.jpg"] == 0
        assert left.suspects == {"03.jpg"}


def test_a_note_that_is_damaged_condemns_nobody(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / NOTE).write_text('{"in_hand": ["01.jpg"\n[]\n{"ends": 3}\nnull\n')
    outcomes = Colorizer(exports["onnx"]).colorize_folder(photos, tmp_path / "out")
    assert {outcome.status for outcome in outcomes} == {Status.COLORED}


def died(results: Path, in_hand: list[str], alone: str = "", ends: dict[str, int] | None = None) -> None:
    """Leave what a run leaves that died."""
    results.mkdir(exist_ok=True)
    note = {"owner": "a test", "in_hand": in_hand, "suspects": [], "alone": alone, "ends": ends or {}}
    LocalManifests(results).note(json.dumps(note) + "\n")
