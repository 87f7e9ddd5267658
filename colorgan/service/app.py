"""The application: what is answered to which request."""

from __future__ import annotations

import asyncio
import logging
import re
from concurrent.futures import Future
from dataclasses import replace
from pathlib import PurePath
from time import perf_counter
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from colorgan.batch.outcome import how_words
from colorgan.colorizer import Colorizer
from colorgan.config import ColorizeConfig, ServeConfig
from colorgan.errors import (
    ImageError,
    NotAnImageError,
    PredictError,
    TooLargeError,
    TooManyPixelsError,
    UsageError,
)
from colorgan.painting.colored import Colored
from colorgan.photo.formats import mime_of
from colorgan.service.documentation import documentation, openapi
from colorgan.service.draining import Draining
from colorgan.service.edited import EditedFolder
from colorgan.service.editing import METHODS, Editing
from colorgan.service.guard import Guard
from colorgan.service.meters import Meters
from colorgan.service.page_files import SERVED, TYPES, page_of
from colorgan.service.problems import ProblemError, answer
from colorgan.service.studio import FullError, Studio
from colorgan.service.uploads import Linger, Uploads, check_type

LOG = logging.getLogger("colorgan.service")
PROBE_TIMEOUT = 10.0
"""Seconds after which a service whose model does not answer is not ready."""


