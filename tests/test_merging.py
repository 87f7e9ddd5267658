"""Two checkpoints become one whose weights are the mean of theirs."""

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from conftest import seeded_generator, write_checkpoint

from colorgan.cli.main import main
from colorgan.networks.checkpoint import build_generator, load_checkpoint
from colorgan.networks.chroma_classes import ClassHead
from colorgan.networks.generator import UNetGenerator


def merge(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["merge", *map(str, arguments)])


def opened(path: Path) -> UNetGenerator:
    return build_generator(path, load_checkpoint(path))


def test_weights_are_the_mean_and_the_head_is_stronger(tmp_path: Path) -> None:
    paths = [write_checkpoint(tmp_path / f"{seed}.pt", seeded_generator(seed=seed)) for seed in (0, 1)]
    result = merge(*paths, "--strength", "1.5", "-o", tmp_path / "merged.pt")
    assert result.exit_code == 0, result.output
    merged, one, other = (opened(path).state_dict() for path in (tmp_path / "merged.pt", *paths))
    for name, weight in merged.items():
        if weight.is_floating_point():
            factor = 1.5 if name.startswith("head.") else 1.0
            torch.testing.assert_close(weight, factor * (one[name] + other[name]) / 2)


def test_a_checkpoint_merged_with_itself_colors_as_before(tmp_path: Path, checkpoint: Path) -> None:
    assert merge(checkpoint, checkpoint, "-o", tmp_path / "merged.pt").exit_code == 0
    gray = torch.rand(1, 1, 32, 32) * 2 - 1
    with torch.inference_mode():
        assert torch.equal(opened(tmp_path / "merged.pt")(gray), opened(checkpoint)(gray))


def test_one_checkpoint_becomes_a_slim_copy_in_half_precision(tmp_path: Path, checkpoint: Path) -> None:
    slim = tmp_path / "slim.pt"
    assert merge(checkpoint, "--half-weights", "-o", slim).exit_code == 0
    assert slim.stat().st_size < 0.7 * checkpoint.stat().st_size
    for mine, other in zip(
        opened(slim).state_dict().values(), opened(checkpoint).state_dict().values(), strict=True
    ):
        assert torch.equal(mine, other.half().float() if other.is_floating_point() else other)


def test_classes_are_made_stronger_by_their_centers(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "classes.pt", seeded_generator("classes"))
    assert merge(path, "--strength", "1.5", "-o", tmp_path / "stronger.pt").exit_code == 0
    gray = torch.rand(1, 1, 32, 32) * 2 - 1
    with torch.inference_mode():
        torch.testing.assert_close(
            opened(tmp_path / "stronger.pt").chroma(gray), 1.5 * opened(path).chroma(gray)
        )


def test_a_low_temperature_gives_the_likeliest_class_and_is_for_classes_alone(
    tmp_path: Path, checkpoint: Path
) -> None:
    path = write_checkpoint(tmp_path / "classes.pt", seeded_generator("classes"))
    assert merge(path, "--temperature", "0.01", "-o", tmp_path / "cold.pt").exit_code == 0
    cold, head = opened(tmp_path / "cold.pt"), opened(path).head
    assert isinstance(head, ClassHead)
    features = 10_000 * torch.randn(1, head.logits.in_channels, 4, 4)
    with torch.inference_mode():
        likeliest = head.centers[head.logits(features).argmax(1)].permute(0, 3, 1, 2)
        torch.testing.assert_close(cold.head(features), likeliest, atol=1e-3, rtol=0)
    result = merge(checkpoint, "--temperature", "0.2", "-o", tmp_path / "none.pt")
    assert result.exit_code == 2
    assert str(checkpoint) in result.stderr


def test_the_head_of_rgb_is_not_made_stronger(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "rgb.pt", seeded_generator("rgb"))
    assert merge(path, path, "-o", tmp_path / "merged.pt").exit_code == 0
    result = merge(path, path, "--strength", "1.5", "-o", tmp_path / "stronger.pt")
    assert result.exit_code == 2
    assert str(path) in result.stderr
    assert not (tmp_path / "stronger.pt").exists()


@pytest.mark.parametrize("other", ["wide.pt", "nowhere.pt"])
def test_what_cannot_be_merged_is_said_in_one_line(tmp_path: Path, checkpoint: Path, other: str) -> None:
    write_checkpoint(tmp_path / "wide.pt", seeded_generator(base_channels=8))
    result = merge(checkpoint, tmp_path / other, "-o", tmp_path / "merged.pt")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert str(tmp_path / other) in result.stderr
    assert not (tmp_path / "merged.pt").exists()
