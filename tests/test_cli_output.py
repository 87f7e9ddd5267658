"""What commands print: JSON alone on standard output, nothing with --quiet, every file with --verbose."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import MakePhoto

from colorgan import ExitCode, How, Status
from colorgan.cli.main import main


def call(*words: object) -> Result:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


@pytest.fixture
def batch(exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path) -> list[object]:
    """The command to color a good file, a bad one and one of another kind, in a folder."""
    (tmp_path / "photos").mkdir()
    make_photo().save(tmp_path / "photos/a.jpg")
    (tmp_path / "photos/b.jpg").write_bytes(b"no")
    (tmp_path / "photos/c.psd").write_bytes(b"?")
    return ["batch", tmp_path / "photos", tmp_path / "results", "--model", exports["onnx"]]


def events(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_json_is_alone_on_standard_output(batch: list[object], tmp_path: Path) -> None:
    result = call(*batch, "--json", "--report")
    assert result.exit_code == ExitCode.SOME_FAILED
    *files, report, summary = events(result)
    assert {file["path"]: file["status"] for file in files} == {
        "a.jpg": "colored",
        "b.jpg": "failed",
        "c.psd": "not_read",
    }
    assert report == {"event": "report", "path": str(tmp_path / "results/report/index.html")}
    assert (summary["event"], summary["exit_code"]) == ("summary", 1)
    assert summary["counts"] == {"colored": 1, "failed": 1, "not_read": 1}
    assert result.stderr

    assert events(call(*batch, "--json", "--dry-run"))[-1]["to_do"] == 1
    for words in (
        ["status", tmp_path / "results"],
        ["status", tmp_path / "results", tmp_path / "photos"],
        ["restore", tmp_path / "results", tmp_path / "originals"],
        ["report", tmp_path / "results"],
    ):
        said = call(*words, "--json")
        assert events(said), words
        assert said.stderr


def test_quiet_prints_what_is_wrong_alone(batch: list[object], tmp_path: Path) -> None:
    result = call(*batch, "--quiet")
    assert result.stdout == ""
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["Failed"]
    assert call("restore", tmp_path / "results", tmp_path / "originals", "--quiet").output == ""
    assert call("report", tmp_path / "results", "--quiet").output == ""


def test_quiet_prints_nothing_of_a_dry_run(batch: list[object]) -> None:
    assert call(*batch, "--quiet", "--dry-run").output == ""
    assert call(*batch, "--dry-run").stdout == "a.jpg\nb.jpg\n"


def test_the_docs_have_every_code_of_events() -> None:
    text = (Path(__file__).parents[1] / "docs" / "operate.md").read_text()
    codes = [*Status, *filter(None, How), "to_do"]
    assert not [code for code in codes if f"`{code}`" not in text]


def test_verbose_tells_of_every_file(batch: list[object]) -> None:
    lines = call(*batch, "--verbose").stderr.splitlines()
    assert any(line.startswith(f"a.jpg: {Status.COLORED}") for line in lines)
    assert any(line.startswith(f"b.jpg: {Status.FAILED}") for line in lines)
    assert any(line.startswith("c.psd: ") and line.endswith("; Photoshop") for line in lines)


def test_the_docs_promise_every_exit_code() -> None:
    text = (Path(__file__).parents[1] / "docs" / "operate.md").read_text()
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)] == list(ExitCode)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("entry", [["-m", "colorgan.cli.main", "status", "x"], ["-c", "status"]])
def test_ctrl_c_before_anything_is_imported_is_one_line(tmp_path: Path, entry: list[str]) -> None:
    """Fault 33: here, the first import never ends."""
    (tmp_path / "click.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(60)\n")
    if entry == ["-c", "status"]:
        entry = ["-c", "from colorgan.cli.start import colorgan; colorgan()"]
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    with subprocess.Popen(
        [sys.executable, *entry],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED
    assert said.count("\n") == 1
    assert "Traceback" not in said
