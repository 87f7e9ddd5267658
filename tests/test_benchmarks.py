"""The benchmarks measure what they say, and say what they could not measure."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from conftest import MakePhoto, to_tensor

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))  # at the end: colorgan itself is the one that is installed

from benchmarks import ablation, backends, batching, compare, end_to_end, manifests, plots, report, scaling  # noqa: E402
from benchmarks.corpora import CORPORA, Corpus, to_png, to_tiff, tone  # noqa: E402
from benchmarks.measure import Timing, measure  # noqa: E402


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for what would go to benchmarks/results/."""
    for module in (report, plots):
        monkeypatch.setattr(module, "RESULTS", tmp_path / "results")
    return tmp_path / "results"


@pytest.fixture
def photos(tmp_path: Path, make_photo: MakePhoto) -> Path:
    (tmp_path / "photos").mkdir()
    for seed in range(2):
        make_photo(96, 64, "RGB", seed).save(tmp_path / f"photos/{seed}.png")
    return tmp_path / "photos"


def call(command: Any, *words: object) -> str:
    result = CliRunner().invoke(command, list(map(str, words)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_median_is_steady_when_its_interval_is_narrow() -> None:
    assert Timing([1.0] * 5).is_steady
    assert not Timing([1.0] * 4).is_steady
    assert not Timing([1.0, 1.0, 1.5, 2.0, 2.0]).is_steady
    timing = Timing([1.0, 2.0, 3.0, 4.0, 5.0])
    assert timing.median == 3
    assert timing.margin == pytest.approx(1.57 * 2 / 5**0.5)


def test_contenders_take_turns_until_all_are_steady() -> None:
    calls: list[str] = []
    measure({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3)
    assert calls == ["a", "b"] * 4  # one to warm up
    timings = measure({"a": lambda: None}, 50, until=0)
    assert len(timings["a"].seconds) == 1


def test_lumas_of_one_shape_go_to_the_device_in_batches() -> None:
    lumas = [np.full((2, side), number, np.uint8) for number, side in enumerate([3, 4, 3, 3])]
    batches = end_to_end.in_batches(lumas, 2)
    assert [batch.shape for batch in batches] == [(2, 1, 2, 3), (1, 1, 2, 3), (1, 1, 2, 4)]
    assert [batch[:, 0, 0, 0].tolist() for batch in batches] == [[0, 2], [3], [1]]


def write(path: Path, seconds: dict[str, list[float]], processor: str = "P") -> Path:
    rows = [
        {"contender": name, "size": 96, "batch_size": 1, "seconds": each} for name, each in seconds.items()
    ]
    path.write_text(json.dumps({"rows": rows, "machine": {"processor": processor}}))
    return path


def test_only_what_is_slower_beyond_the_noise_is_named(tmp_path: Path) -> None:
    steady, noisy = [1.0, 1.0, 1.01, 1.0, 1.0], [0.7, 1.0, 1.4, 1.1, 0.8]
    old = write(tmp_path / "old.json", {"a": steady, "b": noisy, "c": steady, "gone": steady})
    slower = [1.2 * each for each in steady]
    new = write(tmp_path / "new.json", {"a": slower, "b": [1.1 * each for each in noisy], "c": [0.5] * 5})
    result = CliRunner().invoke(compare.main, [str(old), str(new)])
    assert result.exit_code == 1
    *rows, left = result.output.splitlines()
    verdicts = {row.split()[-3]: tuple(row.split()[:2]) for row in rows}
    assert verdicts == {"a,": ("slower", "1.20"), "b,": ("same", "1.10"), "c,": ("faster", "0.50")}
    assert left.endswith("gone, 96, 1")
    assert CliRunner().invoke(compare.main, [str(old), str(old)]).exit_code == 0
    other = write(tmp_path / "other.json", {"a": steady}, "Q")
    assert CliRunner().invoke(compare.main, [str(old), str(other)]).exit_code == 2


@pytest.mark.slow
def test_backends_are_compared_and_what_cannot_be_is_listed(checkpoint: Path, results: Path) -> None:
    only = "onnxruntime, fp32;TorchScript, fp32"
    words = (
        checkpoint,
        "--sizes",
        "32,4096",
        "--batch-sizes",
        "2",
        "--rounds",
        1,
        "--only",
        only,
        "--memory",
        0.01,
    )
    output = call(backends.main, *words)
    assert re.search(r"4096 px.* 6\.4 GB", output)
    found = json.loads((results / "backends.json").read_text())
    assert {row["contender"] for row in found["rows"]} == {"PyTorch eager, fp32", *only.split(";")}
    for row in found["rows"]:
        assert row["ciede2000"] < 0.5
        assert row["cold_start"]["seconds"] > 0
        assert row["cold_start"]["megabytes"] > 20
        assert not row["steady"]  # of a single round
    assert found["skipped"]
    assert found["machine"]["python"]


def test_a_contender_of_other_colors_has_no_rank() -> None:
    row = {
        "contender": "x",
        "runs_on": "y",
        "size": 8,
        "batch_size": 1,
        "median": 0.5,
        "p95": 0.6,
        "margin": 0.01,
    }
    row |= {"steady": True, "cold_start": {"problem": "no"}, "ciede2000": 1.5}
    assert backends.shown(1, row) == "| differs | x | y | 8 | 1 | 2.0 (±2%) | 500.0 | 600.0 | no |  | 1.500 |"


@pytest.mark.parametrize("convert", [tone, to_png, to_tiff])
def test_the_engine_is_compared_with_its_limits_and_a_loop(
    photos: Path, results: Path, monkeypatch: pytest.MonkeyPatch, convert: Any
) -> None:
    monkeypatch.setitem(CORPORA, "tiny", Corpus({0.01: 2, 0.02: 1}, convert))
    output = call(end_to_end.main, photos, "--only", "tiny", "--rounds", 1)
    assert "| tiny | " in output
    (row,) = json.loads((results / "end_to_end.json").read_text())["rows"]
    assert row["files"] == 3
    assert set(row["images_per_second"]) == {"colorgan", "loop", "model", "decode", "write"}
    assert 0 < row["share_of_the_least_limit"] < 2
    assert sum(row["stage_shares"].values()) == pytest.approx(1)


@pytest.mark.skipif(sys.platform == "win32", reason="wait4 is of POSIX")
def test_scaling_runs_the_command(photos: Path, results: Path) -> None:
    output = call(scaling.main, photos, "--only", "files", "--files", "3")
    assert "| files | 3 | 3 | " in output
    (row,) = json.loads((results / "scaling.json").read_text())["rows"]
    assert row["megabytes"] > 20


def test_batching_is_simulated_with_the_threads_and_batches_of_the_engine(results: Path) -> None:
    output = call(batching.main, "--shapes", "1,3", "--photographs", 100, "--slower", 0.1)
    assert "| 2 and a rare one | " in output
    rows = json.loads((results / "batching.json").read_text())["rows"]
    assert [(row["shapes"], row["rare"]) for row in rows] == [(1, False), (3, False), (3, True)]
    assert all(row["images_per_batch"] >= 1 for row in rows)


def test_manifests_are_measured_without_a_photograph(results: Path) -> None:
    output = call(manifests.main, "--entries", "200", "--list", "50", "--objects", "300")
    assert "\n| 200 | " in output
    assert re.search(r"\b300\b", output)
    (row,) = json.loads((results / "manifests.json").read_text())["rows"]
    assert row["megabytes"] > 0.02
    assert row["list"] > 0


def test_ways_to_train_are_compared_on_photographs_held_out(photos: Path, results: Path) -> None:
    words = ["--size", 32, "--epochs", 1, "--batch-size", 1, "--base-channels", 4]
    output = call(ablation.main, photos, *words, "--only", "L1;L1 + GAN;rgb head")
    assert "| L1 + GAN | 1 | " in output
    found = json.loads((results / "ablation.json").read_text())
    assert [row["variant"] for row in found["rows"]] == ["L1", "L1 + GAN", "rgb head"]
    for row in found["rows"]:
        ratios = [point["colorfulness_ratio"] for point in row["clean"]]
        assert ratios == sorted(ratios)
        assert row["aged"] != row["clean"]
        assert row["colorless_ciede2000"] > 1


def test_a_generator_that_knows_the_truth_is_no_distance_from_it(make_photo: MakePhoto) -> None:
    rgb = to_tensor(make_photo(64, 64, "RGB")) / 2 + 0.5
    found = ablation.compare(Oracle(2 * rgb - 1), rgb)  # type: ignore[arg-type]
    assert found["clean"][0]["ciede2000"] < 0.2
    assert found["clean"][0]["colorfulness_ratio"] == pytest.approx(1, abs=0.01)
    assert found["clean"][-1]["ciede2000"] > 3


class Oracle(torch.nn.Module):
    def __init__(self, truth: torch.Tensor) -> None:
        super().__init__()
        self.truth = torch.nn.Parameter(truth)

    def forward(self, gray: torch.Tensor) -> torch.Tensor:
        assert gray.shape[2:] == self.truth.shape[2:]
        return self.truth


def test_plots_are_drawn_of_the_results_that_are_committed(results: Path) -> None:
    results.mkdir()
    for path in (ROOT / "benchmarks/results").glob("*.json"):
        (results / path.name).write_text(path.read_text())
    plots.main()
    assert {path.stem for path in results.glob("*.png")} == {"ablation", "backends", "end_to_end", "scaling"}
