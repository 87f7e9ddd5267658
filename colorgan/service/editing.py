"""The report with an editor that saves, for one user, who has the token that is in its address.

Without the token, nothing is told and nothing is written.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse

from colorgan.corrections.correction import all_of
from colorgan.corrections.merging import Change
from colorgan.errors import RunError, UsageError
from colorgan.photo.formats import format_of_name, mime_of
from colorgan.report import PAGE, SOURCE, as_page
from colorgan.report.thumbnails import FOLDER
from colorgan.service.edited import EditedFolder
from colorgan.service.page_files import TYPES
from colorgan.service.problems import ProblemError
from colorgan.service.uploads import Uploads

LOG = logging.getLogger("colorgan.service")
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
"""All get 403 without the token."""
INDEX, SAVE = f"{FOLDER}/index.html", f"{FOLDER}/corrections"
FIXED = (*PAGE, "save.js")
MADE = re.compile(FOLDER + r"/(data\.js|thumbnails/[0-9a-f]{2}/[0-9a-f]{18}-(before|after|planes)\.(jpg|js))")
"""What write_report makes."""

Result = TypeVar("Result")


class Editing:
    """What is answered below /edit/TOKEN/."""

    def __init__(self, folder: EditedFolder, uploads: Uploads) -> None:
        self.folder, self.uploads = folder, uploads
        self.token = secrets.token_urlsafe(32)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="editing")  # one save after the other

    @property
    def path(self) -> str:
        """Of the page, to be kept from others."""
        return f"edit/{self.token}/"

    def close(self) -> None:
        """Finish what was begun, and wait for it."""
        self.folder.stop.set()
        self._thread.shutdown(wait=True)

    async def answer(self, request: Request) -> Response:
        """Any request below /edit/."""
        raw = request.scope["raw_path"].partition(b"?")[0].removeprefix(b"/edit/")
        token, _, rest = raw.partition(b"/")
        if not secrets.compare_digest(token, self.token.encode()):
            detail = "this address needs the token that colorgan serve --edit showed when it was started"
            raise ProblemError(403, "forbidden", detail, {"Connection": "close"})
        name = os.fsdecode(unquote_to_bytes(rest))
        if request.method == "POST" and name == SAVE:
            return await self._save(request)
        if request.method not in ("GET", "HEAD"):
            raise ProblemError(
                405, "method not allowed", "only corrections can be sent", {"Allow": "GET, HEAD"}
            )
        if not name or name == FOLDER:
            return RedirectResponse(f"/{self.path}{INDEX}")
        try:
            return await asyncio.to_thread(self._file, name)
        except (OSError, ValueError, RunError) as error:
            raise ProblemError(404, "not found", "the file cannot be read") from error

    def _file(self, name: str) -> Response:
        """The page, what belongs to it, or a result that the manifest names."""
        if name == INDEX:
            page = as_page(self.folder.results, self.folder.entries(), saves=True)
            return Response(page, media_type="text/html")
        place = self.folder.results / name
        folder, _, base = name.rpartition("/")
        if folder == FOLDER and base in FIXED:
            return Response((SOURCE / base).read_bytes(), media_type=TYPES[Path(base).suffix])
        if not (MADE.fullmatch(name) or name in self.folder.outputs) or not place.is_file():
            raise ProblemError(404, "not found", "there is nothing of this name")
        return FileResponse(place, media_type=TYPES.get(place.suffix) or mime_of(format_of_name(place)))

    async def _save(self, request: Request) -> Response:
        """Save corrections, and tell line by line how photographs are colored again."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        if kind != "application/json":
            raise ProblemError(415, "unsupported type", "send JSON, as application/json")
        async with self.uploads.receive(request) as data:
            try:
                values = json.loads(data)
                changes = [Change.read(each) for each in all_of("rules", values["rules"], dict)]
                await self._in_turn(lambda: self.folder.save(changes))
            except UsageError as error:
                raise ProblemError(422, "cannot be saved", str(error)) from error
            except RunError as error:  # a full disk
                raise ProblemError.busy(str(error)) from error
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                raise ProblemError(400, "bad request", 'send {"rules": [...]} as JSON') from error
        loop, events = asyncio.get_running_loop(), asyncio.Queue[dict[str, Any] | None]()

        def tell(event: dict[str, Any] | None) -> None:
            with suppress(RuntimeError):  # the service is over, and so is its loop
                loop.call_soon_threadsafe(events.put_nowait, event)

        def work() -> None:
            try:
                self.folder.color_again(changes, tell)
            except UsageError as error:
                tell({"event": "failed", "why": str(error)})
            except Exception:
                LOG.exception("request %s", request.scope["request_id"])
                tell({"event": "failed", "why": "a fault of the service; its log has the traceback"})
            finally:
                tell(None)

        self._thread.submit(work)

        async def lines() -> AsyncIterator[bytes]:
            while event := await events.get():
                yield json.dumps(event).encode() + b"\n"

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    async def _in_turn(self, work: Callable[[], Result]) -> Result:
        return await asyncio.wrap_future(self._thread.submit(work))
