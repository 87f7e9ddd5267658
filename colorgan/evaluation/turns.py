"""Compare how long things take, by turns, so that what else the machine does weighs on all alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter


def take_turns(
    contenders: Mapping[str, Callable[[], object]],
    rounds: int,
    enough: Callable[[Mapping[str, list[float]]], bool] = lambda _: False,
) -> dict[str, list[float]]:
    """Seconds of each run, the contenders taking turns, after one turn each to warm up.

    So many rounds, or fewer if those until now are `enough`.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        if turn > 1 and enough(seconds):
            break
        for name, run in contenders.items():
            start = perf_counter()
            run()
            if turn > 0:
                seconds[name].append(perf_counter() - start)
    return seconds
