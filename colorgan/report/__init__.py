"""A page that shows what became of every photograph: open `report/index.html` in a browser, from disk."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined

from colorgan.batch.entry import Entry
from colorgan.batch.manifest import Manifest
from colorgan.batch.manifest_store import NAME
from colorgan.batch.outcome import Status, how_words, status_words
from colorgan.batch.stores import manifests_of
from colorgan.corrections.correction import MARK
from colorgan.corrections.file import NAME as CORRECTIONS
from colorgan.corrections.file import Corrections
from colorgan.errors import RunError, UsageError, reason_of
from colorgan.report.rules import correction_of, rules_of, shown
from colorgan.report.thumbnails import FOLDER, Thumbnails
from colorgan.storage.files import atomic_file
from colorgan.version import __version__

RUN = "run.json"
PAGE = ("theme.css", "style.css", "editor.css", "spread.js", "script.js", "toml.js", "editor.js")
SOURCE = files("colorgan.report") / "page"


@dataclass(frozen=True)
class RunSummary:
    """What is to be said of the last run as a whole."""

    finished: str
    """Date and time."""
    seconds: float
    images: int
    """Colored in this run."""
    runs_on: str
    model: str
    license: str
    model_card: str
    shares: dict[str, float] = field(default_factory=dict)
    """Of the stages in all the work, the largest first."""
    source: str = ""
    """The folder of the photographs, from the results folder on; a URL stays as it is."""
    corrections: str = ""
    """The file of corrections that counted, likewise."""


def write_report(
    results: Path, run: RunSummary | None = None, corrections: Corrections | None = None
) -> Path:
    """Write the page for all photographs in the manifest of a results folder; return its path.

    Pictures that are missing are made from the results. Without `run`, what the last run with a report said
    of itself is shown again. `corrections` are those of the run; without them, those of the results folder
    or, if it has none, of the last run with a report. The page has an editor that changes them.
    """
    require_results(results)
    folder = results / FOLDER
    try:
        folder.mkdir(exist_ok=True)
        corrections = _corrections(results, folder, corrections)
        if run:
            _write(folder / RUN, json.dumps(asdict(run)))
        entries: dict[str, Entry] = Manifest(results).entries
        rows = list(rows_of(results, corrections, entries.values()))
        for name in PAGE:
            _write(folder / name, (SOURCE / name).read_text("utf-8"))
        known = as_script(rules_of(corrections))
        _write(folder / "data.js", f"const PHOTOGRAPHS = {as_script(rows)};\nconst CORRECTIONS = {known};\n")
        _write(folder / "index.html", as_page(results, entries.values()))
    except OSError as error:
        raise RunError(f"{folder}: the report cannot be written ({reason_of(error)})") from error
    return folder / "index.html"


def require_results(results: Path) -> None:
    """Raise UsageError for what is no folder of results."""
    if not manifests_of(results).is_there():
        raise UsageError(f"{results}: has no {NAME}; it is not a results folder of colorgan-batch")


def as_page(results: Path, entries: Collection[Entry], *, saves: bool = False) -> str:
    """The page, without its data; `saves`: it is served by what saves corrections."""
    # Everything that comes from files is text to the template, and escaped.
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    template = environment.from_string((SOURCE / "index.html.j2").read_text("utf-8"))
    counts = Counter(entry.status for entry in entries)
    return template.render(version=__version__, counts=counts, run=last_run(results), saves=saves)


def as_script(value: Any) -> str:
    """JSON that can stand in a script, whatever the text in it: no tag, no entity, ASCII only."""
    text = json.dumps(value, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def as_link(*parts: str) -> str:
    """A relative link to a file, whatever its name, even if it is not UTF-8."""
    return quote(os.fsencode("/".join(parts)))


def _corrections(results: Path, folder: Path, given: Corrections | None) -> Corrections:
    """Those that the editor begins with; what a run was given is kept for the next report."""
    if given is None:
        return Corrections.find(results, folder)
    _write(folder / CORRECTIONS, given.text)
    return given


def rows_of(results: Path, corrections: Corrections, entries: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    """What the page shows of these photographs, by their paths; pictures that are missing are made."""
    thumbnails = Thumbnails.of(results)
    for entry in sorted(entries, key=lambda entry: entry.path):
        row: dict[str, Any] = {
            "path": shown(entry.path),
            "status": entry.status,
            "words": status_words(entry.status),
            "how": how_words(entry.how, entry.note),
            "error": entry.error or _kind(entry),
            "seconds": entry.seconds,
            "colorfulness": entry.colorfulness,
        }
        if entry.output and (results / entry.output).is_file():
            row["link"] = as_link("..", entry.output)
            is_predicted = entry.status == Status.COLORED and MARK not in entry.made_by
            if thumbnails.ensure(entry.path, results / entry.output, is_predicted):
                pair = (path.relative_to(results / FOLDER) for path in thumbnails.pair(entry.path))
                before, after = (as_link(path.as_posix()) for path in pair)
                row["after"] = after
                row["before"] = before if entry.status == Status.COLORED else after
                planes = thumbnails.planes(entry.path)
                if entry.status in (Status.COLORED, Status.LEFT) and planes.is_file():
                    row["planes"] = as_link(planes.relative_to(results / FOLDER).as_posix())
                    row |= correction_of(corrections, entry.path)
        yield row


def _kind(entry: Entry) -> str:
    return f"is not read: {entry.note}" if entry.status == Status.NOT_READ else ""


def last_run(results: Path) -> RunSummary | None:
    """What the last run with a report said of itself."""
    try:
        return RunSummary(**json.loads((results / FOLDER / RUN).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write(path: Path, text: str) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")
