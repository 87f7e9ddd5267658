"""Color what is dropped into a folder, once it is whole. All that is remembered is in the manifest.

Links below the folder are not followed: one could lead out of it, or to the results. Changes behind a link
are not announced.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from threading import Event
from time import monotonic

from colorgan.batch.job import PREFIX, Job
from colorgan.batch.manifest import Manifest
from colorgan.batch.outcome import Outcome, Status
from colorgan.batch.pending import is_same, pending
from colorgan.batch.sources import has_image_suffix
from colorgan.colorizer import Colorizer
from colorgan.config import WatchConfig
from colorgan.corrections.file import NAME as CORRECTIONS
from colorgan.corrections.file import Corrections
from colorgan.errors import ImageError, InUseError, RunError, UsageError, reason_of
from colorgan.photo.image import Photo
from colorgan.storage.files import make_writable
from colorgan.storage.paths import LOCAL, storage_of
from colorgan.storage.protocol import UNREAD, Found, Stamp

TICK = 0.5
"""Seconds from one look at the files that wait to the next."""
SURVEY = 300.0
"""Seconds after which the whole folder is looked through, as an announcement may be lost."""
PATIENCE = 10
"""A JPEG that is cut short, or a file whose header cannot be read, is given so many times the time."""
Looks = tuple[tuple[Stamp | None, ...], tuple[Stamp | None, ...]]
UNDECODABLE = "Unable to decode"
"""What watchfiles says of a name that is not UTF-8."""


@dataclass
class Watch:
    """A folder that is watched, and where its results go."""

    source: Path
    destination: Path
    settings: WatchConfig
    prefix: str = PREFIX
    warn: Callable[[str], object] = lambda _: None
    """Is told what is wrong, in a line."""
    links: int = 0
    """Links that were found below the folder, and left alone."""
    _waiting: dict[Path, tuple[Stamp, float]] = field(default_factory=dict)
    """What is not done yet: how it was last seen, and since when it is so."""
    _corrected: Looks = ((), ())
    """corrections.toml in both places, as it was at the last look and when it last counted."""
    _good: Corrections | None = None
    _fault: str = ""
    """What was said of corrections that cannot be read."""

    def __post_init__(self) -> None:
        self.source, self.destination = LOCAL.absolute(self.source), LOCAL.absolute(self.destination)
        if not LOCAL.is_folder(self.source):
            raise UsageError(f"{self.source}: there is no such folder")
        for one, other in ((self.source, self.destination), (self.destination, self.source)):
            if one == other or one in other.parents:
                raise UsageError(
                    f"{self.destination} and {self.source} overlap; choose another folder for results"
                )
        self._job([]).check_names()

    def outcomes(self, colorizer: Colorizer, stop: Event) -> Iterator[Outcome]:
        """Color what is there and what comes, until told to stop.

        UsageError if no results can be written, RunError if that is so later, or the folder is gone.
        """
        make_writable(self.destination)
        surveyed, seen = -SURVEY, ""
        for changed in self._changes(stop):
            now = monotonic()
            if not LOCAL.is_folder(self.source):
                raise RunError(f"{self.source}: is gone; start again when it is back")
            is_due = now - surveyed >= SURVEY
            is_due |= self._is_corrected()
            if self.settings.poll or is_due:
                files, state = self._survey()
                if state != seen or is_due:
                    changed |= set(self._not_done(colorizer, files, is_first=not seen))
                    surveyed, seen = now, state
            for path in changed:
                self._waiting.setdefault(path, (UNREAD, now))
            ripe = [path for path in list(self._waiting) if self._is_ripe(path, now)]
            try:
                yield from self._color(colorizer, ripe, stop)
            except InUseError:  # to be tried again
                self._waiting |= dict.fromkeys(ripe, (UNREAD, now))
        self._survey()  # counts the links that are there now

    def _color(self, colorizer: Colorizer, paths: list[Path], stop: Event) -> Iterator[Outcome]:
        if not paths or stop.is_set():
            return
        if not storage_of(self.destination).tells_case_apart(self.destination):
            paths, _ = self._survey()  # two names may be one there: all are to be known
        for outcome in colorizer.run(self._job(paths), stop):
            if outcome.status is not Status.DONE:
                yield outcome

    def _job(self, paths: list[Path]) -> Job:
        found = tuple(map(Found, paths))
        return Job(self.source, self.destination, found, prefix=self.prefix, corrections=self._corrections())

    def _corrections(self) -> Corrections:
        """Those of the file or, while it is wrong, the last good ones; UsageError if there were none."""
        try:
            self._good, self._fault = Corrections.find(self.destination, self.source), ""
        except UsageError as error:
            if self._good is None:
                raise
            if str(error) != self._fault:
                self.warn(f"{error}; until then, the corrections before it count")
            self._fault = str(error)
        return self._good

    def _is_corrected(self) -> bool:
        """Whether corrections.toml is another than counted last, and did not change since the last look."""
        now = tuple(_stamp_of(folder / CORRECTIONS) for folder in (self.destination, self.source))
        before, counted = self._corrected
        if not before:  # the first look, when all is surveyed
            counted = now
        is_still = now == before
        self._corrected = now, now if is_still else counted
        return is_still and now != counted

    def _not_done(self, colorizer: Colorizer, files: list[Path], is_first: bool) -> Iterator[Path]:
        """The files that the manifest does not know as they are; what failed is tried again at the start."""
        job, manifest = self._job(files), Manifest(self.destination)
        for item in pending(job, manifest, colorizer.made_by(job)):
            if isinstance(item, Found):
                entry = manifest.entries.get(job.name_of(item.path))
                if is_first or not (entry and entry.status == Status.FAILED and is_same(item, entry)):
                    yield item.path

    def _survey(self) -> tuple[list[Path], str]:
        """All images in the folder and below, without following links, and a digest of their state."""
        found, digest, folders = list[Path](), sha256(), [self.source]
        self.links = 0
        while folders:
            try:
                with os.scandir(folders.pop()) as entries:
                    visible = [entry for entry in entries if entry.name[0] != "."]
                for entry in sorted(visible, key=lambda each: each.name):
                    if entry.is_symlink():
                        self.links += 1
                    elif entry.is_dir():
                        folders.append(Path(entry.path))
                    elif has_image_suffix(path := Path(entry.path)):
                        seen = entry.stat()
                        digest.update(os.fsencode(f"{path}\0{seen.st_size} {seen.st_mtime_ns}\0"))
                        found.append(path)
            except OSError:  # gone meanwhile, or not to be read: the next survey sees
                continue
        return sorted(found), digest.hexdigest()

    def _changes(self, stop: Event) -> Iterator[set[Path]]:
        """What may have changed, every now and then; often nothing.

        It polls from the first name on that is not UTF-8, as that ends the announcements.
        """
        if not self.settings.poll:
            yield from self._announced(stop)
        while not stop.wait(self.settings.interval):
            yield set()

    def _announced(self, stop: Event) -> Iterator[set[Path]]:
        from watchfiles import Change, watch

        try:
            for changes in watch(
                self.source,
                watch_filter=None,
                debounce=300,
                rust_timeout=round(1000 * TICK),
                yield_on_timeout=True,
                stop_event=stop,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                yield {
                    path
                    for change, name in changes
                    if change is not Change.deleted
                    for path in self._files_of(Path(name))
                }
        except (OSError, RuntimeError, UnicodeError) as error:
            if not LOCAL.is_folder(self.source):
                raise RunError(f"{self.source}: is gone; start again when it is back") from error
            if isinstance(error, UnicodeError) or UNDECODABLE in str(error):
                self.settings = replace(self.settings, poll=True)
                return
            raise RunError(
                f"{self.source}: cannot be watched ({reason_of(error)}); --poll looks again and again"
            ) from error

    def _files_of(self, path: Path) -> list[Path]:
        """A file that was announced, or the files of a folder that was moved here."""
        below = path.parts[len(self.source.parts) :]
        if any(name.startswith(".") for name in below) or Path(os.path.realpath(path)) != path:
            return []
        if path.is_dir():
            return [each for each in self._survey()[0] if path in each.parents]
        return [path] if has_image_suffix(path) else []

    def _is_ripe(self, path: Path, now: float) -> bool:
        """Whether a file that waits is whole, as far as can be told; one that is gone waits no more."""
        before, since = self._waiting[path]
        stamp = _stamp_of(path)
        if stamp is None:
            del self._waiting[path]
            return False
        if stamp != before:
            self._waiting[path] = stamp, now
            return False
        still = now - since
        if still < self.settings.settle or not (still >= PATIENCE * self.settings.settle or _is_whole(path)):
            return False
        del self._waiting[path]
        return True


def _stamp_of(path: Path) -> Stamp | None:
    try:
        return storage_of(path).stat(path)
    except OSError:
        return None


def _is_whole(path: Path) -> bool:
    try:
        return Photo.read(path, pages=True).missing is None
    except ImageError:
        return False
