"""Run the application until told to stop, then finish what was begun."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import socket
from collections.abc import Callable, Iterator
from threading import Event

import uvicorn
from starlette.types import ASGIApp

from colorgan.config import ServeConfig
from colorgan.errors import UsageError
from colorgan.service.protocol import protocol_with

BACKLOG = 1024
"""Connections that the system holds until they are accepted."""
TO_ANSWER = 5
"""Seconds in which clients fetch their answers once `--drain-timeout` is over."""


def listen(settings: ServeConfig) -> socket.socket:
    """Bind the address; UsageError if that cannot be done."""
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"{host}, port {port}: cannot listen there ({reason}); choose another") from error


def address_of(listening: socket.socket) -> str:
    """The address as a browser takes it."""
    host, port, *_ = listening.getsockname()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


class Server(uvicorn.Server):
    """uvicorn's, which is told to stop by an event."""

    def __init__(self, config: uvicorn.Config, stop: Event, draining: Callable[[], None]) -> None:
        super().__init__(config)
        self.stop, self.draining = stop, draining

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """Look whether to stop."""
        if self.stop.is_set():
            self.draining()
            self.should_exit = True
        return await super().on_tick(counter)


def serve(
    app: ASGIApp,
    settings: ServeConfig,
    listening: socket.socket,
    stop: Event,
    draining: Callable[[], None] = lambda: None,
) -> None:
    """Serve the application on a socket until the event is set; `draining` is called then."""
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    config = uvicorn.Config(
        app,
        http=protocol_with(settings),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=math.ceil(settings.drain_timeout + TO_ANSWER),
    )
    asyncio.run(Server(config, stop, draining).serve(sockets=[listening]))
