"""Settings are checked as they are made, for whoever makes them."""

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest

from colorgan import UsageError
from colorgan.config import (
    ClusterConfig,
    ColorizeConfig,
    Config,
    ExportConfig,
    GeneratorConfig,
    PrepareConfig,
    ServeConfig,
    TrainingConfig,
)

CONFIGS: list[type[Config]] = [
    ClusterConfig,
    ColorizeConfig,
    ExportConfig,
    GeneratorConfig,
    PrepareConfig,
    ServeConfig,
    TrainingConfig,
]
SETTINGS = [(config, item.name, item.default) for config in CONFIGS for item in fields(config)]

WRONG: dict[type, list[object]] = {
    bool: [None, 1, "yes", []],
    int: [None, "4", 1.5, True, [4], float("nan")],
    float: [None, "0.5", True, [0.5], float("nan"), float("inf"), 1j],
    str: [None, 1, b"auto", ["auto"], {}],
}


@pytest.mark.parametrize(
    ("config", "name", "default"), SETTINGS, ids=[f"{config.__name__}.{name}" for config, name, _ in SETTINGS]
)
def test_a_setting_of_another_type_is_refused_by_its_name(
    config: Callable[..., Config], name: str, default: object
) -> None:
    for value in WRONG[type(default)]:
        with pytest.raises(UsageError) as caught:
            config(**{name: value})
        assert str(caught.value).startswith(f"{name.replace('_', '-')} is ")
        assert "\n" not in str(caught.value)


def test_numbers_of_numpy_are_numbers() -> None:
    config = ColorizeConfig(workers=3, saturation=np.float64(0.5))
    assert (config.workers, config.saturation) == (3, 0.5)
    assert ColorizeConfig(workers=np.int64(3), saturation=1).workers == 3  # type: ignore[arg-type]
