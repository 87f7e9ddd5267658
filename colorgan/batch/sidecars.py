"""XMP sidecars: which belong to a photograph, and how they go along with its result.

A sidecar is `photo.tif.xmp` or `photo.xmp`. The former is the photograph's own. The latter belongs to every
image of that name in its folder, whatever it ends in, and each result has it under its own name. Beside an
image `scan.tif`, `scan.tif.xmp` is never that of `scan.tif.jpg`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from colorgan.batch.entry import Carried, Entry
from colorgan.batch.outcome import How, Outcome, Status
from colorgan.batch.results import keep_other, write_result
from colorgan.batch.sources import has_image_suffix
from colorgan.errors import ImageError
from colorgan.photo.xmp import Credit, Origin
from colorgan.photo.xmp_packet import read_packet
from colorgan.storage.file_bytes import FileBytes, sha256_of
from colorgan.storage.paths import AnyPath, storage_of
from colorgan.storage.protocol import Found, Sidecar, Stamp

if TYPE_CHECKING:
    from colorgan.batch.job import Job

StampOf = Callable[[AnyPath], Stamp | None]

SUFFIX = ".xmp"


def is_sidecar(name: str) -> bool:
    """Whether this is the name of an XMP file."""
    return name[-len(SUFFIX) :].lower() == SUFFIX


@dataclass(frozen=True)
class Sidecars:
    """The XMP files of a folder."""

    names: dict[str, tuple[str, ...]]
    """By what they end in `.xmp` after, in any case; `.xmp` itself comes first."""
    shared: frozenset[str]
    """Names without a suffix that several images of the folder have."""
    images: frozenset[str]
    """Names of images that have a sidecar of their own."""
    owners: frozenset[str]
    """What sidecars of images are called before their `.xmp`."""
    stamp_of: StampOf

    @classmethod
    def of(cls, names: Collection[str], stamp_of: StampOf) -> Sidecars | None:
        """Those among the names in a folder; None if there are none."""
        found: dict[str, tuple[str, ...]] = {}
        for name in sorted(filter(is_sidecar, names), reverse=True):  # small letters are last in order
            key = name[: -len(SUFFIX)]
            found[key] = (*found.get(key, ()), name)
        if not found:
            return None
        images = [path for path in map(PurePath, names) if has_image_suffix(path)]
        own = frozenset(path.name for path in images if path.name in found)
        stems = Counter(path.stem for path in images if path.stem in found)
        shared = frozenset(stem for stem, number in stems.items() if number > 1)
        return cls(found, shared, own, own | stems.keys(), stamp_of)

    def of_image(self, path: AnyPath) -> tuple[Sidecar, ...]:
        """The sidecars of an image, its own first."""
        keys = [path.name, *({path.stem} - self.images)]
        files = [(key, path.with_name(name)) for key in keys for name in self.names.get(key, ())]
        return tuple(
            Sidecar(file, self.stamp_of(file), key in self.shared and key != path.name) for key, file in files
        )

    def belongs(self, name: str) -> bool:
        """Whether a sidecar is that of an image in the folder."""
        return name[: -len(SUFFIX)] in self.owners


def places(found: Found, output: AnyPath) -> Iterator[tuple[Sidecar, AnyPath]]:
    """Where the sidecars of a photograph go, whose result is `output`; each to a place of its own.

    `photo.xmp` keeps its form where the photograph alone has it, and the result ends as the photograph does.
    Where several lead to one name, the further ones have a number after it, which no other file's name has.
    """
    taken = Counter[str]()
    for sidecar in found.sidecars:
        is_own = sidecar.path.name[: -len(SUFFIX)] == found.path.name
        keeps_form = not (is_own or sidecar.is_shared) and output.suffix == found.path.suffix
        name = f"{output.stem if keeps_form else output.name}{SUFFIX}"
        taken[name] += 1
        yield sidecar, output.with_name(f"{name}.{taken[name]}" if taken[name] > 1 else name)


@dataclass(frozen=True)
class Carrier:
    """Writes sidecars of results.

    A copy that was edited stays as it is until its sidecar changes. Then it is kept under another name, as is
    what colorgan did not write.
    """

    job: Job
    """One that knows of results that are there."""
    credit: Credit

    def carry(
        self, found: Found, output: AnyPath, how: str, sha256: str
    ) -> tuple[tuple[Carried, ...], tuple[str, ...]]:
        """Write the sidecars of a photograph, which has this digest, beside its result; raises ImageError.

        Gives them, and the names of what was kept.
        """
        both = list(self._carry(found, output, how, sha256))
        return tuple(carried for carried, _ in both), tuple(kept for _, kept in both if kept)

    def again(self, found: Found, entry: Entry) -> Outcome:
        """The same for a photograph that was done before, by what the manifest says of it."""
        assert entry.output is not None
        output = self.job.destination / entry.output
        try:
            carried, kept = self.carry(found, output, entry.how, entry.sha256)
        except ImageError as error:
            return Outcome(found.path, Status.FAILED, error=error.reason)
        return Outcome(found.path, Status.CARRIED, output, sidecars=carried, kept_sidecars=kept)

    def _carry(self, found: Found, output: AnyPath, how: str, sha256: str) -> Iterator[tuple[Carried, str]]:
        entry = self.job.known.entries.get(self.job.name_of(found.path))
        earlier = {each.output: each for each in entry.sidecars} if entry else {}
        for sidecar, place in places(found, output):
            name, target = self.job.name_of(sidecar.path), place.relative_to(self.job.destination).as_posix()
            before = earlier.get(target)
            try:
                data, stamp = storage_of(sidecar.path).read(sidecar.path, sidecar.stamp)
            except OSError as error:
                if _is_folder(sidecar.path):
                    continue
                reason = f"its sidecar {sidecar.path.name} cannot be read ({error.strerror})"
                raise ImageError(found.path, reason) from error
            if before and (before.path, before.stamp) == (name, stamp) and _was_edited(place, before):
                yield before, ""
                continue
            packet = read_packet(data) if how != How.COPIED else None
            if packet:
                origin, upright = Origin(found.path.name, sha256), how != How.LUMA_KEPT
                data, _ = self.credit.added_to(packet, origin, upright=upright)
            kept = self._set_aside(place, target, data, before.output_sha256 if before else "")
            written = write_result(place, data)
            known_by = written.size, written.mtime_ns, written.sha256
            yield Carried(name, *stamp, target, *known_by), kept

    def _set_aside(self, place: AnyPath, target: str, data: bytes, sha256: str) -> str:
        """Keep what is at the place of a copy, unless an earlier run wrote it; give its other name."""
        strange = self.job.known.strange  # of a bucket, all but results
        is_free = strange is not None and target not in strange
        return "" if is_free else keep_other(place, data, sha256)


def sidecars_to_carry(job: Job, found: Found, entry: Entry, stamp_of: Callable[[str], Stamp | None]) -> bool:
    """Whether a photograph that was done has a sidecar that is new or has changed, or whose copy is gone.

    A copy that was changed, as by a program that keeps notes there, is left alone. One that is gone with its
    sidecar counts, too: the manifest is to forget it.
    """
    before = {each.output: each for each in entry.sidecars}
    for sidecar, place in places(found, job.destination / (entry.output or "")):
        carried = before.pop(place.relative_to(job.destination).as_posix(), None)
        try:
            stamp = sidecar.stamp or storage_of(sidecar.path).stat(sidecar.path)
        except OSError:  # which is to be reported
            return True
        is_same = carried and carried.path == job.name_of(sidecar.path) and carried.stamp == stamp
        is_there = is_same and carried and stamp_of(carried.output) is not None
        if not is_there and not _is_folder(sidecar.path):
            return True
    return any(stamp_of(output) is None for output in before)


def _was_edited(place: AnyPath, carried: Carried) -> bool:
    """Whether a copy is there, and is not what was written."""
    try:
        with storage_of(place).open(place) as file:
            return sha256_of(FileBytes(file)) != carried.output_sha256
    except OSError:
        return False


def _is_folder(path: AnyPath) -> bool:
    """Whether it only has the name of a sidecar: a listing gives names."""
    storage = storage_of(path)
    return not storage.is_remote and storage.is_folder(path)
