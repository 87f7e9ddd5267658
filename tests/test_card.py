"""The card that an export writes tells what the checkpoint of a real run knows."""

from pathlib import Path

import pytest
from training_runs import go, make_run

from colorgan.export.card import describe_training
from colorgan.networks.checkpoint import build_generator, load_checkpoint


@pytest.mark.parametrize(("steps", "epochs"), [(4, "2"), (3, "1.5"), (1, "0.5")])
def test_a_card_says_how_many_epochs_a_run_has_done(
    photo_folder: Path, tmp_path: Path, steps: int, epochs: str
) -> None:
    """Fault 38."""
    run = make_run(photo_folder, tmp_path / "out", epochs=2, learning_rate=3e-4)
    go(run, steps)
    path = tmp_path / "out/last.pt"
    state = load_checkpoint(path)
    words = describe_training(build_generator(path, state), state).split()
    assert words[words.index("epochs;") - 1] == epochs
    assert "0.0003" in words
    assert ("Best" in words) == (state["best"] is not None) == (steps > 1)
