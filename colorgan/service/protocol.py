"""uvicorn's protocol of HTTP/1.1, with the time-outs that it lacks."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from colorgan.config import ServeConfig
from colorgan.service.problems import RETRY_AFTER

LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n"
    b"Retry-After: %d\r\n\r\n" % RETRY_AFTER
)


class TimedProtocol(H11Protocol):
    """A connection whose headers have to arrive in time, and whose answers have to be fetched."""

    settings = ServeConfig()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for headers; refuse one connection too many."""
        self._headers: asyncio.TimerHandle | None = None
        self._flush: asyncio.TimerHandle | None = None
        super().connection_made(transport)  # type: ignore[arg-type]
        if len(self.connections) > self.settings.connections:
            self.transport.write(FULL)
            self.transport.close()
        else:
            self._await_headers()

    def data_received(self, data: bytes) -> None:
        """Take data in; once a request began, its headers are due."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._is_between and self.conn.trailing_data[0]:
            self._await_headers()
        elif not self._is_between:
            _stop(self._headers)
            self._headers = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers, which would keep this in memory."""
        _stop(self._headers)
        _stop(self._flush)
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Close where the client still sends; see to it that it fetches the answer."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self.transport.close()
        _stop(self._flush)
        self._flush = self.loop.call_later(self.settings.body_timeout, self._abort_unfetched)

    @property
    def _is_between(self) -> bool:
        """Whether no request is in hand."""
        return self.cycle is None or self.cycle.response_complete

    def _await_headers(self) -> None:
        if self._headers is None:
            self._headers = self.loop.call_later(self.settings.header_timeout, self._late)

    def _late(self) -> None:
        if not self.transport.is_closing():
            if self.conn.trailing_data[0]:
                self.transport.write(LATE)
            self.transport.close()

    def _abort_unfetched(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()


def _stop(timer: asyncio.TimerHandle | None) -> None:
    if timer:
        timer.cancel()


def protocol_with(settings: ServeConfig) -> type[TimedProtocol]:
    """The protocol with these time-outs."""
    fields: dict[str, Any] = {"settings": settings}
    return type("TimedProtocol", (TimedProtocol,), fields)
