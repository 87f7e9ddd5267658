"""Hue rules change their hue alone, and points spread up to edges."""

import numpy as np
import pytest

from colorgan.corrections.apply import add_points, change_hues
from colorgan.corrections.correction import HueRule, Point, chroma_of
from colorgan.corrections.spread import Seed, spread


def planes(*colors: str) -> np.ndarray:
    return np.array([[[128 + round(chroma_of(each)[n]) for each in colors]] for n in (0, 1)], np.uint8)


def test_a_hue_rule_changes_its_hue_alone() -> None:
    before = planes("royalblue", "firebrick", "gray")
    fainter = change_hues(before, [HueRule.parse("royalblue times 0.5")])
    assert np.abs((fainter[:, 0, 0] - 128.0) * 2 - (before[:, 0, 0] - 128.0)).max() <= 1
    assert (fainter[..., 1:] == before[..., 1:]).all()
    turned = change_hues(before, [HueRule.parse("royalblue to forestgreen within 20")])
    blue, red = turned[:, 0, 0] - 128.0
    wanted = chroma_of("forestgreen")
    assert abs(np.degrees(np.arctan2(red, blue) - np.arctan2(wanted[1], wanted[0]))) < 1
    assert (turned[..., 1:] == before[..., 1:]).all()
    assert (change_hues(before, []) == before).all()


def halves(height: int = 60, width: int = 80, step: int = 90, noise: int = 0) -> np.ndarray:
    """Luma with an edge in the middle."""
    luma = np.full((height, width), 80)
    luma[:, width // 2 :] += step
    return (luma + np.random.default_rng(0).integers(-noise, noise + 1, luma.shape)).astype(np.uint8)


@pytest.mark.parametrize("noise", [0, 4])
def test_a_color_spreads_up_to_an_edge(noise: int) -> None:
    added = spread(halves(noise=noise), [Seed(10, 30, 1.0)], [(20.0, -30.0)])
    assert tuple(added[:, 30, 10]) == (20.0, -30.0)
    assert (added[0, :, :38] > 10).all()
    assert (added[:, :, 42:] == 0).all()


def test_a_color_fades_with_its_reach() -> None:
    even = np.full((40, 100), 128, np.uint8)
    near = spread(even, [Seed(5, 20, 0.2)], [(50.0, 0.0)])[0, 20]
    assert near[5] == 50
    assert (np.diff(near[6:26]) < 0).all()
    assert (near[27:] == 0).all()
    both = spread(even, [Seed(5, 20, 0.6), Seed(95, 20, 0.6)], [(50.0, 0.0), (-50.0, 0.0)])[0, 20]
    assert (both[5], both[95]) == (50, -50)
    assert abs(both[50]) < 1e-9


def test_points_do_not_depend_on_their_number_or_order() -> None:
    luma = halves(noise=3)
    seeds = [Seed(7 * number % 80, 11 * number % 60, 0.1 + number / 40) for number in range(20)]
    changes = [(float(number), float(-number)) for number in range(20)]
    forward, backward = spread(luma, seeds, changes), spread(luma, seeds[::-1], changes[::-1])
    assert np.abs(forward - backward).max() < 1e-9
    assert (spread(luma, [], []) == 0).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2)])
def test_the_smallest_pictures_can_have_points(shape: tuple[int, int]) -> None:
    chroma = np.full((2, 1, 1), 128, np.uint8)
    points = [Point(0, 0, "red"), Point(1, 1, "blue")]
    added = add_points(chroma, np.full(shape, 100, np.uint8), points)
    assert added.shape == (2, *shape)


def test_a_point_has_its_color_where_it_is() -> None:
    luma = halves(200, 300)
    added = add_points(np.full((2, 12, 16), 140, np.uint8), luma, [Point(0.1, 0.9, "skyblue")])
    assert np.abs(added[:, 180, 30] - 128.0 - chroma_of("skyblue")).max() <= 1
    assert (added[:, :, 160:] == 140).all()
