"""The losses are the formulas of the README."""

import math

import torch

from colorgan.losses import adversarial_loss, discriminator_loss, reconstruction_loss


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
