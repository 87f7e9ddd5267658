"""What holds for every request: who may ask, how it is called, and what a browser may do with the answer."""

from __future__ import annotations

import re
from urllib.parse import unquote
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from colorgan.service.problems import ProblemError, answer

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob: data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}
"""What the page may load: its own files, and pictures that it made. Nothing from elsewhere."""

ALONE = POLICY | {"script-src": "'self' 'wasm-unsafe-eval'", "connect-src": "'self' blob:"}
"""The same of the page that colors in the browser, which compiles WebAssembly."""

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
ABSOLUTE = re.compile(rb"https?://([^/]*)(/.*)?", re.IGNORECASE | re.DOTALL)
NAME = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?")
"""A host and a port, in lower case."""


def as_header(policy: dict[str, str]) -> str:
    """A policy as a page or a response has it."""
    return "; ".join(f"{name} {value}" for name, value in policy.items())


HEADERS = {
    "Content-Security-Policy": as_header(POLICY | {"frame-ancestors": "'none'"}),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Guard:
    """Around the whole application: no page of another site can use the service, or rebind a name to it."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self.app, self.names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what comes from elsewhere; mark every answer."""
        scope = _in_origin_form(scope)
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        scope["request_id"] = given if REQUEST_ID.fullmatch(given) else uuid4().hex

        async def mark(message: Message) -> None:
            if message["type"] == "http.response.start":
                marked = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    marked.setdefault(name, value)
                marked["X-Request-ID"] = scope["request_id"]
            await send(message)

        if problem := self._refuse(scope["method"], headers):
            response = await answer(Request(scope), problem)
            await response(scope, receive, mark)
        else:
            await self.app(scope, receive, mark)

    def _refuse(self, method: str, headers: Headers) -> ProblemError | None:
        """Whether a page of another site sent it: by names, which a browser lets no page forge."""
        hosts = headers.getlist("host")
        host = hosts[0].lower() if len(hosts) == 1 else ""
        found = NAME.fullmatch(host)
        if not found or found[1].strip("[]") not in self.names:
            detail = "the Host of this request is no name of the service; --allow-host adds names"
            return _forbidden(detail)
        origins = headers.getlist("origin")
        if any(origin.lower() not in (f"http://{host}", f"https://{host}") for origin in origins):
            return _forbidden("the Origin of this request is another site")
        if method not in ("GET", "HEAD") and headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            return _forbidden("a page of another site sent this request")
        return None


def _in_origin_form(scope: Scope) -> Scope:
    """Turn a request for http://HOST/PATH, as to a proxy, into one for /PATH (RFC 9112, 3.2.2)."""
    if not (found := ABSOLUTE.fullmatch(scope["raw_path"])):
        return scope
    host, path = found[1], found[2] or b"/"
    headers = [(b"host", host), *(pair for pair in scope["headers"] if pair[0] != b"host")]
    return {**scope, "path": unquote(path.decode("ascii")), "raw_path": path, "headers": headers}


def _forbidden(detail: str) -> ProblemError:
    return ProblemError(403, "forbidden", detail, {"Connection": "close"})
