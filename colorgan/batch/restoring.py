"""Take the color away again: the grayscale JPEGs whose luma was kept, byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path, PurePath, PurePosixPath

from colorgan.batch.entry import Entry
from colorgan.batch.job import PREFIX, THUMBNAILS
from colorgan.batch.manifest import Manifest
from colorgan.batch.outcome import How, Outcome, Status
from colorgan.batch.pending import failed
from colorgan.batch.results import write_result
from colorgan.batch.sources import has_image_suffix
from colorgan.errors import ImageError, UsageError
from colorgan.photo.extra import MissingError
from colorgan.photo.formats import format_of_name
from colorgan.photo.jpeg import JpegError
from colorgan.photo.jpeg_join import NoRecordError, undo
from colorgan.photo.jpeg_xl import jpeg_in
from colorgan.storage.files import make_writable
from colorgan.storage.paths import AnyPath, absolute, identity_of, locate, storage_of
from colorgan.storage.protocol import Found

CHANGED = "was changed since it was written"


def restore(results: str | PurePath, destination: str | PurePath) -> list[Outcome]:
    """Write the originals of the results in a folder and below to `destination`, under their old names.

    Both may be in object storage: s3://BUCKET/FOLDER, gs:// or az://. Names come from the manifest or,
    without it, from the results without `colorized_`. What holds no original is IGNORED. What was changed,
    but for its original, is RESTORED with a note. What was changed or is gone is FAILED, as is what would be
    written outside `destination` or over another file.
    """
    return list(iter_restored(locate(results), locate(destination)))


def iter_restored(results: AnyPath, destination: AnyPath) -> Iterator[Outcome]:
    """Do what `restore` does while one goes through the outcomes."""
    storage = storage_of(results)
    if not storage.is_folder(results):
        raise UsageError(f"{results}: there is no such folder")
    if absolute(results) == absolute(destination):
        raise UsageError(f"{destination}: is the folder of the results; choose another one for the originals")
    if not storage_of(destination).is_remote:
        make_writable(Path(destination))
    entries = {entry.output: entry for entry in Manifest(results).entries.values() if entry.output}
    unreadable: list[Outcome] = []
    there, is_empty = identity_of(destination), not entries

    def report(folder: AnyPath, reason: str) -> None:
        unreadable.append(failed(folder, reason))

    def not_to_list(folder: AnyPath, names: Collection[str]) -> Collection[str]:
        return names if identity_of(folder) == there else {THUMBNAILS} if folder == results else ()

    for found in storage.walk(results, report, not_to_list):
        entry = entries.pop(found.path.relative_to(results).as_posix(), None)
        if entry or has_image_suffix(found.path):
            is_empty = False
            yield _restored(found, entry, results, destination)
    if is_empty and not unreadable:
        raise UsageError(f"{results}: holds no results of colorgan-batch")
    yield from unreadable
    for output in entries:
        yield failed(results / output, "is missing, but the manifest lists it; colorize its photograph again")


def _restored(found: Found, entry: Entry | None, results: AnyPath, destination: AnyPath) -> Outcome:
    path = found.path
    name = entry.path if entry else _name_of(path.relative_to(results))
    try:
        output = _inside(destination, name, path)
        original, sha256 = _original(found, entry)
        if original is None:
            return Outcome(path, Status.IGNORED)
        if name.lower().endswith(".jxl"):  # the JPEG that the photograph was made of
            output = output.with_name(output.name + ".jpg")
        there = storage_of(output)
        try:
            is_other = there.read(output)[0] != original
        except FileNotFoundError:
            is_other = False
            write_result(output, original)
        if is_other:
            raise ImageError(path, f"{output} exists and differs; choose another folder for the originals")
        note = CHANGED if entry and entry.output_sha256 not in ("", sha256) else ""
        return Outcome(path, Status.RESTORED, output, note=note)
    except ImageError as error:
        return failed(path, error.reason)
    except (OSError, ValueError, UsageError) as error:  # of a name that no file can have
        return failed(path, f"cannot be restored as {name!r} ({error})")


def _name_of(result: PurePath) -> str:
    """The name that a result's photograph had, by its own alone."""
    photo = result.with_name(result.name.removeprefix(PREFIX))
    if photo.suffix.lower() == ".jxl" and format_of_name(PurePath(photo.stem)) == "JPEG":
        photo = photo.with_suffix("")  # a.jpg.jxl is the result of a.jpg
    return photo.as_posix()


def _original(found: Found, entry: Entry | None) -> tuple[bytes | None, str]:
    """The grayscale JPEG that a result holds, or None, and the SHA-256 of the result.

    Raises ImageError if it was changed so that it holds no original, or another one.
    """
    path = found.path
    try:
        data, _ = storage_of(path).read(path, found.stamp)
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


def _inside(destination: AnyPath, name: str, path: AnyPath) -> AnyPath:
    """The place for a file of this name; raises ImageError if that is not inside the folder."""
    output = destination / name
    leads_out = PurePosixPath(name).is_absolute() or ".." in PurePath(name).parts
    if leads_out or not absolute(output).is_relative_to(absolute(destination)):
        raise ImageError(path, "the manifest gives it a name outside of the folder for the originals")
    return output
