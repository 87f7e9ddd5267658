"""Keep files at a result's place that the manifest does not know, or knows otherwise, by another name."""

from __future__ import annotations

from colorgan.batch.job import Job
from colorgan.batch.known import Known
from colorgan.batch.outcome import Written
from colorgan.batch.pending import what_is_wrong
from colorgan.batch.results import keep_other, write_result
from colorgan.batch.sharding import to_be_read
from colorgan.storage.file_bytes import Bytes
from colorgan.storage.paths import AnyPath, storage_of
from colorgan.storage.protocol import Stamp


def put_result(
    job: Job, path: AnyPath, data: Bytes, format: str, mtime_ns: int = 0
) -> tuple[AnyPath, Written, str]:
    """Write the result of the input `path`; give its place, what to know it by, and what became of another.

    Raises what `write_result` and `set_aside` raise.
    """
    output = job.output_path(path, format)
    kept = set_aside(job.destination, output, job.name_of(path), data, job.known, job.read)
    return output, write_result(output, data, mtime_ns), kept


def set_aside(folder: AnyPath, output: AnyPath, name: str, data: Bytes, known: Known, read: str) -> str:
    """Keep what is at the place of the result of `name`, unless an earlier run wrote it, or it is the same.

    Gives and raises what `keep_other` does.
    """
    storage = storage_of(output)
    if known.strange is not None and output.relative_to(folder).as_posix() not in known.strange:
        return ""
    try:
        stamp = storage.stat(output)
    except OSError:  # mostly, there is nothing; else writing fails, too
        return ""
    if not stamp.size or _is_ours(folder, output, name, stamp, known, read):
        return ""
    return keep_other(output, data)


def _is_ours(folder: AnyPath, output: AnyPath, name: str, stamp: Stamp, known: Known, read: str) -> bool:
    entry = known.entries.get(name)
    if entry and entry.output and output == folder / entry.output:
        return not what_is_wrong(folder, entry, lambda _: stamp, read=to_be_read(read)(name))
    return False  # also what a run had in hand when it died
