"""LPIPS and FID with networks that are not trained, of the same structure as the real ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from conftest import MakePhoto
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torchvision.models import alexnet

from colorgan.cli.main import main
from colorgan.errors import ModelError
from colorgan.evaluation.perceptual import Fid, Lpips


class Untrained(FeatureExtractorInceptionV3):  # type: ignore[misc]
    def load_state_dict(self, *arguments: Any, **options: Any) -> None:
        """Keep what it was made with."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with alexnet.pth and inception.pth, and a file that is neither."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    torch.save({"a": torch.zeros(1)}, folder / "other.pth")
    torch.save(alexnet(weights=None).state_dict(), folder / "alexnet.pth")
    network = Untrained("inception", ["2048"], feature_extractor_weights_path=str(folder / "other.pth"))
    for parameter in network.parameters():
        if parameter.ndim == 4:
            torch.nn.init.kaiming_normal_(parameter)  # without it the features of all images are alike
    torch.save(network.state_dict(), folder / "inception.pth")
    (folder / "text.pth").write_text("no")
    torch.save(Path.cwd, folder / "code.pth")
    return folder


def test_lpips_is_nothing_for_the_truth_and_grows_with_the_difference(
    weights: Path, make_photo: MakePhoto
) -> None:
    true = np.asarray(make_photo(64, 48, "RGB"))
    gray = np.asarray(make_photo(64, 48, "L").convert("RGB"))
    distance, before = Lpips(weights / "alexnet.pth"), torch.hub.get_dir()
    assert distance(true, true) == 0
    halfway = (true // 2 + gray // 2).astype(np.uint8)
    assert 0 < distance(halfway, true) < distance(gray, true)
    assert torch.hub.get_dir() == before


@pytest.mark.slow
def test_evaluate_shows_both_beside_the_gray_photographs(
    weights: Path, exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path
) -> None:
    (tmp_path / "truth").mkdir()
    for seed in range(3):
        make_photo(64, 48, "RGB", seed).save(tmp_path / "truth" / f"{seed}.png")
    words = ["evaluate", str(tmp_path / "truth"), "--model", str(exports["onnx"])]
    words += ["-o", str(tmp_path / "out"), "--lpips", str(weights / "alexnet.pth")]
    result = CliRunner().invoke(main, [*words, "--fid", str(weights / "inception.pth")])
    assert result.exit_code == 0, result.output
    rows = {line.split(" | ")[0]: line for line in result.output.splitlines()}
    assert "| LPIPS" in rows
    _, colored, colorless = rows["| FID"].strip(" |").split(" | ")
    assert float(colored) > 1e-3
    assert float(colorless) > 1e-3
    assert colored != colorless
    assert '"colorless_lpips": 0.' in (tmp_path / "out/images.jsonl").read_text()


@pytest.mark.slow
def test_the_fid_of_the_truth_is_nothing(weights: Path, make_photo: MakePhoto) -> None:
    fid = Fid(weights / "inception.pth")
    for seed in range(3):
        photo = np.asarray(make_photo(64, 48, "RGB", seed))
        fid.add(photo, photo, photo)
    assert abs(fid.values()[0]) < 1e-3


@pytest.mark.parametrize("network", [Lpips, Fid])
@pytest.mark.parametrize("name", ["nowhere.pth", "text.pth", "code.pth", "other.pth"])
def test_other_files_are_refused_and_none_is_run(
    weights: Path, network: type[Lpips | Fid], name: str
) -> None:
    with pytest.raises(ModelError, match=name):
        network(weights / name)
