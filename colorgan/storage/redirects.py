"""Follow the redirects of a web server to https alone, as its library would follow one to plain http."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def only_https() -> dict[str, Any]:
    """The options of fsspec's file system for https; ImportError if its library is missing."""
    from aiohttp import TraceConfig

    trace = TraceConfig()
    trace.on_request_redirect.append(_check)
    return {"client_kwargs": {"trace_configs": [trace]}}


async def _check(_session: object, _context: SimpleNamespace, hop: Any) -> None:
    """Raise OSError before a hop that is not to https; `hop` is aiohttp's TraceRequestRedirectParams."""
    from yarl import URL

    place = hop.response.headers.get("Location") or hop.response.headers.get("URI") or ""
    target = hop.response.url.join(URL(place))
    if target.scheme != "https":
        raise OSError(f"it redirects to {target.scheme}://, where anyone may change it; download it yourself")
