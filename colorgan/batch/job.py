"""One run over a folder: which files to take, and where the results belong."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Any

from colorgan.batch.kinds import kind_of
from colorgan.batch.known import Known
from colorgan.batch.manifest_store import NAME
from colorgan.batch.names import name_like, shorten, without_case
from colorgan.batch.sharding import Shard, to_be_read
from colorgan.batch.sidecars import Sidecars, is_sidecar
from colorgan.batch.sources import has_image_suffix, read_list
from colorgan.batch.stores import manifests_of
from colorgan.corrections.file import UNCORRECTED, Corrections
from colorgan.errors import ImageError, UsageError, check_type
from colorgan.photo.formats import format_of_name, suffix_of
from colorgan.storage.listing import Listing
from colorgan.storage.paths import LOCAL, AnyPath, absolute, identity_of, locate, storage_of
from colorgan.storage.protocol import Found, Report, Stamp, ignore

PREFIX = "colorized_"

THUMBNAILS = "report/thumbnails"
"""Where a results folder has pictures that are no results."""


@dataclass(frozen=True)
class Job:
    """The files of a folder or of a list, and the folder for the results."""

    root: AnyPath
    """The folder whose sub-folders are kept in the results."""
    destination: AnyPath
    listed: tuple[Found, ...] | None = None
    """Files that were named one by one; None: all in `root`."""
    include: tuple[str, ...] = ()
    """Patterns such as `1911/*.jpg` for paths in the root, or for names; without any, all are taken."""
    exclude: tuple[str, ...] = ()
    limit: int = 0
    """Files to work on in one run, besides those done before; 0: all."""
    prefix: str = PREFIX
    shard: Shard | None = None
    """The part of the files to take; None: all."""
    retry_failed: bool = False
    """Try files again that ended the process of an earlier run."""
    corrections: Corrections = UNCORRECTED
    """What is changed of single photographs."""
    settle: float = 0
    """Leave files that changed in the last so many seconds for the next run; 0: take all."""
    read: str = ""
    """Read finished results and make those again whose bytes changed: `all`, or a part such as `3/8`."""
    listing: Listing | None = None
    """The files in `root`, unless they were named one by one: all who ask follow one walk."""
    known: Known = field(default_factory=Known, compare=False)
    """Of results that are there; what else is at the place of a result is kept."""
    earlier: dict[AnyPath, frozenset[str]] = field(default_factory=dict, compare=False)
    """Folders that hold results of earlier runs, with these names; `files` found them."""
    sidecars: dict[AnyPath, Sidecars | None] = field(default_factory=dict, compare=False)
    """Of the folders that `files` found."""

    @classmethod
    def plan(cls, source: str | PurePath, destination: str | PurePath, **options: Any) -> Job:
        """Take the files of `source`, and refuse at once what cannot work.

        `source` is a folder, a file, `@LIST` for the files that the file LIST names, or `-` for those that
        standard input names; each may be a URL. `options` are further fields of a Job. `corrections` may be a
        file; without it, the corrections.toml in `destination` counts, or else that in `source`.
        """
        name, destination = str(source), locate(destination)
        corrections = options.pop("corrections", None)
        for patterns in {"include", "exclude"} & options.keys():
            options[patterns] = _patterns(patterns, options[patterns])
        if isinstance(source, str) and (name == "-" or _is_list(name)):
            listed = tuple(map(Found, read_list(name)))
            job = cls(absolute(Path()), destination, listed, **options)
        else:
            path = locate(source)
            storage = storage_of(path)
            if storage.is_file(path):
                parent = absolute(path.parent)
                job = cls(parent, destination, (Found(parent / path.name),), **options)
            elif storage.is_folder(path):
                root = absolute(path)
                job = cls(root, destination, **options)._with_listing()
            else:
                raise UsageError(f"{source}: there is no such folder or file")
        job._check(name)
        if corrections is None:
            corrections = Corrections.find(destination, job.root)
        elif not isinstance(corrections, Corrections):
            corrections = Corrections.load(corrections)
        return replace(job, corrections=corrections)

    def check_names(self) -> None:
        """Refuse what no result can be written to; raises UsageError."""
        there = storage_of(self.destination)
        if not there.is_remote and there.is_file(self.destination):
            raise UsageError(f"{self.destination}: is a file; name a folder for the results")
        check_type("prefix", self.prefix, str, "text")
        if self.prefix and (self.prefix != Path(self.prefix).name or "\0" in self.prefix):
            raise UsageError(f"prefix is {self.prefix!r}; it must be the beginning of a file's name")

    def _check(self, source: str) -> None:
        self.check_names()
        results = absolute(self.destination)
        if self.listed is None and results in (self.root, *self.root.parents):
            where = "is the input folder itself" if results == self.root else "holds the input folder"
            raise UsageError(f"{self.destination}: {where}; choose another folder for the results")
        if not isinstance(self.limit, int) or self.limit < 0:
            raise UsageError(f"limit is {self.limit!r}; it must be a whole number, 0 for no limit")
        if not isinstance(self.settle, int | float) or not self.settle >= 0:
            raise UsageError(f"settle is {self.settle!r}; it must be a number of seconds, or 0")
        to_be_read(self.read)
        others = Counter[str]()
        for found in replace(self, shard=None).files():
            if self.takes(found.path):
                return
            others.update(filter(None, [kind_of(found.path)]))
        if self.settle and self.listed is None:
            return  # photographs are still to come
        left = " that --include and --exclude leave" if self.include or self.exclude else ""
        where = "there is no such bucket or folder, or" if storage_of(self.root).is_remote else "there are"
        kinds = ", ".join(f"{number} {kind}" for kind, number in others.items())
        if kinds:
            kinds = (
                f"; pictures that are not taken from folders: {kinds}; convert them or name them one by one"
            )
        if self.earlier:
            kinds += "; results of an earlier run are left out"
        raise UsageError(f"{source}: {where} no images in it{left} (such as .jpg, .png, .tif, .webp){kinds}")

    def files(self, unreadable: Report = ignore) -> Iterator[Found]:
        """Every file that the patterns leave; unreadable folders are reported.

        The results folder is left out, as are results that manifests of earlier runs name. Listed files in
        the results folder are left out if they have a result's name.
        """
        if self.listed is not None:
            results = absolute(self.destination)
            for found in self.listed:
                is_result = results in found.path.parents and found.path.name.startswith(self.prefix)
                if not is_result and self._is_wanted(found.path):
                    yield self._listed_with_sidecars(found)
        elif self.listing:
            for found in self.listing.files(unreadable):
                there = self.sidecars.get(found.path.parent)
                goes_along = there and is_sidecar(found.path.name) and there.belongs(found.path.name)
                if not goes_along and self._is_wanted(found.path):
                    yield self._with_sidecars(found) if there else found

    def _with_sidecars(self, found: Found) -> Found:
        there = self.sidecars.get(found.path.parent)
        sidecars = there.of_image(found.path) if there else ()
        return found._replace(
            sidecars=tuple(each for each in sidecars if not self._is_like(each.path, self.exclude))
        )

    def _listed_with_sidecars(self, found: Found) -> Found:
        """The same for a file that was named itself: its folder is listed, but not what is below it."""
        if self.shard and self.shard.is_chunk:  # whoever cut it has seen to that
            return found
        if (folder := found.path.parent) not in self.sidecars:
            names = storage_of(folder).beside(found.path)
            stamps = {name: stamp for name, stamp in names.items() if is_sidecar(name)}
            self.sidecars[folder] = Sidecars.of(names, lambda path: stamps.get(path.name))
        return self._with_sidecars(found)

    def _with_listing(self) -> Job:
        def walk(report: Report) -> Iterator[Found]:
            return storage_of(self.root).walk(self.root, report, self._not_to_list, self._is_wanted)

        return replace(self, listing=Listing(walk, type(self.root)))

    def _not_to_list(self, folder: AnyPath, names: Mapping[str, Stamp | None]) -> Collection[str]:
        """All of the results folder, and results of earlier runs wherever they are."""
        if there := Sidecars.of(names, lambda path: names.get(path.name)):
            self.sidecars[folder] = there
        if folder not in self.earlier:
            if identity_of(folder) == identity_of(self.destination):
                return names.keys()
            if NAME not in names:
                return ()
            outputs = set[str | None]()
            for entry in manifests_of(folder).entries():
                outputs.update((entry.output, *(carried.output for carried in entry.sidecars)))
            self.earlier[folder] = frozenset(filter(None, outputs))
        return {*self.earlier[folder], THUMBNAILS}

    @property
    def is_remote(self) -> bool:
        """Whether files come from object storage, or go there."""
        places = (self.root, self.destination, *(found.path for found in (self.listed or ())[:1]))
        return any(storage_of(place).is_remote for place in places)

    def takes(self, path: AnyPath) -> bool:
        """Whether a file is to be colored: it was named itself, or its name is that of an image."""
        return self.listed is not None or has_image_suffix(path)

    def relative(self, path: AnyPath) -> PurePath:
        """Where a file is in the root or, if a list names it and it is elsewhere, its whole path."""
        try:
            return path.relative_to(self.root)
        except ValueError:
            return path.relative_to(path.anchor or path.parts[0])

    def name_of(self, path: AnyPath) -> str:
        """The same, as manifests have it: with forward slashes."""
        text, start = str(path), f"{self.root}/"
        if os.sep == "/" and text.startswith(start):  # what pathlib takes ten times as long for
            return text[len(start) :]
        return self.relative(path).as_posix()

    def _is_wanted(self, path: AnyPath) -> bool:
        if not (self.include or self.exclude or self.shard):
            return True
        wanted = not self.include or self._is_like(path, self.include)
        wanted = wanted and not self._is_like(path, self.exclude)
        return wanted and (not self.shard or self.shard.holds(self.name_of(path)))

    def _is_like(self, path: AnyPath, patterns: tuple[str, ...]) -> bool:
        names = (self.name_of(path), path.name) if patterns else ()
        return any(fnmatchcase(name, pattern) for pattern in patterns for name in names)

    def output_path(self, path: AnyPath, format: str) -> AnyPath:
        """Where the result of the input `path` belongs: same sub-folders, a prefix to the name.

        A format other than the name's own is added to it: `a.gif` becomes `colorized_a.gif.png`. So the name
        depends on the input's path alone, and `a.gif` and `a.png` do not meet.
        """
        name = path.name
        if format_of_name(path) != format:
            name += suffix_of(format)
            if (other := name_like(path.with_name(name), self.known.ignores_case)) is not None:
                raise ImageError(
                    path, f"its result would overwrite the result of {other}; rename one of the two"
                )
        return self.destination / self.relative(path).with_name(shorten(self.prefix + name))

    def files_in_turn(self, unreadable: Report) -> Iterator[tuple[Found, AnyPath | None]]:
        """The files for one run, each with an earlier one whose result its own would overwrite, or None.

        Those are files that the results folder's file system tells apart by case alone, which it ignores, and
        files of a list that come from different places. Of them, all parts of a run see the same one first.
        """
        if self.listing:
            self.listing.begin()
        case_counts = storage_of(self.destination).tells_case_apart(self.destination)
        if self.listed is None and case_counts:
            yield from ((found, None) for found in self.files(unreadable))
            return
        first: dict[str, str] = {}
        for found in replace(self, shard=None).files(unreadable):
            earlier = None
            if self.takes(found.path):
                name, path = self.name_of(found.path), str(found.path)
                other = first.setdefault(name if case_counts else without_case(name), path)
                earlier = None if other == path else locate(other)
            if self._is_wanted(found.path):
                yield found, earlier


def _patterns(name: str, given: Sequence[str]) -> tuple[str, ...]:
    """Patterns as a tuple; a string would be taken for one of a letter each."""
    if isinstance(given, str):
        raise UsageError(f"{name} is {given!r}; give a list of patterns, as [{given!r}]")
    check_type(name, given, Iterable, "a list of patterns")
    patterns = tuple(given)
    for pattern in patterns:
        check_type(f"a pattern to {name}", pattern, str, "text")
    return patterns


def _is_list(name: str) -> bool:
    """Whether `@LIST` is meant, and not a folder or a file whose own name begins with @."""
    if not name.startswith("@"):
        return False
    if not (LOCAL.is_file(Path(name)) or LOCAL.is_folder(Path(name))):
        return True
    if LOCAL.is_file(Path(name[1:])):
        raise UsageError(f"{name}: is there, and so is a list {name[1:]}; write ./{name} for the former")
    return False
