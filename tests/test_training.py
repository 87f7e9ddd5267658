"""A run learns, is saved whole, and goes on as if it had not stopped."""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from conftest import MakePhoto
from PIL import Image

import colorgan
from colorgan.config import GeneratorConfig, TrainingConfig
from colorgan.errors import ModelError, RunError, UsageError
from colorgan.networks.checkpoint import build_generator, load_checkpoint, save_checkpoint
from colorgan.training.log import RunLog
from colorgan.training.monitor import PATIENCE, CollapseWatch
from colorgan.training.photographs import find_photographs, fingerprint, split
from colorgan.training.run import Run, rehearse
from colorgan.training.trainer import Trainer

TINY = GeneratorConfig(base_channels=4)
SMALL: dict[str, Any] = {"size": 32, "batch_size": 4, "workers": 0, "save_every": 1}


def make_run(photos: Path, folder: Path, said: list[str] | None = None, **settings: Any) -> Run:
    config = TrainingConfig(**SMALL | settings)
    training, validation = split(find_photographs(photos), 2, seed=0)
    folder.mkdir(exist_ok=True)
    say = (said if said is not None else []).append
    return Run(Trainer(config, TINY, training), validation, fingerprint(training, photos), folder, say)


def go(run: Run, steps: int = 10**9) -> list[dict[str, float]]:
    """Train to the end or for so many steps; give the figures of each."""
    figures: list[dict[str, float]] = []
    stop = Event()

    def on_step(scalars: dict[str, torch.Tensor]) -> None:
        figures.append({name: value.item() for name, value in scalars.items()})
        if len(figures) == steps:
            stop.set()

    run.go(stop, on_step)
    return figures


def resumed(photos: Path, folder: Path, **settings: Any) -> Run:
    run = make_run(photos, folder, **settings)
    run.resume(folder / "last.pt", load_checkpoint(folder / "last.pt"))
    return run


