"""LPIPS and FID, which need the weights of networks that others have trained, given by their files."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlparse

import numpy as np
import torch
from torch import Tensor
from torchmetrics.image import FrechetInceptionDistance, LearnedPerceptualImagePatchSimilarity
from torchvision.models import AlexNet_Weights

from colorgan.errors import ModelError
from colorgan.evaluation.metrics import RGB8


class Lpips:
    """Perceptual distance of two images (Zhang et al. 2018, AlexNet, v0.1); lower is better.

    `weights` is torchvision's AlexNet, `alexnet-owt-7be5be79.pth`; what LPIPS adds to it is in torchmetrics.
    """

    def __init__(self, weights: Path) -> None:
        _refuse_code(weights)
        before = torch.hub.get_dir()
        with TemporaryDirectory() as folder:
            # torchvision takes weights from its cache, if they are there, and from the network else.
            cached = Path(folder, "checkpoints", Path(urlparse(AlexNet_Weights.DEFAULT.url).path).name)
            cached.parent.mkdir()
            shutil.copyfile(weights, cached)
            torch.hub.set_dir(folder)
            try:
                self._metric = LearnedPerceptualImagePatchSimilarity("alex", normalize=True)
            except (RuntimeError, KeyError) as error:
                raise ModelError(weights, "does not hold torchvision's AlexNet") from error
            finally:
                torch.hub.set_dir(before)

    def __call__(self, result: RGB8, truth: RGB8) -> float:
        """Compare two images, uint8 (H, W, 3) of one size of 32 pixels a side or more."""
        distance: Tensor = self._metric(_batch(result) / 255, _batch(truth) / 255)
        return float(distance)


class Fid:
    """Distance of the features of all results from those of all true photographs (Heusel et al. 2017).

    `weights` is `pt_inception-2015-12-05-6726825d.pth` of torch-fidelity. Figures of fewer than some thousand
    photographs are too high, and comparable only with others of the same photographs.
    """

    def __init__(self, weights: Path) -> None:
        _refuse_code(weights)
        try:
            self._results = FrechetInceptionDistance(feature_extractor_weights_path=str(weights))
        except (RuntimeError, KeyError) as error:
            raise ModelError(weights, "does not hold torch-fidelity's InceptionV3") from error
        self._grays = FrechetInceptionDistance(self._results.inception)

    def add(self, result: RGB8, gray: RGB8, truth: RGB8) -> None:
        """Take in a result, the gray photograph and the true one, uint8 (H, W, 3)."""
        self._results.update(_batch(result), real=False)
        self._results.update(_batch(truth), real=True)
        self._grays.update(_batch(gray), real=False)

    def values(self) -> tuple[float, float]:
        """The distances of the results and of the gray photographs, of which there are two or more."""
        for name in ("real_features_sum", "real_features_cov_sum", "real_features_num_samples"):
            setattr(self._grays, name, getattr(self._results, name))
        return float(self._results.compute()), float(self._grays.compute())


def _batch(image: RGB8) -> Tensor:
    """A tensor (1, 3, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]


def _refuse_code(weights: Path) -> None:
    """Raise ModelError for a file that is no weights alone: the libraries would run the code in it."""
    try:
        torch.load(weights, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ModelError(weights, "there is no such file of weights") from error
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise ModelError(weights, "is not a file of weights") from error
