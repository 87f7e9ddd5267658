"""Training in several processes, as torchrun starts them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from training_runs import command, wait_for_a_checkpoint

from colorgan.training.photographs import Photograph
from colorgan.training.validation import share

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="gloo over the loopback device")
SEVEN = [Photograph(Path(f"{number}.png")) for number in range(7)]


def of_group(folder: Path, group: str, *names: str) -> list[list[float]]:
    """Figures of these names that a run has noted, line by line."""
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [[line[name] for name in names if name in line] for line in lines if line["group"] == group]


def test_two_processes_learn_as_one_that_gathers_two_batches(photo_folder: Path, tmp_path: Path) -> None:
    """Fault 39: they share validations, too, and one of them speaks."""
    one, two = tmp_path / "one", tmp_path / "two"
    alone = command(photo_folder, one, "--epochs", "3", "--warmup-epochs", "1", "--accumulate", "2")
    both = command(photo_folder, two, "--epochs", "3", "--warmup-epochs", "1")
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, *alone], check=True, capture_output=True, env=environment)
    launch = [*["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"], *both]
    done = subprocess.run([sys.executable, *launch], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    curves = [of_group(folder, "training", "generator", "l1", "discriminator") for folder in (one, two)]
    assert [len(line) for line in curves[0]] == [2, 3, 3]
    for line, other in zip(*curves, strict=True):
        assert line == pytest.approx(other, rel=1e-4)
    # Of the statistics of batch norms, those of the first process are kept: it has seen half of the batches.
    validations = [of_group(folder, "validation", "ciede2000") for folder in (one, two)]
    for line, other in zip(*validations, strict=True):
        assert line == pytest.approx(other, rel=0.05)
    shown = done.stdout + done.stderr
    assert [len(re.findall(rf"epoch {number}\b", shown)) for number in (1, 2, 3)] == [1, 1, 1]


def test_each_photograph_is_validated_by_one_process_and_the_first_ones_by_the_first() -> None:
    """Fault 39."""
    for count in (1, 2, 3, 8):
        shares = [share(SEVEN, number, count) for number in range(count)]
        assert [each for some in shares for each in some] == SEVEN
        assert SEVEN[0] in shares[0]
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_processes_that_are_told_to_stop_save_and_stop_together(photo_folder: Path, tmp_path: Path) -> None:
    """Fault 39: they agree on it every few steps only."""
    words = command(photo_folder, tmp_path / "out", "--epochs", "100000")
    launch = [*["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"], *words]
    process = subprocess.Popen(
        [sys.executable, *launch],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    wait_for_a_checkpoint(tmp_path / "out", process)
    children = psutil.Process(process.pid).children()
    (one, *_) = [child for child in children if "train" in child.cmdline()]
    one.terminate()
    _, shown = process.communicate(timeout=300)
    assert len(re.findall("^Stopped: ", shown, re.M)) == 1, shown
    assert "Traceback (most recent call last)" not in shown.partition("torch/distributed")[0], shown
