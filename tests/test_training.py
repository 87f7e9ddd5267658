"""A run learns, and notes what it does."""

import json
import re
import sys
import tomllib
from dataclasses import fields
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from PIL import Image
from training_runs import SMALL, TINY, assert_same, go, make_run

import colorgan
from colorgan.config import GeneratorConfig, TrainingConfig
from colorgan.errors import RunError, UsageError
from colorgan.networks.checkpoint import build_generator, load_checkpoint
from colorgan.training.log import RunLog
from colorgan.training.monitor import PATIENCE, CollapseWatch
from colorgan.training.photographs import find_photographs, split
from colorgan.training.run import rehearse
from colorgan.training.trainer import Trainer


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
    assert all(any(f"{line['ciede2000']:.2f}" in words for words in said) for line in validated)


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
        {"feature_weight": 1.0},
        {"precision": "bf16"},
    ],
    ids=str,
)
def test_each_part_of_the_recipe_trains(photo_folder: Path, tmp_path: Path, settings: dict[str, Any]) -> None:
    figures = go(make_run(photo_folder, tmp_path / "out", epochs=4, learning_rate=2e-3, **settings))
    assert figures[-1]["l1"] < figures[0]["l1"]


@pytest.mark.parametrize("settings", [{}, {"accumulate": 2, "batch_size": 2}], ids=str)
def test_saving_memory_changes_nothing(photo_folder: Path, tmp_path: Path, settings: dict[str, Any]) -> None:
    """Fault 36: statistics of batch norms, in the state, among others."""
    plain = make_run(photo_folder, tmp_path / "plain", epochs=2, **settings)
    saving = make_run(photo_folder, tmp_path / "saving", epochs=2, save_memory=True, **settings)
    assert go(plain) == go(saving)
    assert_same(plain.trainer.state(), saving.trainer.state())


@pytest.mark.parametrize("save_memory", [False, True])
def test_batches_count_once_in_the_statistics_whether_gathered_or_not(
    photo_folder: Path, tmp_path: Path, save_memory: bool
) -> None:
    """Fault 36."""
    settings: dict[str, Any] = {"learning_rate": 0.0, "save_memory": save_memory}
    alone, gathered = (make_run(photo_folder, tmp_path / "out", **settings).trainer for _ in range(2))
    half = torch.randint(0, 256, (2, 4, 32, 16, 3), dtype=torch.uint8)
    batches = list(torch.cat([half, half.flip(3)], 3))  # mirroring them changes nothing
    for trainer in (alone, gathered):
        trainer.generator.train()
    for batch in batches:
        alone.train_on([batch])
    gathered.train_on(batches)
    assert_same(dict(gathered.generator.named_buffers()), dict(alone.generator.named_buffers()))
    counts = [value for name, value in gathered.generator.named_buffers() if "num_batches" in name]
    assert {int(count) for count in counts} == {2}


def mirrored(photos: Path, folder: Path, seed: int, count: int = 64) -> torch.Tensor:
    """Which of so many pictures the first step of a run with this seed mirrors."""
    ramp = torch.arange(32, dtype=torch.uint8).view(1, 1, 32, 1).expand(count, 32, 32, 3)
    rgb = make_run(photos, folder, seed=seed).trainer._prepare(ramp, 0).rgb
    return rgb[:, 0, 0, 0] > rgb[:, 0, 0, -1]


def test_seeds_may_have_32_bits_and_small_ones_give_what_they_did(photo_folder: Path, tmp_path: Path) -> None:
    """Fault 37."""
    for seed in (0, 7, 2**19):
        random = torch.Generator().manual_seed(seed * 2**44)
        assert torch.equal(mirrored(photo_folder, tmp_path, seed), torch.rand(64, generator=random) < 0.5)
    seeds = (0, 2**20, 2**21, 2**31, 2**32 - 1)
    assert len({mirrored(photo_folder, tmp_path, seed).numpy().tobytes() for seed in seeds}) == len(seeds)
    assert len(go(make_run(photo_folder, tmp_path / "out", seed=2**32 - 1, epochs=1))) == 2
    for wrong in (-1, 2**32):
        with pytest.raises(UsageError, match=str(wrong)):
            TrainingConfig(seed=wrong)


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
    with pytest.raises(RunError, match="--learning-rate"):
        go(run, steps)
    assert not list((tmp_path / "out").glob("*.pt"))


def test_a_rehearsal_says_what_the_run_would_take(photo_folder: Path, tmp_path: Path) -> None:
    run = make_run(photo_folder, tmp_path / "out", epochs=50)
    assert {"4", "100"} <= set(re.findall(r"\d+", rehearse(run.trainer)))  # images in a step, and steps
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
    assert "00003.png" in (tmp_path / "out/metrics.jsonl").read_text()


@pytest.mark.parametrize("workers", [0, 1])
def test_nothing_but_unreadable_photographs_is_an_error(tmp_path: Path, workers: int) -> None:
    (tmp_path / "data").mkdir()
    for number in range(4):
        (tmp_path / "data" / f"{number}.jpg").write_bytes(b"no")
    with pytest.raises(RunError, match=r"\d\.jpg"):
        go(make_run(tmp_path / "data", tmp_path / "out", epochs=1, workers=workers))


def test_collapse_is_said_once_and_again_after_it_was_better() -> None:
    watch = CollapseWatch()
    fine, gray = {"chroma": 0.6, "accuracy": 0.7}, {"chroma": 0.01, "accuracy": 0.7}
    assert not [line for _ in range(PATIENCE - 1) for line in watch(gray)]
    (collapsed,) = watch(gray)
    assert not watch(gray)
    assert not watch(fine)
    assert len([line for _ in range(PATIENCE) for line in watch(gray)]) == 1
    assert not [line for _ in range(2 * PATIENCE) for line in watch({"chroma": 0.6})]
    won = [line for _ in range(PATIENCE) for line in watch({"chroma": 0.6, "accuracy": 1.0})]
    assert len(set(won)) == 1
    assert won != [collapsed]


def test_size_must_fit_the_network_of_the_features(photo_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="48"):
        make_run(photo_folder, tmp_path / "out", feature_weight=1.0, size=48)


def test_size_must_fit_the_generator() -> None:
    with pytest.raises(UsageError, match="250"):
        TrainingConfig(size=250)


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
        with pytest.raises(RunError, match="tensorboard"):
            write_grids(tmp_path / "two", range(1, 3))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", ["generator.toml", "gpu.toml"])
def test_the_recipes_that_are_published_are_settings(name: str) -> None:
    settings = tomllib.loads((Path(colorgan.__file__).parent / "training/recipes" / name).read_text())
    settings = {name.replace("-", "_"): value for name, value in settings.items()}
    network = {
        item.name: settings.pop(item.name) for item in fields(GeneratorConfig) if item.name in settings
    }
    assert GeneratorConfig.from_dict(network).encoder == "efficientnet_lite0"
    assert TrainingConfig.from_dict(settings).size % GeneratorConfig.from_dict(network).stride == 0
