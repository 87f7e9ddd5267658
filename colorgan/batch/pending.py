"""What is left to do of a job, and what is to be said of all other files."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from colorgan.batch.entry import Entry
from colorgan.batch.job import Job
from colorgan.batch.kinds import kind_of
from colorgan.batch.made_by import is_alike
from colorgan.batch.manifest import Manifest
from colorgan.batch.outcome import Outcome, Status
from colorgan.batch.settling import may_still_be_written
from colorgan.batch.sharding import to_be_read
from colorgan.batch.sidecars import Carrier, sidecars_to_carry
from colorgan.storage.paths import AnyPath, storage_of
from colorgan.storage.protocol import Found, Stamp

StampOf = Callable[[str], Stamp | None]


def pending(
    job: Job, manifest: Manifest, made_by: str, overwrite: bool = False, carrier: Carrier | None = None
) -> Iterator[Found | Outcome]:
    """The files to work on and, of all others, what is to be said of them.

    Where all that is left to do is to carry sidecars, `carrier` does it; without one, nothing is done.
    """
    unreadable: list[Outcome] = []
    left = job.limit
    entries = {} if overwrite else manifest.entries
    stamp_of = stamps_of_results(job.destination, entries)

    def report(folder: AnyPath, reason: str) -> None:
        unreadable.append(failed(folder, reason))

    for found, earlier in job.files_in_turn(report):
        path, name = found.path, job.name_of(found.path)
        entry = manifest.entries.get(name)
        if path == job.corrections.source:
            continue
        if not job.takes(path):
            yield _not_taken(path)
        elif earlier is not None:
            yield failed(path, f"its result would overwrite that of {earlier}; rename one of the two")
        elif (
            entry and entry.status == Status.ENDED_PROCESS and not job.retry_failed and is_same(found, entry)
        ):
            yield Outcome(path, Status.ENDED_PROCESS, error=entry.error)
        elif (
            entry
            and entries
            and is_alike(entry.made_by, made_by + job.corrections.of(name).mark)
            and is_done(job, found, entry, stamp_of)
        ):
            if entry.output and sidecars_to_carry(job, found, entry, stamp_of):
                yield carrier.again(found, entry) if carrier else Outcome(path, Status.CARRIED)
                continue
            yield Outcome(path, Status.DONE, job.destination / entry.output if entry.output else None)
        elif may_still_be_written(found, job.settle):
            yield Outcome(path, Status.WAITING)
        else:
            yield found
            left -= 1
            if not left:
                break
    yield from unreadable
    for folder, results in job.earlier.items():
        yield Outcome(folder, Status.RESULT, note=f"{len(results)} files")


def stamps_of_results(folder: AnyPath, entries: dict[str, Entry]) -> StampOf:
    """Tell the stamps of the results in a folder, by their paths there; None of one that is gone."""
    results = {entry.output for entry in entries.values() if entry.output}
    sidecars = {carried.output for entry in entries.values() for carried in entry.sidecars}
    return storage_of(folder).stamps(folder, results | sidecars)


def is_done(job: Job, found: Found, entry: Entry, stamp_of: StampOf) -> bool:
    """Whether an earlier run was through with a file: it has not changed since, and nor has its result."""
    if entry.output is None:
        return entry.status == Status.SKIPPED and is_same(found, entry)
    read = to_be_read(job.read)(entry.path)
    return is_same(found, entry) and not what_is_wrong(job.destination, entry, stamp_of, read=read)


def is_same(found: Found, entry: Entry) -> bool:
    """Whether a file is as it was when a manifest was told of it."""
    try:
        return entry.stamp == (found.stamp or storage_of(found.path).stat(found.path))
    except OSError:
        return False


def what_is_wrong(folder: AnyPath, entry: Entry, stamp_of: StampOf, *, read: bool = False) -> str:
    """Why the result of an entry is not what was written; empty if it is, as far as its size tells.

    Its bytes are read with `read`, or if it was written to after it was made, as time or ETag tell.
    """
    if not entry.output:
        return ""
    stamp = stamp_of(entry.output)
    if stamp is None:
        return f"its result, {entry.output}, is gone"
    if entry.output_size is None:  # a manifest of an earlier version
        return ""
    if stamp.size != entry.output_size:
        return (
            f"its result, {entry.output}, was changed: it has {stamp.size:,} bytes, not {entry.output_size:,}"
        )
    is_new = stamp.mtime_ns != entry.output_mtime_ns or entry.output_etag not in ("", stamp.etag)
    if entry.output_sha256 and (read or is_new):
        try:
            data, _ = storage_of(folder).read(folder / entry.output, stamp)
        except OSError as error:
            return f"its result, {entry.output}, cannot be read ({error.strerror})"
        if hashlib.sha256(data).hexdigest() != entry.output_sha256:
            return f"its result, {entry.output}, was changed: it holds other bytes than were written"
    return ""


def kinds_not_read(entries: Iterable[Entry]) -> Counter[str]:
    """How many pictures there are of the kinds that are not taken from folders."""
    return Counter(entry.note for entry in entries if entry.status == Status.NOT_READ)


def _not_taken(path: AnyPath) -> Outcome:
    if kind := kind_of(path):
        return Outcome(path, Status.NOT_READ, note=kind)
    return Outcome(path, Status.IGNORED)


def failed(path: AnyPath, reason: str, seconds: float = 0.0) -> Outcome:
    """What is to be said of a file that could not be colored."""
    return Outcome(path, Status.FAILED, error=reason, seconds=seconds)
