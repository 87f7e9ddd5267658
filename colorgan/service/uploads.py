"""Receive a photograph's bytes: counted while they come, in time, and all of them within a limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from colorgan.service.problems import ProblemError

TYPES = frozenset({"application/octet-stream", "binary/octet-stream", "application/x-www-form-urlencoded"})
"""Content types that say nothing of a photograph: curl's --data-binary sends the last one."""

LINGER_SECONDS, LINGER_BYTES = 2.0, 64_000_000
"""How long, and for how many bytes, one listens on after refusing an upload."""


@dataclass
class Uploads:
    """The uploads that are in memory, of all requests together."""

    most_each: int
    """Bytes of one."""
    most_together: int
    seconds: float
    """For one to arrive."""
    held: int = 0

    @asynccontextmanager
    async def receive(self, request: Request) -> AsyncIterator[bytes]:
        """The body of a request; it counts as held for as long as this lasts. Raises ProblemError."""
        body = bytearray()
        try:
            await self._collect(request, body)
            yield bytes(body)
        finally:
            self.held -= len(body)

    async def _collect(self, request: Request, body: bytearray) -> None:
        try:
            self._check(int(request.headers.get("content-length", 0)))
            async with asyncio.timeout(self.seconds):
                async for chunk in request.stream():
                    self.held += len(chunk)
                    body += chunk
                    self._check(len(body))
        except TimeoutError as error:
            detail = f"the photograph did not arrive within {self.seconds:g} seconds"
            raise ProblemError(408, "too slow", detail, {"Connection": "close"}) from error
        except ClientDisconnect as error:
            raise ProblemError(400, "cut off", "the client went away before all was sent") from error

    def _check(self, size: int) -> None:
        if size > self.most_each:
            detail = f"the file has more than {self.most_each:,} bytes, which is the limit"
            raise ProblemError(413, "too large", detail)
        if self.held > self.most_together:
            raise ProblemError.busy("there is no memory for another photograph now")


def check_type(request: Request) -> None:
    """Refuse what says that it is no picture, before any of it is read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind not in TYPES and not kind.startswith("image/"):
        detail = f"send the bytes of a photograph as they are, as image/jpeg and the like, not as {kind[:80]}"
        raise ProblemError(415, "unsupported type", detail)
    if coding := request.headers.get("content-encoding"):
        raise ProblemError(
            415, "unsupported type", f"the body is compressed by {coding[:80]}; send it as it is"
        )


class Linger:
    """Let a client that still sends read why it was refused: closing at once would reset its connection."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then listen on for a little while before the answer counts as complete."""
        is_read = False
        has_body = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])

        async def watch() -> Message:
            nonlocal is_read
            message = await receive()
            is_read = message["type"] == "http.disconnect" or not message.get("more_body", False)
            return message

        async def hold(message: Message) -> None:
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if not last or is_read or not has_body:
                await send(message)
                return
            await send({**message, "more_body": True})
            await drain()
            await send({"type": "http.response.body", "body": b""})

        async def drain() -> None:
            left = LINGER_BYTES
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_SECONDS):
                    while not is_read and left > 0:
                        left -= len((await watch()).get("body", b""))

        await self.app(scope, watch, hold)
