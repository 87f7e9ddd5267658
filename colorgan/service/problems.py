"""Why a request is refused, as RFC 9457 has it: application/problem+json."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse

RETRY_AFTER = 2
"""Seconds after which a request that found no room may come again."""


@dataclass(eq=False)
class ProblemError(Exception):
    """A request that is not served; `code` is HTTP's."""

    code: int
    title: str
    detail: str
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def busy(cls, detail: str) -> ProblemError:
        """503, to be tried again."""
        return cls(503, "busy", detail, {"Retry-After": str(RETRY_AFTER)})


async def answer(request: Request, problem: Exception) -> JSONResponse:
    """The response that names a problem."""
    assert isinstance(problem, ProblemError)
    told = {
        "title": problem.title,
        "status": problem.code,
        "detail": problem.detail,
        "request_id": request.scope.get("request_id", ""),
    }
    return JSONResponse(told, problem.code, problem.headers, media_type="application/problem+json")