def assert_same(one: Any, other: Any) -> None:
    """Both are of the same values, bit for bit."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, (list, tuple)):
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)
    else:
        assert one == other


def test_l1_falls(photo_folder: Path, tmp_path: Path) -> None:
    figures = go(make_run(photo_folder, tmp_path / "out", epochs=25, learning_rate=2e-3, save_every=25))
    l1 = [step["l1"] for step in figures]
    assert sum(l1[-5:]) < 0.7 * sum(l1[:5])


def test_a_step_updates_both_networks(photo_folder: Path) -> None:
    training, _ = split(find_photographs(photo_folder), 2, seed=0)
    trainer = Trainer(TrainingConfig(**SMALL), TINY, training)
    networks = (trainer.generator, trainer.discriminator)
    before = [weight.clone() for network in networks for weight in network.parameters()]
    losses = next(trainer.steps())
    after = [weight for network in networks for weight in network.parameters()]
    assert all(not torch.equal(old, new) for old, new in zip(before, after, strict=True))
    assert losses["generator"] > 100 * losses["l1"]  # the adversarial loss is in it
    assert losses["discriminator"] > 0
    assert 0 <= losses["accuracy"] <= 1


def test_the_discriminator_waits_for_the_warmup_to_end(photo_folder: Path, tmp_path: Path) -> None:
    run = make_run(photo_folder, tmp_path / "out", epochs=2, warmup_epochs=1)
    before = {name: weight.clone() for name, weight in run.trainer.discriminator.state_dict().items()}
    first, second, third, _ = go(run)
    assert "discriminator" not in first
    assert "discriminator" not in second
    assert "discriminator" in third
    go(early := make_run(photo_folder, tmp_path / "early", epochs=2, warmup_epochs=1), steps=2)
    assert_same(early.trainer.discriminator.state_dict(), before)


def test_checkpoints_figures_and_samples_are_written(photo_folder: Path, tmp_path: Path) -> None:
    go(make_run(photo_folder, tmp_path / "models", epochs=3, save_every=2))
    names = {path.name for path in (tmp_path / "models").iterdir()}
    saved = {"step_00000004.pt", "step_00000006.pt", "last.pt", "best.pt"}
    assert names == saved | {"samples", "metrics.jsonl", "tensorboard"}
    assert load_checkpoint(tmp_path / "models/last.pt")["step"] == 6
    with Image.open(tmp_path / "models/samples/step_00000006.png") as grid:
        assert grid.width == 3 * 34 + 2  # gray, predicted, true
    lines = [json.loads(line) for line in (tmp_path / "models/metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if line["group"] == "training"] == [2, 4, 6]
    validated = next(line for line in lines if line["group"] == "validation")
    assert validated["ciede2000"] > 0
    assert validated["psnr"] > 0
    assert 0 < validated["ssim"] <= 1
    assert list((tmp_path / "models/tensorboard").iterdir())


def test_the_latest_checkpoints_and_the_best_are_kept(photo_folder: Path, tmp_path: Path) -> None:
    said: list[str] = []
    run = make_run(photo_folder, tmp_path / "out", said, epochs=5, learning_rate=5e-2, keep=2)
    go(run)
    assert len(list((tmp_path / "out").glob("step_*.pt"))) == 2
    lines = [json.loads(line) for line in (tmp_path / "out/metrics.jsonl").read_text().splitlines()]
    validated = [line for line in lines if line["group"] == "validation"]
    assert len(validated) == 5
    least = min(validated, key=lambda line: line["ciede2000"])
    assert load_checkpoint(tmp_path / "out/best.pt")["step"] == least["step"]
    assert sum(line.startswith("validation: L1 ") for line in said) == 5


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
    assert said == ["The photographs are not those that this run began with: it goes on with these."]


def test_a_checkpoint_that_does_not_fit_cannot_be_resumed_from(
    photo_folder: Path, checkpoint: Path, tmp_path: Path
) -> None:
    run = make_run(photo_folder, tmp_path / "out")
    with pytest.raises(ModelError, match="cannot be resumed from"):
        run.resume(checkpoint, load_checkpoint(checkpoint))


def test_the_mean_generator_follows_the_weights(photo_folder: Path, tmp_path: Path) -> None:
    go(run := make_run(photo_folder, tmp_path / "out", epochs=2))
    state = load_checkpoint(tmp_path / "out/last.pt")
    name = "head.weight"
    assert not torch.equal(state["mean_generator"][name], state["generator"][name])
    exported = build_generator(tmp_path / "out/last.pt", state)
    assert torch.equal(exported.state_dict()[name], state["mean_generator"][name])
    go(run := make_run(photo_folder, tmp_path / "none", epochs=1, ema=0.0))
    assert_same(run.trainer.mean_generator.state_dict(), run.trainer.generator.state_dict())


@pytest.mark.parametrize(
    "settings",
    [
        {"discriminator": "patch", "label_smoothing": 0.1},
        {"chroma_weight": 5.0, "aging": 1.0},
        {"precision": "bf16"},
    ],
    ids=str,
)
def test_each_part_of_the_recipe_trains(photo_folder: Path, tmp_path: Path, settings: dict[str, Any]) -> None:
    figures = go(make_run(photo_folder, tmp_path / "out", epochs=4, learning_rate=2e-3, **settings))
    assert figures[-1]["l1"] < figures[0]["l1"]


def test_saving_memory_changes_no_loss(photo_folder: Path, tmp_path: Path) -> None:
    plain = go(make_run(photo_folder, tmp_path / "plain", epochs=2))
    saving = go(make_run(photo_folder, tmp_path / "saving", epochs=2, save_memory=True))
    assert plain == saving


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # the compiler's
def test_compiled_networks_learn_the_same(photo_folder: Path, tmp_path: Path) -> None:
    plain = go(make_run(photo_folder, tmp_path / "plain", epochs=1, save_every=2))
    compiled = make_run(photo_folder, tmp_path / "compiled", epochs=1, compile=True)
    for one, other in zip(plain, go(compiled), strict=True):
        assert one["l1"] == pytest.approx(other["l1"], rel=1e-3)
    assert not [name for name in compiled.trainer.state()["generator"] if "orig_mod" in name]


def test_the_cosine_schedule_ends_at_nothing(photo_folder: Path, tmp_path: Path) -> None:
    run = make_run(photo_folder, tmp_path / "out", epochs=4, schedule="cosine", learning_rate=1.0)
    rates = []
    run.go(Event(), lambda _: rates.append(run.trainer.generator_optimizer.param_groups[0]["lr"]))
    assert rates[0] == 1
    assert rates[4] == pytest.approx(0.5)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.05


@pytest.mark.parametrize("steps", [1, 10])
def test_a_loss_that_is_no_number_ends_the_run_and_is_not_saved(
    photo_folder: Path, tmp_path: Path, steps: int
) -> None:
    run = make_run(photo_folder, tmp_path / "out", epochs=3)
    with torch.no_grad():
        next(run.trainer.generator.head.parameters()).fill_(float("nan"))
    with pytest.raises(RunError, match="no longer a number; resume with a lower --learning-rate"):
        go(run, steps)
    assert not list((tmp_path / "out").glob("*.pt"))


def test_a_rehearsal_says_what_the_run_would_take(photo_folder: Path, tmp_path: Path) -> None:
    run = make_run(photo_folder, tmp_path / "out", epochs=50)
    assert "a step of 4 images: " in (line := rehearse(run.trainer))
    assert "; 100 steps: about " in line
    assert not list((tmp_path / "out").iterdir())


def test_unreadable_photographs_are_replaced_noted_and_named(photo_folder: Path, tmp_path: Path) -> None:
    (photo_folder / "00002.png").unlink()
    (photo_folder / "00002.png").symlink_to("nowhere.png")
    (photo_folder / "00003.png").write_bytes(b"not an image")
    data = (photo_folder / "00004.png").read_bytes()
    (photo_folder / "00004.png").write_bytes(data[: len(data) // 2])
    run = make_run(photo_folder, tmp_path / "out", epochs=1)
    assert len(go(run)) == 2
    assert len(run.trainer.unreadable) == 3
    assert "00003.png: is not an image that can be read" in (tmp_path / "out/metrics.jsonl").read_text()


@pytest.mark.parametrize("workers", [0, 1])
def test_nothing_but_unreadable_photographs_is_an_error(tmp_path: Path, workers: int) -> None:
    (tmp_path / "data").mkdir()
    for number in range(4):
        (tmp_path / "data" / f"{number}.jpg").write_bytes(b"no")
    with pytest.raises(RunError, match="no training photograph could be read"):
        go(make_run(tmp_path / "data", tmp_path / "out", epochs=1, workers=workers))


def test_collapse_is_said_once_and_again_after_it_was_better() -> None:
    watch = CollapseWatch()
    fine, gray = {"chroma": 0.6, "accuracy": 0.7}, {"chroma": 0.01, "accuracy": 0.7}
    assert not [line for _ in range(PATIENCE - 1) for line in watch(gray)]
    assert "hardly any color" in watch(gray)[0]
    assert not watch(gray)
    assert not watch(fine)
    assert len([line for _ in range(PATIENCE) for line in watch(gray)]) == 1
    assert not [line for _ in range(2 * PATIENCE) for line in watch({"chroma": 0.6})]
    won = [line for _ in range(PATIENCE) for line in watch({"chroma": 0.6, "accuracy": 1.0})]
    assert "right nearly always" in won[0]


def test_size_must_fit_the_generator() -> None:
    with pytest.raises(UsageError, match="multiple of 16"):
        TrainingConfig(size=250)


def test_a_failed_save_keeps_the_old_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    path.write_bytes(checkpoint.read_bytes())
    with pytest.raises(AttributeError, match="pickle"):
        save_checkpoint(path, {"generator": lambda: None})
    build_generator(path, load_checkpoint(path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.pt"]


def write_grids(folder: Path, steps: range) -> None:
    folder.mkdir()
    noise = torch.rand(3, 64, 64)
    with RunLog(folder, 0) as log:
        for step in steps:
            log.grid(step, noise)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit to set")
def test_events_that_cannot_be_written_are_an_error(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # a file of one grid fits, of two does not
    try:
        write_grids(tmp_path / "one", range(1, 2))
        with pytest.raises(RunError, match="tensorboard: cannot be written"):
            write_grids(tmp_path / "two", range(1, 3))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_checkpoint_of_another_version_or_architecture_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    state = load_checkpoint(checkpoint)
    torch.save(state | {"format_version": 99}, tmp_path / "new.pt")
    with pytest.raises(ModelError, match="format version 99"):
        load_checkpoint(tmp_path / "new.pt")
    with pytest.raises(ModelError, match="does not hold the generator it describes"):
        build_generator(checkpoint, state | {"generator_config": {"base_channels": 8, "head": "chroma"}})


def command(photos: Path, out: Path, *options: str) -> list[str]:
    small = "--size 32 --base-channels 4 --batch-size 2 --workers 1 --save-every 1"
    return [*["-m", "colorgan.cli.main", "train"], str(photos), "-o", str(out), *small.split(), *options]


def wait_for_a_checkpoint(out: Path, process: subprocess.Popen[str]) -> None:
    """Wait until the run has saved a checkpoint."""
    while process.poll() is None and not ((out / "last.pt").exists()):
        time.sleep(0.05)


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
    output, _ = process.communicate(timeout=60)
    step = load_checkpoint(tmp_path / "out/last.pt")["step"]
    if how != "SIGKILL":
        assert process.returncode == 130, output
        assert f"Stopped: saved at step {step}; the same command with --resume goes on" in output
    assert "Traceback" not in output
    epochs = str(step // 4 + 2)
    again = command(photo_folder, tmp_path / "out", "--resume", "--epochs", epochs)
    subprocess.run([sys.executable, *again], check=True, capture_output=True)
    assert load_checkpoint(tmp_path / "out/last.pt")["step"] == 4 * int(epochs)


@pytest.mark.skipif(sys.platform == "win32", reason="gloo over the loopback device")
def test_two_processes_learn_as_one_that_gathers_two_batches(photo_folder: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    alone = command(photo_folder, one, "--epochs", "3", "--warmup-epochs", "1", "--accumulate", "2")
    both = command(photo_folder, two, "--epochs", "3", "--warmup-epochs", "1")
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, *alone], check=True, capture_output=True, env=environment)
    launch = [*["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"], *both]
    done = subprocess.run([sys.executable, *launch], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "processes: 2" in done.stdout
    curves = [
        [
            [line[name] for name in ("generator", "l1", "discriminator") if name in line]
            for line in map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
            if line["group"] == "training"
        ]
        for folder in (one, two)
    ]
    assert [len(line) for line in curves[0]] == [2, 3, 3]
    for line, other in zip(*curves, strict=True):
        assert line == pytest.approx(other, rel=1e-4)


def test_the_recipe_that_is_published_is_a_config() -> None:
    settings = tomllib.loads((Path(colorgan.__file__).parent / "training/recipes/gpu.toml").read_text())
    settings = {name.replace("-", "_"): value for name, value in settings.items()}
    generator = GeneratorConfig(settings.pop("base_channels"))
    assert TrainingConfig.from_dict(settings).warmup_epochs < TrainingConfig.from_dict(settings).epochs
    assert generator.base_channels == 32
