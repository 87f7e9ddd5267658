"""A run is saved whole, however it ends, and goes on as if it had not stopped."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from conftest import MakePhoto
from training_runs import assert_same, command, go, make_run, resumed, wait_for_a_checkpoint

from colorgan.errors import ModelError
from colorgan.networks.checkpoint import build_generator, load_checkpoint, save_checkpoint


@pytest.mark.parametrize("steps", [1, 3, 4])
def test_a_run_stopped_at_any_step_ends_with_the_same_weights(
    photo_folder: Path, tmp_path: Path, steps: int
) -> None:
    settings: dict[str, Any] = {"epochs": 4, "warmup_epochs": 1, "schedule": "cosine", "aging": 0.5}
    settings |= {"accumulate": 2, "batch_size": 2}
    go(whole := make_run(photo_folder, tmp_path / "whole", **settings))
    go(make_run(photo_folder, tmp_path / "parts", **settings), steps)
    again = resumed(photo_folder, tmp_path / "parts", **settings, workers=1)  # which changes nothing
    assert again.trainer.step == steps
    go(again)
    assert_same(whole.trainer.state(), again.trainer.state())
    figures = [
        (tmp_path / name / "metrics.jsonl").read_text().splitlines()[-1] for name in ("whole", "parts")
    ]
    assert figures[0] == figures[1]


def test_what_was_noted_after_the_checkpoint_goes_when_a_run_goes_on(
    photo_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    go(make_run(photo_folder, out, epochs=2), steps=2)
    with (out / "metrics.jsonl").open("a") as file:
        file.write('{"step": 3, "group": "training", "l1": 7}\n{"step": 4, "gro')  # killed while writing
    go(resumed(photo_folder, out, epochs=2))
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    steps = [line["step"] for line in lines if line["group"] != "speed"]
    assert steps == [2, 2, 4, 4]
    assert '"l1": 7' not in (out / "metrics.jsonl").read_text()


def test_other_photographs_than_before_are_pointed_out(
    photo_folder: Path, tmp_path: Path, make_photo: MakePhoto
) -> None:
    go(make_run(photo_folder, tmp_path / "out", epochs=1))
    make_photo(50, 50, "RGB", 99).save(photo_folder / "new.png")
    said: list[str] = []
    run = make_run(photo_folder, tmp_path / "out", said, epochs=2)
    run.resume(tmp_path / "out/last.pt", load_checkpoint(tmp_path / "out/last.pt"))
    assert len(said) == 1


def test_a_checkpoint_that_does_not_fit_cannot_be_resumed_from(
    photo_folder: Path, checkpoint: Path, tmp_path: Path
) -> None:
    run = make_run(photo_folder, tmp_path / "out")
    with pytest.raises(ModelError, match=r"best\.pt"):
        run.resume(checkpoint, load_checkpoint(checkpoint))


def test_a_failed_save_keeps_the_old_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    path.write_bytes(checkpoint.read_bytes())
    with pytest.raises(AttributeError):
        save_checkpoint(path, {"generator": lambda: None})
    build_generator(path, load_checkpoint(path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.pt"]


def test_a_checkpoint_of_another_version_or_architecture_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    state = load_checkpoint(checkpoint)
    torch.save(state | {"format_version": 99}, tmp_path / "new.pt")
    with pytest.raises(ModelError, match=r"new\.pt.* 99\b"):
        load_checkpoint(tmp_path / "new.pt")
    with pytest.raises(ModelError, match=r"best\.pt"):
        build_generator(checkpoint, state | {"generator_config": {"base_channels": 8, "head": "chroma"}})


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_a_run_that_is_told_to_stop_or_killed_goes_on(photo_folder: Path, tmp_path: Path, how: str) -> None:
    options = ("--epochs", "400", "--save-minutes", "0.02")
    process = subprocess.Popen(
        [sys.executable, *command(photo_folder, tmp_path / "out", *options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_for_a_checkpoint(tmp_path / "out", process)
    process.send_signal(getattr(signal, how))
    output, _ = process.communicate(timeout=300)
    step = load_checkpoint(tmp_path / "out/last.pt")["step"]
    if how != "SIGKILL":
        assert process.returncode == 130, output
        assert re.search(rf"\b{step}\b.*--resume", output.splitlines()[-1])
    assert "Traceback" not in output
    epochs = str(step // 4 + 2)
    again = command(photo_folder, tmp_path / "out", "--resume", "--epochs", epochs)
    subprocess.run([sys.executable, *again], check=True, capture_output=True)
    assert load_checkpoint(tmp_path / "out/last.pt")["step"] == 4 * int(epochs)


def start(photos: Path, out: Path) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """A run that leads a process group, as soon as it has saved a checkpoint; and its workers."""
    process = subprocess.Popen(
        [sys.executable, *command(photos, out, "--epochs", "400", "--save-minutes", "0.02")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for_a_checkpoint(out, process)
    return process, psutil.Process(process.pid).children(recursive=True)


@pytest.mark.skipif(os.name != "posix", reason="process groups of POSIX")
@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT"])
def test_a_signal_to_the_process_group_ends_a_run_as_one_to_the_trainer(
    photo_folder: Path, tmp_path: Path, how: str
) -> None:
    process, workers = start(photo_folder, tmp_path / "out")
    os.killpg(process.pid, getattr(signal, how))
    _, shown = process.communicate(timeout=300)
    assert process.returncode == 130, shown
    assert "Traceback" not in shown
    step = load_checkpoint(tmp_path / "out/last.pt")["step"]
    assert re.search(rf"\b{step}\b.*--resume", shown.splitlines()[-1])
    assert len(workers) == 1
    assert psutil.wait_procs(workers, timeout=60)[1] == []


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_worker_that_is_killed_ends_the_run_in_one_line(photo_folder: Path, tmp_path: Path) -> None:
    process, (worker,) = start(photo_folder, tmp_path / "out")
    worker.kill()
    _, shown = process.communicate(timeout=300)
    assert process.returncode == 4, shown
    assert "Traceback" not in shown
    assert str(worker.pid) in shown.splitlines()[-1]
    assert load_checkpoint(tmp_path / "out/last.pt")["step"]
