"""Classes of chroma: their targets, their importance, their loss."""

import pytest
import torch

from colorgan.networks.chroma_classes import ClassHead, ClassTargets, class_centers
from colorgan.training.losses import class_importance, class_loss


def test_a_target_means_the_chroma_it_stands_for() -> None:
    targets, centers = ClassTargets(), class_centers()
    chroma = (torch.rand(2, 2, 500, generator=torch.Generator().manual_seed(0)) - 0.5) * 0.5
    numbers, weights = targets(chroma)
    assert numbers.shape == weights.shape == (2, 5, 500)
    assert torch.allclose(weights.sum(1), torch.ones(2, 500))
    mean = (centers[numbers] * weights[..., None]).sum(1).movedim(-1, 1)
    assert (mean - chroma).abs().max() < 5.5 / 127.5  # half of a class


def test_far_colors_have_a_target_too() -> None:
    _, weights = ClassTargets()(torch.tensor([[[1.0], [-1.0]]]))
    assert weights.isfinite().all()
    assert weights.sum() == pytest.approx(1)


def test_rare_classes_count_more_and_the_mean_over_pixels_is_1() -> None:
    share = torch.tensor([0.9, 0.09, 0.01, 0.0])
    importance = class_importance(share)
    assert (importance.diff() > 0).all()
    assert (share * importance).sum() == pytest.approx(1)


def test_the_loss_is_least_for_the_target_itself() -> None:
    numbers, weights = ClassTargets()(torch.tensor([[[0.1], [0.05]]]))
    importance = torch.ones(len(class_centers()))
    exact = torch.full((1, len(importance), 1), -30.0).scatter(1, numbers, weights.log())
    other = exact.roll(1, 1)
    assert class_loss(exact, numbers, weights, importance) < class_loss(other, numbers, weights, importance)


def test_logits_at_pixels_are_those_of_the_whole() -> None:
    head, features = ClassHead(3), torch.rand(2, 3, 4, 6)
    pixels = torch.tensor([0, 7, 23])
    at = head.logits_at(features, pixels)
    assert torch.allclose(at, head.logits(features).flatten(2)[..., pixels], atol=1e-6)
    assert torch.allclose(head.mean(at), head(features).flatten(2)[..., pixels], atol=1e-6)
