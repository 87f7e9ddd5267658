"""One run over a folder: which files to take, and where the results belong."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Any

from PIL import Image

from colorgan.batch.manifest import Entry, Manifest
from colorgan.batch.outcome import Outcome
from colorgan.batch.sharding import Shard
from colorgan.batch.sources import has_image_suffix, read_list, walk_files
from colorgan.errors import ImageError, UsageError
from colorgan.photo.encode import suffix_of
from colorgan.storage.files import LEFTOVER
from colorgan.storage.paths import AnyPath, Listing, ObjectPath, absolute, is_file, locate, stamp

PREFIX = "colorized_"

LONGEST_NAME = 255 - len(f".{LEFTOVER}")
"""In bytes: file systems take 255, and a result is first written under a longer, temporary name."""


@dataclass(frozen=True)
class Job:
    """The files of a folder or of a list, and the folder for the results."""

    root: AnyPath
    """The folder whose sub-folders are kept in the results."""
    destination: AnyPath
    listed: tuple[AnyPath, ...] | None = None
    """Files that were named one by one; None: all in `root`."""
    include: tuple[str, ...] = ()
    """Patterns such as `1911/*.jpg` for paths in the root, or for names; without any, all are taken."""
    exclude: tuple[str, ...] = ()
    limit: int = 0
    """Files to work on in one run, besides those done before; 0: all."""
    prefix: str = PREFIX
    shard: Shard | None = None
    """The part of the files to take; None: all."""
    listing: Listing | None = None
    """The objects in `root`, if it is in object storage."""

    @classmethod
    def plan(cls, source: str | PurePath, destination: str | PurePath, **options: Any) -> Job:
        """Take the files of `source`, and refuse at once what cannot work.

        `source` is a folder, a file, `@LIST` for the files that the file LIST names, or `-` for those that
        standard input names; each may be a URL. `options` are further fields of a Job.
        """
        name, destination = str(source), locate(destination)
        if isinstance(destination, Path) and destination.exists() and not destination.is_dir():
            raise UsageError(f"{destination}: is a file; name a folder for the results")
        if name == "-" or name.startswith("@"):
            job = cls(Path.cwd(), destination, tuple(read_list(name)), **options)
        elif is_file(path := locate(source)):
            parent = absolute(path.parent)
            job = cls(parent, destination, (parent / path.name,), **options)
        elif isinstance(path, ObjectPath):
            job = cls(path, destination, listing=Listing(path), **options)
        elif path.is_dir():
            job = cls(path.resolve(), destination, **options)
        else:
            raise UsageError(f"{source}: there is no such folder or file")
        job._check(name)
        return job

    def _check(self, source: str) -> None:
        results = absolute(self.destination)
        if self.listed is None and results in (self.root, *self.root.parents):
            where = "is the input folder itself" if results == self.root else "holds the input folder"
            raise UsageError(f"{self.destination}: {where}; choose another folder for the results")
        if self.prefix != Path(self.prefix).name and self.prefix:
            raise UsageError(f"prefix is {self.prefix!r}; it must be the beginning of a file's name")
        if not any(self.takes(path) for path in replace(self, shard=None).files()):
            left = " that --include and --exclude leave" if self.include or self.exclude else ""
            where = "there is no such bucket or folder, or" if self.listing else "there are"
            raise UsageError(f"{source}: {where} no images in it{left} (such as .jpg, .png, .tif, .webp)")

    def files(self, unreadable: Callable[[AnyPath, str], None] = lambda *_: None) -> Iterator[AnyPath]:
        """Every file that the patterns leave, found anew at each call; unreadable folders are reported.

        Listed files in the results folder are left out if they have a result's name.
        """
        results = absolute(self.destination)
        if self.listed is not None:
            for path in filter(self._is_wanted, self.listed):
                if results not in path.parents or not path.name.startswith(self.prefix):
                    yield path
        elif isinstance(self.root, Path):
            beside = results if isinstance(results, Path) else None
            yield from filter(self._is_wanted, walk_files(self.root, beside, unreadable))
        elif self.listing:
            inside = results.is_relative_to(self.root)
            objects = (path for path in self.listing if not inside or not path.is_relative_to(results))
            yield from filter(self._is_wanted, objects)
            for name in self.listing.unnameable:
                unreadable(self.root, f"holds {name!r}, of which colorgan can make no path; rename it")

    @property
    def is_remote(self) -> bool:
        """Whether files come from object storage, or go there."""
        places = (self.root, self.destination, *(self.listed or ())[:1])
        return any(isinstance(place, ObjectPath) for place in places)

    def takes(self, path: AnyPath) -> bool:
        """Whether a file is to be colored: it was named itself, or its name is that of an image."""
        return self.listed is not None or has_image_suffix(path)

    def relative(self, path: AnyPath) -> PurePath:
        """Where a file is in the root or, if a list names it and it is elsewhere, its whole path."""
        try:
            return path.relative_to(self.root)
        except ValueError:
            return path.relative_to(path.anchor or path.parts[0])

    def _is_wanted(self, path: AnyPath) -> bool:
        if not (self.include or self.exclude or self.shard):
            return True
        names = (self.relative(path).as_posix(), path.name)

        def fits(patterns: tuple[str, ...]) -> bool:
            return any(fnmatchcase(name, pattern) for pattern in patterns for name in names)

        wanted = (not self.include or fits(self.include)) and not fits(self.exclude)
        return wanted and (not self.shard or self.shard.holds(names[0]))

    def entry(self, outcome: Outcome, made_by: str) -> Entry:
        """What the manifest is to say of a file, with paths as they are inside the two folders."""
        return Entry(
            path=self.relative(outcome.path).as_posix(),
            status=outcome.status,
            output=outcome.output.relative_to(self.destination).as_posix() if outcome.output else None,
            how=outcome.how,
            size=outcome.stamp.size,
            mtime_ns=outcome.stamp.mtime_ns,
            etag=outcome.stamp.etag,
            made_by=made_by,
            seconds=round(outcome.seconds, 4),
            error=outcome.error,
            colorfulness=round(outcome.colorfulness, 2),
        )

    def done_before(
        self, path: AnyPath, manifest: Manifest, made_by: str, is_there: Callable[[str], bool]
    ) -> AnyPath | None:
        """The result of an earlier run, if it is still there and nothing that it depends on has changed."""
        entry = manifest.entries.get(self.relative(path).as_posix())
        if entry is None or entry.output is None or entry.made_by != made_by:
            return None
        try:
            unchanged = stamp(path) == (entry.size, entry.mtime_ns, entry.etag)
        except OSError:
            return None
        return self.destination / entry.output if unchanged and is_there(entry.output) else None

    def output_path(self, path: AnyPath, format: str) -> AnyPath:
        """Where the result of the input `path` belongs: same sub-folders, a prefix to the name.

        A format other than the name's own is added to it: `a.gif` becomes `colorized_a.gif.png`, so that
        the name depends on the input's path alone and `a.gif` and `a.png` do not meet.
        """
        name = path.name
        if Image.registered_extensions().get(path.suffix.lower()) != format:
            name += suffix_of(format)
            if is_file(path.with_name(name)):
                raise ImageError(path, f"its result would have the name of that of {name}; rename one")
        return self.destination / self.relative(path).with_name(_shorten(self.prefix + name))

    def same_but_for_case(self) -> dict[AnyPath, AnyPath]:
        """Files whose results a file system that ignores case would take for that of an earlier file."""
        first: dict[str, AnyPath] = {}
        same: dict[AnyPath, AnyPath] = {}
        for path in filter(self.takes, replace(self, shard=None).files()):
            key = unicodedata.normalize("NFC", self.relative(path).as_posix()).casefold()
            if (other := first.setdefault(key, path)) != path:
                same[path] = other
        return same


def _shorten(name: str) -> str:
    """Make room in a name that is too long for a file system, keeping it unique by a hash of the whole."""
    if len(os.fsencode(name)) <= LONGEST_NAME:
        return name
    end = "~" + hashlib.sha256(os.fsencode(name)).hexdigest()[:12] + Path(name).suffix
    kept = Path(name).stem
    while len(os.fsencode(kept + end)) > LONGEST_NAME:
        kept = kept[:-1]
    return kept + end
