"""The settings of a run on a Ray cluster."""

from __future__ import annotations

from dataclasses import dataclass

from colorgan.config.base import Config, setting


@dataclass(frozen=True)
class ClusterConfig(Config):
    """Which cluster, and the share of each actor."""

    address: str = setting("", "Address of Ray's head node.  [default: RAY_ADDRESS, else this machine]")
    actors: int = setting(0, "Number of actors.", low=0, zero="as many as fit")
    cpus_per_actor: int = setting(4, "Processors per actor; fewer on smaller machines.", low=1)
    gpus_per_actor: float = setting(
        1.0, "GPUs per actor, if the cluster has any; 0.5 lets two share one.", low=0
    )
