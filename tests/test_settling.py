"""A folder that is being filled: a photograph is taken once it is whole, and nothing waits for ever."""

import io
import os
import shlex
import time
from pathlib import Path

import pytest
from click.testing import Result
from commands import call
from conftest import MakePhoto
from PIL import Image

from colorgan import Colorizer, ExitCode, How, Job, Outcome, Status, UsageError
from colorgan.batch.settling import GIVEN_UP, may_still_be_written
from colorgan.storage.objects import OBJECTS, ObjectPath
from colorgan.storage.protocol import Found

SETTLE = 30.0
SERVICE = Path(__file__).parents[1] / "docs/systemd/colorgan.service"


class Clock:
    """The clock by which files are told to be old."""

    seconds = 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("colorgan.storage.local.time_ns", lambda: time.time_ns() + int(clock.seconds * 1e9))
    return clock


@pytest.fixture
def scan(make_photo: MakePhoto) -> bytes:
    file = io.BytesIO()
    make_photo(300, 200).save(file, "jpeg")
    return file.getvalue()


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    (tmp_path / "scans").mkdir()
    return tmp_path / "scans"


def color(scans: Path, model: Path) -> dict[str, Outcome]:
    with Colorizer(model) as colorizer:
        outcomes = list(colorizer.run(Job.plan(scans, scans.parent / "results", settle=SETTLE)))
    return {outcome.path.name: outcome for outcome in outcomes}


def test_a_scan_is_taken_when_it_has_not_changed_for_a_while(
    exports: dict[str, Path], scans: Path, scan: bytes, clock: Clock
) -> None:
    (scans / "a.jpg").write_bytes(scan)
    assert color(scans, exports["onnx"])["a.jpg"].status is Status.WAITING
    assert not list((scans.parent / "results").glob("*.jpg"))
    clock.seconds = SETTLE
    assert color(scans, exports["onnx"])["a.jpg"].how is How.LUMA_KEPT
    (scans / "b.jpg").write_bytes(scan)
    clock.seconds = 0
    outcomes = color(scans, exports["onnx"])
    assert {name: outcome.status for name, outcome in outcomes.items()} == {
        "a.jpg": Status.DONE,
        "b.jpg": Status.WAITING,
    }


def test_a_scan_without_its_end_waits_for_it_but_not_for_ever(
    exports: dict[str, Path], scans: Path, scan: bytes, clock: Clock
) -> None:
    for name in ("a.jpg", "b.jpg"):
        (scans / name).write_bytes(scan[: len(scan) * 3 // 4])
    clock.seconds = 10 * SETTLE
    assert {outcome.status for outcome in color(scans, exports["onnx"]).values()} == {Status.WAITING}
    with (scans / "a.jpg").open("ab") as file:
        file.write(scan[len(scan) * 3 // 4 :])
    clock.seconds = 20 * SETTLE
    outcomes = color(scans, exports["onnx"])
    assert (outcomes["a.jpg"].how, outcomes["b.jpg"].status) == (How.LUMA_KEPT, Status.WAITING)
    clock.seconds = GIVEN_UP
    left = color(scans, exports["onnx"])["b.jpg"]
    assert (left.status, bool(left.note)) == (Status.COLORED, True)


def test_a_time_to_come_is_no_reason_to_wait(scans: Path, scan: bytes, clock: Clock) -> None:
    (scans / "a.jpg").write_bytes(scan)
    next_year = time.time() + 365 * 86400
    os.utime(scans / "a.jpg", (next_year, next_year))
    assert may_still_be_written(Found(scans / "a.jpg"), SETTLE)
    clock.seconds = SETTLE
    assert not may_still_be_written(Found(scans / "a.jpg"), SETTLE)
    assert not may_still_be_written(Found(scans / "none.jpg"), SETTLE)


def test_an_object_is_there_whole(bucket: ObjectPath, scan: bytes) -> None:
    OBJECTS.write(bucket / "a.jpg", scan[:100])
    assert not may_still_be_written(Found(bucket / "a.jpg"), SETTLE)


def test_a_wrong_number_of_seconds_is_refused(scans: Path) -> None:
    for settle in (-1, float("nan"), "30"):
        with pytest.raises(UsageError, match="settle"):
            Job.plan(scans, scans.parent / "results", settle=settle)


def run_service(scans: Path, *options: object) -> Result:
    """The command of the systemd unit, with other folders."""
    (line,) = [line for line in SERVICE.read_text().splitlines() if line.startswith("ExecStart=")]
    _, source, results, *settings = shlex.split(line)
    assert (source, results) == ("/srv/scans", "/srv/results")
    return call("batch", scans, scans.parent / "results", *settings, *map(str, options))


def test_the_timer_meets_no_failure_in_a_folder_that_is_being_filled(
    exports: dict[str, Path], scans: Path, scan: bytes, clock: Clock
) -> None:
    model = ["--model", exports["onnx"]]
    assert run_service(scans, *model).exit_code == ExitCode.DONE
    (scans / ".hidden").write_bytes(b"")
    (scans / "Thumbs.db").write_bytes(b"")
    assert run_service(scans, *model).exit_code == ExitCode.DONE
    (scans / "a.jpg").write_bytes(scan[:1000])
    clock.seconds = 60
    assert run_service(scans, *model).exit_code == ExitCode.DONE
    assert not list((scans.parent / "results").glob("*.jpg"))
    (scans / "a.jpg").write_bytes(scan)
    clock.seconds = 120
    assert run_service(scans, *model).exit_code == ExitCode.DONE
    with Image.open(scans.parent / "results" / "colorized_a.jpg") as image:
        assert image.size == (300, 200)
    assert call("batch", scans / "none", scans.parent / "results", "--settle", "1").exit_code == 2
