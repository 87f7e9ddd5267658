"""The modes of colorgan-export refuse each other's options, before anything is read (fault 40)."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from colorgan.cli.export import main


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("--inspect a.onnx --format onnx", ("--inspect", "--format")),
        ("--inspect a.onnx --opset 18", ("--inspect", "--opset")),
        ("--inspect a.onnx --against best.pt", ("--inspect", "--against")),
        ("--inspect a.onnx --verify a.onnx", ("--inspect", "--verify")),
        ("--inspect a.onnx best.pt", ("--inspect", "CHECKPOINT")),
        ("--inspect a.onnx --verify-on photos", ("--inspect", "--verify-on")),
        ("--verify a.onnx --half-weights", ("--verify", "--half-weights")),
        ("--verify a.onnx --output out", ("--verify", "--output")),
        ("--verify a.onnx --license MIT", ("--verify", "--license")),
        ("--verify a.onnx --model-card card.md", ("--verify", "--model-card")),
        ("--verify a.onnx --calibration photos", ("--verify", "--calibration")),
        ("--verify a.onnx best.pt --against best.pt", ("CHECKPOINT", "--against")),
        ("best.pt --against best.pt", ("--verify", "--against")),
        ("best.pt --calibration photos", ("--calibration", "int8")),
    ],
)
def test_an_option_that_would_be_ignored_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, named: tuple[str, str]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, arguments.split())
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert set(named) <= set(result.stderr.replace(";", " ").split())


@pytest.mark.parametrize(
    "arguments",
    [
        "--inspect gone.onnx",
        "--verify gone.onnx best.pt --verify-on x",
        "--verify gone.onnx --against best.pt",
    ],
)
def test_what_goes_together_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, arguments.split())
    assert result.exit_code == 2
    assert "gone.onnx" in result.stderr