class Service:
    """A model behind HTTP. It asks nobody for anything, and writes to no disk but what is edited."""

    def __init__(
        self, colorizer: Colorizer, settings: ServeConfig, edited: EditedFolder | None = None
    ) -> None:
        self.settings = settings
        self.studio = Studio(colorizer, settings.queue)
        memory = colorizer.config.memory * 1_000_000
        self.uploads = Uploads(settings.max_upload * 1_000_000, memory, settings.body_timeout)
        self.meters = Meters(self.studio, self.uploads)
        self.draining = Draining(settings.drain_timeout)
        self.editing = Editing(edited, self.uploads) if edited else None
        editing = [Route("/edit/{rest:path}", self.editing.answer, methods=METHODS)] if self.editing else []
        routes = [
            *editing,
            Route("/colorize", self.colorize, methods=["POST"]),
            Route("/health", self.health),
            Route("/ready", self.ready),
            Route("/metrics", self.metrics),
            Route("/openapi.json", self.openapi),
            Route("/docs", self.documentation),
            *(Route(f"/{name}", self.page) for name in ("", *page_of("served", SERVED))),
        ]
        self.app = Starlette(
            routes=routes,
            middleware=[Middleware(Guard, settings.names), Middleware(Linger)],
            exception_handlers={ProblemError: answer, HTTPException: _plain},
        )

    def drain(self) -> None:
        """Begin to stop: what was begun has until `--drain-timeout`."""
        self.draining.begin()
        if self.editing:
            self.editing.folder.stop.set()

    def close(self) -> None:
        """Drop what waits, finish what is worked on."""
        self.studio.close()
        if self.editing:
            self.editing.close()

    async def colorize(self, request: Request) -> Response:
        """POST: the bytes of a photograph in, those of the result out."""
        try:
            with self.draining.under_way():
                response = await self._colorize(request)
        except ProblemError as problem:
            self.meters.requests.labels(problem.code).inc()
            raise
        except Exception as error:  # a fault of ours: the client gets a number, and the log the traceback
            self.meters.requests.labels(500).inc()
            LOG.exception("request %s", request.scope["request_id"])
            detail = "a fault of the service; its log has the traceback, by request_id"
            raise ProblemError(500, "internal error", detail) from error
        self.meters.requests.labels(response.status_code).inc()
        return response

    async def _colorize(self, request: Request) -> Response:
        config = _asked(request, self.studio.colorizer.config)
        check_type(request)
        if self.studio.is_full:
            raise ProblemError.busy("too many photographs wait already")
        async with self.uploads.receive(request) as data:
            self.meters.received.inc(len(data))
            started = perf_counter()
            try:
                future = self.studio.submit(data, config)
            except FullError as error:
                raise ProblemError.busy("too many photographs wait already") from error
            colored = await self._work(request, future)
            self.meters.seconds.observe(perf_counter() - started)
        self.meters.photographs.labels(colored.status).inc()
        self.meters.sent.inc(len(colored.data))
        headers = {"X-Colorgan-Status": str(colored.status)}
        if colored.how:
            how = how_words(colored.how, colored.note)
            headers["X-Colorgan-How"] = how.encode("ascii", "replace").decode()
        if not colored.data:
            return Response(status_code=204, headers=headers)
        return Response(colored.data, media_type=mime_of(colored.format), headers=headers)

    async def _work(self, request: Request, future: Future[Colored]) -> Colored:
        """Wait for a result in time, unless the client goes away; what has not begun is dropped then."""
        work = asyncio.wrap_future(future)
        gone = asyncio.ensure_future(request.receive())
        try:
            await asyncio.wait(
                (work, gone), timeout=self.settings.work_timeout, return_when=asyncio.FIRST_COMPLETED
            )
            if work.done():
                return work.result()
            if gone.done():
                raise ProblemError(400, "cut off", "the client went away before the result was there")
            raise ProblemError.busy(
                f"the photograph was not done within {self.settings.work_timeout:g} seconds"
            )
        except ImageError as error:
            raise _refusal(error) from error
        except (PredictError, MemoryError) as error:
            LOG.error("request %s: %s", request.scope["request_id"], error)
            raise ProblemError.busy("there is no memory for this photograph now") from error
        finally:
            work.cancel()
            gone.cancel()

    async def health(self, _: Request) -> Response:
        """GET: whether the process answers."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """GET: whether a prediction runs, and where."""
        if self.draining.has_begun:
            raise ProblemError.busy("the service is about to stop")
        try:
            async with asyncio.timeout(PROBE_TIMEOUT):
                seconds = await asyncio.to_thread(self.studio.probe)
        except Exception as error:
            LOG.exception("the model does not predict")
            raise ProblemError.busy("the model does not predict now") from error
        model = self.studio.colorizer.model
        told = {"status": "ready", "device": model.runs_on, "model": model.credit.model, "seconds": seconds}
        return JSONResponse(told | {"sha256": model.credit.sha256})

    async def metrics(self, _: Request) -> Response:
        """GET: counters for Prometheus."""
        return Response(self.meters.text(), headers={"Content-Type": self.meters.content_type})

    async def openapi(self, _: Request) -> Response:
        """GET: what can be asked, for programs."""
        return JSONResponse(openapi(self.settings))

    async def documentation(self, _: Request) -> Response:
        """GET: the same, for people."""
        return Response(documentation(self.settings), media_type="text/html")

    async def page(self, request: Request) -> Response:
        """GET: the page, and the files that it needs."""
        name = request.url.path.strip("/") or "index.html"
        return Response(page_of("served", SERVED)[name], media_type=TYPES[PurePath(name).suffix])


ASKED = ("saturation", "format", "quality")
"""The settings that a request may choose."""


def _asked(request: Request, config: ColorizeConfig) -> ColorizeConfig:
    """The settings with those of a request's query; raises ProblemError."""
    query = request.query_params.multi_items()
    values: dict[str, Any] = dict(query)
    if unknown := values.keys() - set(ASKED):
        detail = f"there is no parameter {min(unknown)[:80]!r}; there are {', '.join(ASKED)}"
        raise ProblemError(400, "bad query", detail)
    if len(values) < len(query):
        raise ProblemError(400, "bad query", "a parameter is given twice")
    try:
        for name, kind in (("saturation", float), ("quality", _quality)):
            if name in values:
                values[name] = kind(values[name])
        return replace(config, **values)
    except UsageError as error:
        raise ProblemError(400, "bad query", str(error)) from error
    except ValueError as error:
        raise ProblemError(
            400, "bad query", f"{name} is {values[name][:80]!r}; it must be a number"
        ) from error


def _quality(text: str) -> int:
    """A number from 1, or 0 for `auto`."""
    number = 0 if text == "auto" else int(text)
    if number == 0 and text != "auto":
        raise UsageError("quality is 0; it must be a number from 1 to 100, or auto")
    return number


def _refusal(error: ImageError) -> ProblemError:
    """Why a photograph is refused, in words for a client, who knows no options."""
    reason = re.split("; (?:needs )?--", f"the photograph {error.reason}")[0]
    if isinstance(error, NotAnImageError):
        return ProblemError(415, "unsupported type", reason)
    if isinstance(error, TooManyPixelsError | TooLargeError):
        return ProblemError(413, "too large", reason)
    return ProblemError(422, "cannot be colored", reason)


async def _plain(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    problem = ProblemError(error.status_code, error.detail.lower(), error.detail, dict(error.headers or {}))
    return await answer(request, problem)
