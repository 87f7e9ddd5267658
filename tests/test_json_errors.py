"""A command with --json that cannot begin or has to stop says so on standard output, with its code."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import Result
from commands import call
from conftest import job_into

from colorgan import ExitCode
from colorgan.batch.manifest import Manifest
from colorgan.devices import has_cuda_driver


def last_event(result: Result) -> dict[str, object]:
    *files, last = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(event["event"] == "file" for event in files)
    assert isinstance(last, dict)
    return last


def assert_error(result: Result, code: ExitCode) -> None:
    event = last_event(result)
    assert result.exit_code == code
    assert (event["event"], event["exit_code"]) == ("error", code)
    assert str(event["error"]) in result.stderr


WRONG = [
    ["batch", "photos"],
    ["batch", "photos", "results", "--quality", "bad"],
    ["batch", "photos", "results", "--format", "psd"],
    ["batch", "photos", "results", "--none"],
    ["batch", "nowhere", "results"],
    ["batch", "photos", "results", "--model", "nowhere"],
    ["batch", "photos", "results", "--devices", "x"],
    ["batch", "photos", "ftp://host/results"],
    ["status"],
    ["status", "nowhere"],
    ["restore", "nowhere", "originals"],
    ["report", "nowhere"],
    ["doctor", "--none"],
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_wrong_usage_is_an_event(words: list[str], photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(photos.parent)
    assert_error(call(words[0], "--json", *words[1:]), ExitCode.WRONG_USAGE)
    assert call(*words).stdout == ""


@pytest.mark.skipif(has_cuda_driver(), reason="there may be a CUDA device")
def test_a_device_that_is_not_there_is_an_event(photos: Path, tmp_path: Path) -> None:
    result = call("batch", photos, tmp_path / "results", "--json", "--device", "cuda")
    assert_error(result, ExitCode.NO_DEVICE)


def test_a_folder_in_use_is_an_event(photos: Path, tmp_path: Path) -> None:
    with Manifest.open(job_into(tmp_path / "results")):
        result = call("batch", photos, tmp_path / "results", "--json")
    assert_error(result, ExitCode.IN_USE)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (OSError(28, "No space left on device"), ExitCode.RUN_STOPPED),
        (KeyError("bug"), ExitCode.INTERNAL_ERROR),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
    ],
    ids=["disk full", "bug", "Ctrl-C"],
)
def test_a_run_that_has_to_stop_ends_with_an_event(
    fault: BaseException, code: ExitCode, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> NoReturn:
        raise fault

    monkeypatch.setattr("colorgan.batch.manifest_store.LocalManifests.add", fail)
    assert_error(call("batch", photos, tmp_path / "results", "--json"), code)


def test_every_command_ends_with_a_summary_that_has_its_code(photos: Path, tmp_path: Path) -> None:
    (photos / "bad.jpg").write_bytes(b"no")
    results, originals = tmp_path / "results", tmp_path / "originals"
    for words, code in (
        (["batch", photos, results, "--dry-run"], ExitCode.DONE),
        (["batch", photos, results], ExitCode.SOME_FAILED),
        (["status", results, photos], ExitCode.SOME_FAILED),
        (["restore", results, originals], ExitCode.DONE),
    ):
        result = call(*map(str, words), "--json")
        event = last_event_of_any(result)
        assert (event["event"], event["exit_code"], result.exit_code) == ("summary", code, code), words
    report = call("report", results, "--json")
    assert [json.loads(line)["event"] for line in report.stdout.splitlines()] == ["report", "summary"]


def last_event_of_any(result: Result) -> dict[str, object]:
    event = json.loads(result.stdout.splitlines()[-1])
    assert isinstance(event, dict)
    return event


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_before_anything_is_imported_is_an_event(tmp_path: Path) -> None:
    slow = "import sys, time\nprint('importing', file=sys.stderr, flush=True)\ntime.sleep(600)\n"
    (tmp_path / "click.py").write_text(slow)
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    code = "from colorgan.cli.start import colorgan; colorgan()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "status", "x", "--json"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "importing\n"
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED
    assert json.loads(said) == {"event": "error", "error": "interrupted", "exit_code": 130}
