"""How every script here measures: in turns, until the medians are steady."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from colorgan.evaluation.turns import take_turns

STEADY = 0.03
"""A median is steady when its interval is no wider than this share of it, to either side."""

LEAST_ROUNDS = 5


@dataclass(frozen=True)
class Timing:
    """What some runs of one contender took, in seconds."""

    seconds: list[float]

    @property
    def median(self) -> float:
        """The median."""
        return float(np.median(self.seconds))

    @property
    def p95(self) -> float:
        """The 95th percentile."""
        return float(np.percentile(self.seconds, 95))

    @property
    def margin(self) -> float:
        """Half the width of the median's 95 % interval: 1.57 times the quartiles' distance, over root n.

        The notch of McGill, Tukey and Larsen, "Variations of box plots" (1978).
        """
        low, high = np.percentile(self.seconds, [25, 75])
        return float(1.57 * (high - low) / np.sqrt(len(self.seconds)))

    @property
    def is_steady(self) -> bool:
        """Whether the median is known well enough."""
        return len(self.seconds) >= LEAST_ROUNDS and self.margin <= STEADY * self.median


def measure(
    contenders: Mapping[str, Callable[[], object]], rounds: int, until: float = float("inf")
) -> dict[str, Timing]:
    """Time the contenders in turns, one to warm up; fewer rounds once all are steady.

    Rounds end, too, when `time.monotonic()` has passed `until`.
    """

    def enough(seconds: Mapping[str, list[float]]) -> bool:
        return time.monotonic() > until or all(Timing(each).is_steady for each in seconds.values())

    return {name: Timing(each) for name, each in take_turns(contenders, rounds, enough).items()}
