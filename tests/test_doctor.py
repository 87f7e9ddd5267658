"""colorgan doctor says what is there, what is not, and what to do."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from colorgan import doctor
from colorgan.cli.main import main
from colorgan.errors import ModelError


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *arguments])


def verdicts(result: Result) -> set[tuple[str, str]]:
    """Verdict and name of each check."""
    return {(line[:8].strip(), line[8:25].strip()) for line in result.output.splitlines()}


def test_a_healthy_machine_is_told_so() -> None:
    result = call()
    assert result.exit_code == 0, result.output
    names = {name for _, name in verdicts(result)}
    assert {"colorgan", "packages", "onnxruntime", "codecs", "processors", "memory", "disk"} <= names
    assert {("ok", "runs on cpu"), ("ok", "main job")} <= verdicts(result)
    assert "\x1b[" not in result.output  # colors are for terminals


def test_colors_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[32mok" in CliRunner().invoke(main, ["doctor"], color=True).output
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in CliRunner().invoke(main, ["doctor"], color=True).output


def test_programs_read_it_as_json() -> None:
    document = json.loads(call("--json").output)
    assert document["healthy"] is True
    assert {check["verdict"] for check in document["checks"]} <= {"ok", "note"}
    assert all(set(check) == {"name", "verdict", "detail", "remedy"} for check in document["checks"])


@pytest.mark.parametrize("installed", [{"onnxruntime", "onnxruntime-gpu"}, set()], ids=["both", "none"])
def test_two_runtimes_or_none_are_a_problem_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, installed: set[str]
) -> None:
    monkeypatch.setattr(doctor, "version_of", lambda package: "1" if package in installed else "")
    result = call()
    assert result.exit_code == 1
    assert ("problem", "onnxruntime") in verdicts(result)
    assert "pip uninstall -y onnxruntime onnxruntime-gpu && pip install colorgan" in result.output


def test_a_driver_without_cuda_is_noted_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "has_cuda_driver", lambda: True)
    monkeypatch.setattr("colorgan.backends.onnx_session.has_cuda_driver", lambda: True)
    monkeypatch.setattr(doctor, "_loads", lambda library: "cudnn" not in library)
    monkeypatch.setattr("onnxruntime.cuda_version", "13.0", raising=False)
    monkeypatch.setattr("onnxruntime.preload_dlls", lambda: None)
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    result = call()
    assert result.exit_code == 0, result.output
    assert {("note", "CUDA libraries"), ("note", "runs on cuda")} <= verdicts(result)
    assert "cudnn.so.9" in result.output
    assert "pip install 'colorgan[cuda]'" in result.output


def test_a_model_that_cannot_be_opened_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **more: object) -> None:
        raise ModelError(Path("generator.onnx"), "there is no such model file")

    monkeypatch.setattr("colorgan.colorizer.load_model", fail)
    result = call()
    assert result.exit_code == 1
    assert ("problem", "main job") in verdicts(result)
    assert "generator.onnx" in result.output
