"""The losses are the formulas of the README."""

import math

import numpy as np
import torch
from conftest import MakePhoto

from colorgan.training.feature_loss import FeatureLoss
from colorgan.training.losses import adversarial_loss, chroma_weights, discriminator_loss, reconstruction_loss


def bce(logit: float, target: float) -> float:
    p = 1 / (1 + math.exp(-logit))
    return -target * math.log(p) - (1 - target) * math.log(1 - p)


def test_discriminator_wants_real_to_be_1_and_fake_to_be_0() -> None:
    real, fake = torch.tensor([[0.5], [-1.0]]), torch.tensor([[2.0], [0.0]])
    expected = (bce(0.5, 1) + bce(-1, 1)) / 2 + (bce(2, 0) + bce(0, 0)) / 2
    assert math.isclose(discriminator_loss(real, fake).item(), expected, rel_tol=1e-6)


def test_generator_wants_fake_to_be_1() -> None:
    assert math.isclose(adversarial_loss(torch.tensor([[0.7]])).item(), bce(0.7, 1), rel_tol=1e-6)


def test_reconstruction_is_the_mean_absolute_difference() -> None:
    assert reconstruction_loss(torch.full((1, 3, 2, 2), 0.5), torch.full((1, 3, 2, 2), -0.25)).item() == 0.75


def test_smoothing_lowers_the_target_of_the_real_alone() -> None:
    real, fake = torch.tensor([[0.5]]), torch.tensor([[2.0]])
    smooth = discriminator_loss(real, fake, smoothing=0.1).item()
    assert math.isclose(smooth, bce(0.5, 0.9) + bce(2, 0), rel_tol=1e-6)


def test_colorful_pixels_count_more_and_the_mean_weight_is_one() -> None:
    chroma = torch.zeros(1, 2, 1, 2)
    chroma[0, 0, 0, 1] = 0.2
    weight = chroma_weights(chroma, 1.0)
    assert weight.shape == (1, 1, 1, 2)
    assert torch.allclose(weight.flatten(), torch.tensor([0.5, 1.5]))  # 1 and 1 + 2, over their mean
    assert torch.equal(chroma_weights(chroma, 0.0), torch.ones(1, 1, 1, 2))
    difference = torch.tensor([1.0, 0.5]).view(1, 1, 1, 2).expand(1, 3, 1, 2)
    weighted = reconstruction_loss(difference, torch.zeros(1, 3, 1, 2), weight)
    assert math.isclose(weighted.item(), (0.5 * 1 + 1.5 * 0.5) / 2, rel_tol=1e-6)


def test_features_are_nearest_to_the_truths_where_colors_are_the_truth(make_photo: MakePhoto) -> None:
    features = FeatureLoss()
    true = torch.from_numpy(np.array(make_photo(96, 64, "RGB", 0))).permute(2, 0, 1)[None] / 127.5 - 1
    gray = true.mean(1, keepdim=True).expand_as(true)
    half = ((true + gray) / 2).requires_grad_()
    assert features(true, true).item() == 0
    assert 0 < features(half, true).item() < features(gray, true).item()
    features(half, true).backward()
    assert half.grad is not None
    assert half.grad.abs().sum() > 0
    assert all(weight.grad is None for weight in features.parameters())
