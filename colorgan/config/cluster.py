"""The settings of a run on many machines."""

from __future__ import annotations

from dataclasses import dataclass

from colorgan.config.base import Config, setting


@dataclass(frozen=True)
class ClusterConfig(Config):
    """Which cluster, and what each worker gets of it."""

    address: str = setting("", "Of Ray's head node; without it that in RAY_ADDRESS, or this machine alone.")
    actors: int = setting(0, "Workers on the cluster.", low=0, zero="as many as fit")
    cpus_per_actor: int = setting(4, "Processors of each worker; fewer where machines have fewer.", low=1)
    gpus_per_actor: float = setting(
        1.0, "Of each worker, on a cluster that has some; several may share one, such as 0.5.", low=0
    )
