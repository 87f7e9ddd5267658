"""A run learns, is saved whole, and goes on as if it had not stopped."""

from pathlib import Path

import pytest
import torch
from conftest import MakePhoto
from PIL import Image

from colorgan.checkpoint import build_generator, load_checkpoint, save_checkpoint
from colorgan.config import GeneratorConfig, TrainingConfig
from colorgan.dataset import PhotoDataset, split
from colorgan.errors import ModelError, RunError, UsageError
from colorgan.sources import find_images
from colorgan.training import Trainer

TINY = GeneratorConfig(base_channels=4)


def make_trainer(photos: Path, folder: Path, **settings: object) -> Trainer:
    config = TrainingConfig(**{"size": 32, "batch_size": 4, "workers": 0, "save_every": 1} | settings)  # type: ignore[arg-type]
    training, validation = split(find_images(photos), 2, seed=0)
    return Trainer(config, TINY, training, validation, folder)


def run(trainer: Trainer) -> list[float]:
    """Train to the end, with checkpoints; give the L1 of each step."""
    losses = []
    for _ in trainer.epochs():
        losses += [step.l1.item() for _, step in trainer.train_epoch()]
        if trainer.is_due():
            trainer.save(trainer.validate())
    return losses


def test_l1_falls(photo_folder: Path, tmp_path: Path) -> None:
    losses = run(make_trainer(photo_folder, tmp_path, epochs=25, learning_rate=2e-3, save_every=25))
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])


def test_a_step_updates_both_networks(photo_folder: Path, tmp_path: Path) -> None:
    trainer = make_trainer(photo_folder, tmp_path, epochs=1)
    before = [
        weight.clone()
        for network in (trainer.generator, trainer.discriminator)
        for weight in network.parameters()
    ]
    next(trainer.epochs())
    _, losses = next(trainer.train_epoch())
    after = [*trainer.generator.parameters(), *trainer.discriminator.parameters()]
    assert all(not torch.equal(old, new) for old, new in zip(before, after, strict=True))
    assert losses.generator > 100 * losses.l1  # the adversarial loss is in it
    assert losses.discriminator > 0


def test_the_discriminator_waits_for_the_warmup_to_end(photo_folder: Path, tmp_path: Path) -> None:
    trainer = make_trainer(photo_folder, tmp_path, epochs=2, warmup_epochs=1)
    before = trainer.discriminator.score.weight.clone()
    epochs = trainer.epochs()
    next(epochs)
    losses = [losses for _, losses in trainer.train_epoch()]
    assert torch.equal(trainer.discriminator.score.weight, before)
    assert losses[0].discriminator.isnan()
    next(epochs)
    losses = [losses for _, losses in trainer.train_epoch()]
    assert not torch.equal(trainer.discriminator.score.weight, before)


def test_checkpoints_last_best_and_samples_are_written(photo_folder: Path, tmp_path: Path) -> None:
    run(make_trainer(photo_folder, tmp_path / "models", epochs=3, save_every=2))
    names = {path.name for path in (tmp_path / "models").iterdir()}
    assert names == {"epoch_0002.pt", "epoch_0003.pt", "last.pt", "best.pt", "samples"}
    assert load_checkpoint(tmp_path / "models/last.pt")["epoch"] == 3
    with Image.open(tmp_path / "models/samples/epoch_0003.png") as grid:
        assert grid.width == 3 * 34 + 2  # gray, predicted, true


def test_best_is_the_epoch_of_least_difference(photo_folder: Path, tmp_path: Path) -> None:
    run(make_trainer(photo_folder, tmp_path, epochs=4, learning_rate=5e-2))
    states = [load_checkpoint(path) for path in sorted(tmp_path.glob("epoch_*.pt"))]
    best = min(states, key=lambda state: state["validation"]["ciede2000"])
    assert load_checkpoint(tmp_path / "best.pt")["epoch"] == best["epoch"]


def test_a_resumed_run_ends_with_the_same_weights(photo_folder: Path, tmp_path: Path) -> None:
    whole = make_trainer(photo_folder, tmp_path / "whole", epochs=4)
    run(whole)
    run(make_trainer(photo_folder, tmp_path / "parts", epochs=2))
    last = tmp_path / "parts/last.pt"
    resumed = make_trainer(photo_folder, tmp_path / "parts", epochs=4, seed=0)
    resumed.restore(last, load_checkpoint(last))
    run(resumed)
    for name, weight in whole.generator.state_dict().items():
        assert torch.equal(weight, resumed.generator.state_dict()[name]), name


def test_unreadable_photographs_are_left_out_and_named(photo_folder: Path, tmp_path: Path) -> None:
    (photo_folder / "00003.png").write_bytes(b"not an image")
    data = (photo_folder / "00004.png").read_bytes()
    (photo_folder / "00004.png").write_bytes(data[: len(data) // 2])
    trainer = make_trainer(photo_folder, tmp_path, epochs=1, batch_size=3)
    run(trainer)
    assert len(trainer.unreadable) == 2


def test_nothing_but_unreadable_photographs_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for number in range(3):
        (tmp_path / "data" / f"{number}.jpg").write_bytes(b"no")
    with pytest.raises(RunError, match="no training photograph could be read"):
        run(make_trainer(tmp_path / "data", tmp_path / "out", epochs=1))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("width", "height", "mode"), [(300, 40, "RGB"), (33, 500, "L"), (20, 20, "CMYK")])
def test_photographs_of_any_shape_become_squares(
    make_photo: MakePhoto, tmp_path: Path, width: int, height: int, mode: str, training: bool
) -> None:
    make_photo(width, height, mode).save(tmp_path / "a.jpg")
    photo, reason = PhotoDataset([tmp_path / "a.jpg"], 32, training=training)[0]
    assert reason == ""
    assert photo is not None
    assert photo.shape == (3, 32, 32)
    assert photo.dtype == torch.uint8


def test_a_validation_photograph_is_the_middle_of_the_picture(tmp_path: Path) -> None:
    image = Image.new("RGB", (300, 100), "red")
    image.paste("blue", (100, 0, 200, 100))
    image.save(tmp_path / "a.png")
    photo, _ = PhotoDataset([tmp_path / "a.png"], 32, training=False)[0]
    assert photo is not None
    assert photo[:, 16, 16].tolist() == [0, 0, 255]
    assert photo[0].float().mean() < 16


def test_split_parts_a_folder_without_overlap() -> None:
    paths = [Path(f"{number}.jpg") for number in range(100)]
    training, validation = split(paths, 200, seed=1)
    assert len(validation) == 10
    assert sorted(training + validation) == sorted(paths)


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


def test_a_checkpoint_of_another_version_or_architecture_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    state = load_checkpoint(checkpoint)
    torch.save(state | {"format_version": 99}, tmp_path / "new.pt")
    with pytest.raises(ModelError, match="format version 99"):
        load_checkpoint(tmp_path / "new.pt")
    with pytest.raises(ModelError, match="does not hold the generator it describes"):
        build_generator(checkpoint, state | {"generator_config": {"base_channels": 8, "head": "chroma"}})
