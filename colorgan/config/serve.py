"""The settings of the service."""

from __future__ import annotations

from dataclasses import dataclass

from colorgan.config.base import Config, setting
from colorgan.errors import UsageError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names of this machine that no other reaches."""


@dataclass(frozen=True)
class ServeConfig(Config):
    """Where the service listens, and what it accepts."""

    host: str = setting("127.0.0.1", "Address to listen on; one that others reach needs --allow-host.")
    port: int = setting(8000, "Port to listen on; 0: any that is free.", low=0, high=65535)
    allow_host: str = setting(
        "", "Names under which the service is reached, such as photos.example.org,10.0.0.5."
    )
    max_upload: int = setting(64, "Limit on the size of a photograph's file, in MB.", low=1)
    max_pixels: int = setting(100_000_000, "Reject photographs with more pixels.", low=1)
    queue: int = setting(64, "Limit on photographs in the service, waiting ones included.", low=1)
    connections: int = setting(1000, "Connections that are open at once.", low=1)
    header_timeout: float = setting(10.0, "Limit on the time for a request's headers, in seconds.", low=0.01)
    body_timeout: float = setting(
        60.0, "Limit on the time to send a photograph or to fetch its result, in seconds.", low=0.01
    )
    work_timeout: float = setting(
        60.0, "Limit on the time a photograph waits and is colored, in seconds.", low=0.01
    )
    drain_timeout: float = setting(
        30.0, "Limit on the time to finish what was begun when told to stop, in seconds.", low=0.01
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.host not in LOOPBACK and not self.allow_host:
            raise UsageError(
                f"host is {self.host}, which others can reach; name what they call it with --allow-host"
            )

    @property
    def names(self) -> frozenset[str]:
        """The names that requests may use for the service, in lower case."""
        named = (name.strip().lower().strip("[]") for name in self.allow_host.split(","))
        return frozenset(filter(None, (*LOOPBACK, *named)))
