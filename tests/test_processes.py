"""Several processes do what one does, and the end of one costs no more than the file that ended it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from commands import call
from conftest import MakePhoto, job_into
from planted import kill, plant

from colorgan import ColorizeConfig, Colorizer, ExitCode, RunError, Status
from colorgan.batch import sharing
from colorgan.batch.child import Child, Order
from colorgan.batch.engine import Engine
from colorgan.batch.job import Job
from colorgan.batch.manifest import Manifest
from colorgan.batch.manifest_store import NAME, NOTE
from colorgan.batch.sharing import ENOUGH, Processes, number_of_processes
from colorgan.batch.timing import StageTimes
from colorgan.report.thumbnails import Thumbnails
from colorgan.storage.objects import ObjectPath, walk_objects
from colorgan.storage.protocol import ignore

posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
COUNT = 24
MANY = 600
POISONED = "07.jpg"


KILLED_AT_START = """
import os, pathlib, sys
starts = pathlib.Path({starts!r})
if "serve()" in " ".join(sys.orig_argv) and len(list(starts.glob("*.start"))) < {killed}:
    (starts / (str(os.getpid()) + ".start")).touch()
    os.kill(os.getpid(), 9)
"""


@pytest.fixture
def photos(tmp_path: Path, make_photo: MakePhoto) -> Path:
    """Gray and in color, of several sizes and formats, in sub-folders, and one that cannot be read."""
    for number in range(COUNT):
        path = tmp_path / f"photos/{number % 3}/{number:02}.{'png' if number % 5 == 4 else 'jpg'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        make_photo(60 + 8 * (number % 4), 48, "RGB" if number == 11 else "L", number).save(path)
    (tmp_path / "photos/broken.jpg").write_bytes(b"\xff\xd8\xff and no more")
    return tmp_path / "photos"


def batch(photos: Path, results: object, exports: dict[str, Path], *options: str) -> list[str]:
    command = [sys.executable, "-m", "colorgan.cli.main", "batch", str(photos), str(results), *options]
    return [*command, "--model", str(exports["onnx"])]


def what_became(results: Path) -> dict[str, object]:
    """The manifest, but for times."""
    apart = ("seconds", "finished", "output_mtime_ns")
    lines = [json.loads(line) for line in (results / NAME).read_text().splitlines() if line]
    return {line["path"]: {key: line[key] for key in line if key not in apart} for line in lines}


def files_in(results: Path) -> dict[str, bytes]:
    return {
        path.relative_to(results).as_posix(): path.read_bytes() for path in results.rglob("colorized_*.*")
    }


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 90
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_two_processes_give_what_one_gives(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    said = {}
    for number in ("1", "2"):
        options = ["--processes", number, "--report", "--json", "--model", exports["onnx"]]
        done = call("batch", photos, tmp_path / number, *options)
        assert done.exit_code == ExitCode.SOME_FAILED, done.output
        said[number] = json.loads(done.stdout.splitlines()[-1])["counts"]
    assert said["2"] == said["1"] == {"colored": COUNT - 1, "copied": 1, "failed": 1}
    assert files_in(tmp_path / "2") == files_in(tmp_path / "1")
    assert what_became(tmp_path / "2") == what_became(tmp_path / "1")
    for folder in ("1", "2"):
        before, after = Thumbnails.of(tmp_path / folder).pair("0/00.jpg")
        assert before.exists()
        assert after.exists()

    again = call("batch", photos, tmp_path / "2", "--processes", "2", "--json", "--model", exports["onnx"])
    assert json.loads(again.stdout.splitlines()[-1])["counts"] == {"done": COUNT, "failed": 1}

    paler: list[str | Path] = [
        "--processes",
        "2",
        "--saturation",
        "0.5",
        "--json",
        "--model",
        exports["onnx"],
    ]
    paler_said = call("batch", photos, tmp_path / "2", *paler)
    assert json.loads(paler_said.stdout.splitlines()[-1])["counts"] == said["1"]
    assert not list((tmp_path / "2").rglob("*.bak"))  # each process knows what was of the run before


def test_limits_shards_and_stages_are_those_of_the_whole(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    colorizer, times = Colorizer(exports["onnx"], ColorizeConfig(processes=3)), StageTimes()
    outcomes = list(colorizer.run(Job.plan(photos, tmp_path / "out", limit=5), times=times))
    assert len(outcomes) == 5
    assert {"read", "decode", "model", "encode", "write"} <= times.seconds.keys()
    for shard in ("1/2", "2/2"):
        outcomes += colorizer.colorize_folder(photos, tmp_path / "shards", shard=shard)
    assert len(outcomes) == 5 + COUNT + 1


def test_objects_are_colored_by_several_processes(
    exports: dict[str, Path], scans: ObjectPath, bucket: ObjectPath
) -> None:
    outcomes = Colorizer(exports["onnx"], ColorizeConfig(processes=2)).colorize_folder(scans, bucket / "out")
    assert {outcome.status for outcome in outcomes} == {Status.COLORED}
    names = [path.name for path, *_ in walk_objects(bucket / "out", ignore)]
    assert sum(name.startswith("colorized_") for name in names) == len(outcomes)


@posix
def test_a_photograph_that_ends_processes_is_named_and_the_others_are_colored(
    exports: dict[str, Path], photos: Path, tmp_path: Path, make_photo: MakePhoto
) -> None:
    make_photo().save(photos / POISONED, comment=b"POISON")
    poison = plant(tmp_path / "poison", "POISON", kill())
    done = subprocess.run(
        batch(photos, tmp_path / "out", exports, "--processes", "4"),
        env=os.environ | {"PYTHONPATH": poison},
        capture_output=True,
        text=True,
    )
    assert done.returncode == ExitCode.SOME_FAILED, done.stderr
    assert f"{POISONED}:" in done.stderr
    entries = Manifest(tmp_path / "out").entries.values()
    statuses = Counter(entry.status for entry in entries)
    assert statuses == {"colored": COUNT - 1, "copied": 1, "failed": 1, "ended_process": 1}
    assert not list((tmp_path / "out").rglob(f"*{NOTE}*"))


def start_long(
    photos: Path, results: Path, exports: dict[str, Path]
) -> tuple[psutil.Popen, list[psutil.Process]]:
    """A run of many files by two processes, once both are at work."""
    for number in range(MANY):
        os.link(photos / "0/00.jpg", photos / f"{number:04}.jpg")
    command = batch(photos, results, exports, "--processes", "2")
    process = psutil.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: len(process.children()) == 2 and len(list(results.glob("colorized_*"))) > 20)
    return process, process.children()


@posix
def test_a_process_that_is_killed_is_replaced_and_costs_no_photograph(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    process, (one, other) = start_long(photos, tmp_path / "out", exports)
    one.kill()
    until(lambda: {child.pid for child in process.children()} - {one.pid, other.pid} != set())
    _, errors = process.communicate(timeout=120)
    assert process.returncode == ExitCode.SOME_FAILED, errors  # of the one that cannot be read
    statuses = Counter(entry.status for entry in Manifest(tmp_path / "out").entries.values())
    assert statuses == {"colored": COUNT - 1 + MANY, "copied": 1, "failed": 1}


@posix
@pytest.mark.parametrize(("killed", "code"), [(2, ExitCode.SOME_FAILED), (99, ExitCode.RUN_STOPPED)])
def test_a_process_that_is_killed_as_it_starts_is_started_again(
    exports: dict[str, Path], photos: Path, tmp_path: Path, killed: int, code: ExitCode
) -> None:
    starts = tmp_path / "starts"
    starts.mkdir()
    (starts / "sitecustomize.py").write_text(KILLED_AT_START.format(starts=str(starts), killed=killed))
    done = subprocess.run(
        batch(photos, tmp_path / "out", exports, "--processes", "2"),
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(starts), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


@posix
@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_once_what_was_begun_is_finished(
    exports: dict[str, Path], photos: Path, tmp_path: Path, name: signal.Signals
) -> None:
    process, children = start_long(photos, tmp_path / "out", exports)
    for child in children if name is signal.SIGTERM else []:  # as systemd does
        child.send_signal(name)
    process.send_signal(name)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == ExitCode.INTERRUPTED
    assert "Traceback" not in errors
    assert not any(child.is_running() for child in children)
    entries = Manifest(tmp_path / "out").entries
    assert len(files_in(tmp_path / "out")) == sum(entry.output is not None for entry in entries.values())
    assert not list((tmp_path / "out").rglob(f"*{NOTE}*"))


@posix
def test_processes_end_when_the_one_that_gives_them_files_is_killed(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    process, children = start_long(photos, tmp_path / "out", exports)
    process.kill()
    process.communicate()
    until(lambda: not any(child.is_running() for child in children))
    outcomes = Colorizer(exports["onnx"], ColorizeConfig(processes=2)).colorize_folder(
        photos, tmp_path / "out"
    )
    assert len(outcomes) == COUNT + 1 + MANY
    assert sum(outcome.status.is_failure for outcome in outcomes) == 1


def test_what_cannot_be_started_or_written_ends_the_run(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    job = Job.plan(photos, tmp_path / "out")
    order = Order(tmp_path / "gone.onnx", ColorizeConfig(), job)
    with pytest.raises(Exception, match=r"gone\.onnx"):
        Child(order)
    with pytest.raises(RunError):
        Child(replace(order, model=exports["onnx"]), {"PYTHONPATH": "", "PYTHONHOME": str(tmp_path)})
    engine = Engine(ColorizeConfig(), lambda luma: luma, 1, 2)
    with pytest.raises(Exception, match=r"gone\.onnx"):
        list(Processes(order, 2, engine).outcomes(job.files(), [], StageTimes()))


def test_processors_memory_and_devices_are_divided(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sharing, "available_cpus", lambda: 8)
    config = ColorizeConfig(memory=2000, devices="1,3", processes=4)
    shares = Processes(Order(None, config, job_into(tmp_path)), 4, Engine(config, lambda luma: luma, 16, 2))
    orders = [shares._share(place, 5) for place in range(4)]
    assert [order.config.devices for order in orders] == ["1", "3", "1", "3"]
    assert {order.config.memory for order in orders} == {500}
    assert {order.config.processes for order in orders} == {1}
    assert {order.at_once for order in orders} == {1}
    on_cpus = replace(shares, order=replace(shares.order, config=ColorizeConfig()))
    assert replace(on_cpus, engine=replace(shares.engine, batch_size=1, at_once=8))._workers() == 4
    few = replace(shares, order=replace(shares.order, config=ColorizeConfig(workers=6)))
    assert few._workers() == 2


@pytest.mark.parametrize(
    ("cpus", "files", "number"), [(2, 10_000, 1), (16, 10_000, 4), (16, 4 * ENOUGH - 1, 1), (3, 10_000, 1)]
)
def test_their_number_follows_the_processors_and_few_files_need_one(
    monkeypatch: pytest.MonkeyPatch, cpus: int, files: int, number: int
) -> None:
    monkeypatch.setattr(sharing, "available_cpus", lambda: cpus)
    found, items = number_of_processes(0, iter(range(files)))
    assert found == number
    assert list(items) == list(range(files))
    assert number_of_processes(3, iter([]))[0] == 3
