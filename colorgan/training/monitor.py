"""Notice when an adversarial run goes wrong in one of the ways that are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping

PATIENCE = 10
"""Reports in a row that must look wrong; a report is the mean of some steps."""

SIGNS: dict[str, tuple[Callable[[Mapping[str, float]], bool], str]] = {
    "gray": (
        lambda means: means["chroma"] < 0.1,
        "the predictions have hardly any color; if it stays so, try --warmup-epochs, --chroma-weight or a "
        "lower --learning-rate",
    ),
    "gaudy": (
        lambda means: means["chroma"] > 2,
        "the predictions are more than twice as colorful as the photographs; lower --chroma-weight, or "
        "raise --l1-weight",
    ),
    "won": (
        lambda means: means.get("accuracy", 0.5) > 0.98,
        "the discriminator is nearly always right, so the generator learns little from it; try "
        "--label-smoothing 0.1, --discriminator patch or more --warmup-epochs",
    ),
}


class CollapseWatch:
    """Looks at the means of a run, and says each thing once, until it has got better."""

    def __init__(self) -> None:
        self._in_a_row = dict.fromkeys(SIGNS, 0)

    def __call__(self, means: Mapping[str, float]) -> list[str]:
        """What is to be said of the latest means, by the names of the trainer's scalars."""
        warnings = []
        for name, (is_wrong, advice) in SIGNS.items():
            self._in_a_row[name] = self._in_a_row[name] + 1 if is_wrong(means) else 0
            if self._in_a_row[name] == PATIENCE:
                warnings.append(advice)
        return warnings
