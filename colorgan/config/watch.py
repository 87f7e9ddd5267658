"""The settings of the watch over a folder."""

from __future__ import annotations

from dataclasses import dataclass

from colorgan.config.base import Config, setting


@dataclass(frozen=True)
class WatchConfig(Config):
    """When a new file is taken."""

    settle: float = setting(
        2.0, "Time without a change after which a file counts as whole, in seconds.", low=0.1
    )
    poll: bool = setting(False, "List INPUT again and again: for network shares, which announce no changes.")
    interval: float = setting(5.0, "Time from one look to the next with --poll, in seconds.", low=0.1)
