"""A results folder whose photographs a person corrects: save what was changed, and color those again.

Nothing here knows of HTTP.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from filelock import FileLock

from colorgan.batch.entry import Entry
from colorgan.batch.job import Job
from colorgan.batch.made_by import is_alike, settings_of, without_mark
from colorgan.batch.manifest import Manifest
from colorgan.batch.outcome import Outcome
from colorgan.batch.pending import failed
from colorgan.colorizer import Colorizer
from colorgan.config import ColorizeConfig
from colorgan.corrections.file import NAME, Corrections
from colorgan.corrections.merging import Change, merged
from colorgan.errors import ColorganError, UsageError
from colorgan.report import last_run, require_results, rows_of, write_report
from colorgan.report.rules import rules_of, shown
from colorgan.report.thumbnails import Thumbnails
from colorgan.storage.files import make_writable, sha256_of, writing
from colorgan.storage.paths import LOCAL, AnyPath, absolute, locate, storage_of
from colorgan.storage.protocol import Found

Tell = Callable[[dict[str, Any]], object]
"""Is told what happens, as it does."""
REMEDY = "run colorgan-batch as it was run before"
LOCK = f".{NAME}.lock"
"""Of another service for the same folder, while it saves."""
SAVED = f".{NAME}.saved"
"""The SHA-256 of what a service wrote last: that need not be kept when it is replaced."""
PATIENCE = 30.0
"""Seconds to wait for that."""


class EditedFolder:
    """The results of earlier runs, the photographs that they were made of, and the model that made them."""

    def __init__(self, results: Path, source: str | None, colorizer: Colorizer) -> None:
        """Look at the folder, and write its report; `source` is by default what the report tells of.

        Raises UsageError for what cannot be edited, or was made by another model.
        """
        require_results(results)
        make_writable(results)
        self.results, self.stop, run = results, Event(), last_run(results)
        found = locate(source) if source else self._told(run.source if run else "")
        if not found:
            remedy = "name their folder with --input"
            raise UsageError(f"{results}: does not tell which photographs it was made of; {remedy}")
        if not storage_of(found).is_folder(found):
            raise UsageError(f"{found}: there is no such folder; name that of the photographs with --input")
        self.source = absolute(found)
        self._given = self._told(run.corrections if run else "")
        most_pixels = max(ColorizeConfig().max_pixels, colorizer.config.max_pixels)
        self._colorizer = colorizer.with_config(replace(colorizer.config, max_pixels=most_pixels))
        entries = self.entries()
        made = {without_mark(entry.made_by)[0] for entry in entries if entry.output}
        if made and not any(map(self._settings, made)):
            mine, other = colorizer.model.credit.sha256[:12], min(made)[:12]
            raise UsageError(
                f"{results}: was made by another model (SHA-256 {other}..., not {mine}...), or signed; name "
                "that model with --model, or give certificate and key"
            )
        self.outputs = self._write_report(self.corrections(), entries)
        """What the page may show of the folder besides its own files."""

    def entries(self) -> list[Entry]:
        """All that the manifest tells of."""
        return list(Manifest(self.results).entries.values())

    def corrections(self) -> Corrections:
        """Those that count now, as for the next run; UsageError if they are wrong."""
        given = self._given
        if given and not LOCAL.is_file(self.results / NAME) and storage_of(given).is_file(given):
            return Corrections.load(given)
        return Corrections.find(self.results, self.source)

    def save(self, changes: Sequence[Change]) -> Corrections:
        """Write corrections.toml with these changes, whole or not at all, and give what it says.

        All else that stands in it stays. What a person wrote is kept as corrections.toml.bak. UsageError if
        the file, or a change, is wrong, or the folder is gone: it may be on a disk that is not there now.
        """
        require_results(self.results)
        place = Path(os.path.realpath(self.results / NAME))  # several folders may have a link to it
        saved = place.parent / SAVED
        with writing(place), FileLock(place.parent / LOCK, timeout=PATIENCE):
            before = self.corrections()
            new = Corrections.parse(merged(before, changes), place)
            if not changes:
                return new
            if place.is_file():
                if not (saved.is_file() and saved.read_bytes() == sha256_of(place).encode()):
                    LOCAL.keep(place)
            elif place.exists():
                raise UsageError(f"{place}: is no regular file, and cannot be replaced; move it away")
            LOCAL.write(place, new.text.encode())
            LOCAL.write(saved, sha256_of(place).encode())
        return new

    def color_again(self, changes: Iterable[Change], tell: Tell) -> None:
        """Color the photographs whose correction is not the one that their results have.

        The file is read anew: another service, or a person, may have changed it since.

        `tell` gets an event for the beginning, for each photograph, and for the end, which has the rows of
        the report that are others now, and why nothing more was done if that is so.
        """
        corrections = self.corrections()
        left = list(self._left(corrections))
        tell({"event": "coloring", "photographs": len(left)})
        groups, names, why = defaultdict[str, list[str]](list), set[str](), ""
        for entry in left:
            groups[without_mark(entry.made_by)[0]].append(entry.path)
        try:
            for made_by, paths in groups.items():
                for outcome in self._outcomes(made_by, paths, corrections):
                    name = self._name_of(outcome)
                    names.add(name)
                    tell({"event": "photograph", "path": shown(name), "error": outcome.error})
        except ColorganError as error:
            why = str(error)
        if self.stop.is_set() and len(names) < len(left):
            why = "the service stops"
        wanted = {shown(change.what) for change in changes}
        entries = self.entries()
        rows = [entry for entry in entries if entry.path in names or shown(entry.path) in wanted]
        tell(
            {
                "event": "done",
                "rows": list(rows_of(self.results, corrections, rows)),
                "corrections": rules_of(corrections),
                "left": len(left) - len(names),
                "why": why,
            }
        )
        self.outputs = self._write_report(corrections, entries)

    def _write_report(self, corrections: Corrections, entries: list[Entry]) -> frozenset[str]:
        write_report(self.results, corrections=corrections)
        return frozenset(entry.output for entry in entries if entry.output)

    def _left(self, corrections: Corrections) -> Iterator[Entry]:
        for entry in self.entries():
            if entry.output and without_mark(entry.made_by)[1] != corrections.of(entry.path).mark:
                yield entry

    def _outcomes(self, made_by: str, names: list[str], corrections: Corrections) -> Iterator[Outcome]:
        """Color photographs with the settings that they were colored with, and give what became of them."""
        paths = {name: self.source / name for name in names}
        settings = self._settings(made_by)
        if not settings:
            for path in paths.values():
                yield failed(path, f"was colored by another model, or with other settings; {REMEDY}")
            return
        there = [path for path in paths.values() if storage_of(path).is_file(path)]
        for path in paths.values():
            if path not in there:
                yield failed(path, f"is not in {self.source} any more")
        colorizer, prefix = settings
        job = Job(self.source, self.results, tuple(map(Found, there)), prefix=prefix, corrections=corrections)
        yield from colorizer.run(job, self.stop, thumbnails=Thumbnails.of(self.results))

    def _settings(self, made_by: str) -> tuple[Colorizer, str] | None:
        """What colors as results were colored, and their prefix; None if that is not to be had."""
        try:
            config, prefix = settings_of(made_by, self._colorizer.config)
        except (UsageError, ValueError):
            return None
        colorizer = self._colorizer.with_config(config)
        job = Job(self.source, self.results, (), prefix=prefix)
        return (colorizer, prefix) if is_alike(colorizer.made_by(job), made_by) else None

    def _name_of(self, outcome: Outcome) -> str:
        return outcome.path.relative_to(self.source).as_posix()

    def _told(self, place: str) -> AnyPath | None:
        """A place that the report tells of, as `seen_from` gives it; None if it tells of none."""
        if not place:
            return None
        return locate(place if "://" in place else self.results.absolute() / place)
