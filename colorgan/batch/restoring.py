"""Take the color away again: the grayscale JPEGs whose luma was kept, byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePath

from colorgan.batch.entry import Entry
from colorgan.batch.job import PREFIX, THUMBNAILS
from colorgan.batch.manifest import Manifest
from colorgan.batch.outcome import How, Outcome, Status
from colorgan.batch.pending import failed
from colorgan.batch.results import write_result
from colorgan.batch.sources import has_image_suffix
from colorgan.errors import ImageError, UsageError
from colorgan.photo.extra import MissingError
from colorgan.photo.jpeg import JpegError
from colorgan.photo.jpeg_join import NoRecordError, undo
from colorgan.photo.jpeg_xl import jpeg_in
from colorgan.storage.files import make_writable
from colorgan.storage.local import identity_of, walk_files
from colorgan.storage.paths import LOCAL

CHANGED = "was changed since it was written"


def restore(results: str | PurePath, destination: str | PurePath) -> list[Outcome]:
    """Write the originals of the results in a folder and below to `destination`, under their old names.

    The names are those of the manifest or, without it, those of the results without `colorized_`. What holds
    no original is IGNORED; what was changed, but for its original, is RESTORED with a note; what was changed
    or is gone is FAILED, as is what would be written outside `destination` or over another file.
    """
    return list(iter_restored(Path(results), Path(destination)))


def iter_restored(results: Path, destination: Path) -> Iterator[Outcome]:
    """Do what `restore` does while one goes through the outcomes."""
    if not results.is_dir():
        raise UsageError(f"{results}: there is no such folder")
    if results.resolve() == destination.resolve():
        raise UsageError(f"{destination}: is the folder of the results; choose another one for the originals")
    make_writable(destination)
    entries = {entry.output: entry for entry in Manifest(results).entries.values() if entry.output}
    unreadable: list[Outcome] = []
    there = identity_of(destination)

    def report(folder: Path, reason: str) -> None:
        unreadable.append(failed(folder, reason))

    def not_to_list(folder: Path, names: set[str]) -> set[str]:
        return names if identity_of(folder) == there else {THUMBNAILS} if folder == results else set()

    for path in walk_files(results, report, not_to_list):  # type: ignore[arg-type]
        entry = entries.pop(path.relative_to(results).as_posix(), None)
        if entry or has_image_suffix(path):
            yield _restored(path, entry, results, destination)
    yield from unreadable
    for output in entries:
        yield failed(results / output, "is missing, but the manifest lists it; colorize its photograph again")


def _restored(path: Path, entry: Entry | None, results: Path, destination: Path) -> Outcome:
    relative = path.relative_to(results)
    name = entry.path if entry else relative.with_name(relative.name.removeprefix(PREFIX)).as_posix()
    try:
        output = _inside(destination, name, path)
        original, sha256 = _original(path, entry)
        if original is None:
            return Outcome(path, Status.IGNORED)
        if name.lower().endswith(".jxl"):  # the JPEG that the photograph was made of
            output = output.with_name(output.name + ".jpg")
        if not output.exists():
            write_result(output, original)
        elif output.read_bytes() != original:
            raise ImageError(path, f"{output} exists and differs; choose another folder for the originals")
        note = CHANGED if entry and entry.output_sha256 not in ("", sha256) else ""
        return Outcome(path, Status.RESTORED, output, note=note)
    except ImageError as error:
        return failed(path, error.reason)
    except (OSError, ValueError) as error:  # of a name that no file can have
        return failed(path, f"cannot be restored as {name!r} ({error})")


def _original(path: Path, entry: Entry | None) -> tuple[bytes | None, str]:
    """The grayscale JPEG that a result holds, or None, and the SHA-256 of the result.

    Raises ImageError if it was changed so that it holds no original, or another one.
    """
    try:
        data, _ = LOCAL.read(path)
    except OSError as error:
        raise ImageError(path, f"cannot be read ({error.strerror})") from error
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        original = undo(jpeg_in(data) or data)
    except MissingError as error:
        raise ImageError(path, str(error)) from error
    except RuntimeError as error:
        raise ImageError(path, f"cannot be read ({error})") from error
    except NoRecordError:
        if entry and entry.how == How.LUMA_KEPT:
            raise ImageError(path, "no longer holds its original: another program saved it") from None
        if entry and entry.output_sha256 not in ("", sha256):
            raise ImageError(path, CHANGED) from None
        return None, sha256
    except JpegError as error:
        raise ImageError(path, f"its original cannot be restored: {error}") from error
    if entry and entry.how == How.COPIED and entry.output_sha256 in ("", sha256):
        return None, sha256  # a result itself, which was in color already
    was_jpeg_xl = entry and entry.path.lower().endswith(".jxl")
    if entry and entry.sha256 and not was_jpeg_xl and hashlib.sha256(original).hexdigest() != entry.sha256:
        raise ImageError(path, "holds another original than the manifest records")
    return original, sha256


def _inside(destination: Path, name: str, path: Path) -> Path:
    """The place for a file of this name; raises ImageError if that is not inside the folder."""
    output = destination / name
    if Path(name).is_absolute() or not output.resolve().is_relative_to(destination.resolve()):
        raise ImageError(path, "the manifest gives it a name outside of the folder for the originals")
    return output
