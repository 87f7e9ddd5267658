"""Take the color away again: the grayscale JPEGs whose luma was kept, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from colorgan.batch.job import PREFIX
from colorgan.batch.manifest import Manifest
from colorgan.batch.outcome import Outcome, Status
from colorgan.batch.sources import has_image_suffix, walk_files
from colorgan.errors import ImageError, UsageError
from colorgan.photo.encode import write_result
from colorgan.photo.jpeg import JpegError
from colorgan.photo.jpeg_join import NoRecordError, undo
from colorgan.report.thumbnails import Thumbnails
from colorgan.storage.files import make_writable


def restore_folder(results: Path, destination: Path) -> Iterator[Outcome]:
    """Write the originals of the results in a folder and below to `destination`, under their old names.

    The names are those of the manifest or, without it, those of the results without `colorized_`. What holds
    no original is IGNORED; what was changed since it was colored is FAILED, as is what would be written
    outside `destination` or over another file.
    """
    if not results.is_dir():
        raise UsageError(f"{results}: there is no such folder")
    if results.resolve() == destination.resolve():
        raise UsageError(f"{destination}: is the folder of the results; choose another one for the originals")
    make_writable(destination)
    names = {entry.output: entry.path for entry in Manifest(results).entries.values()}
    unreadable: list[Outcome] = []

    def report(folder: Path, reason: str) -> None:
        unreadable.append(Outcome(folder, Status.FAILED, error=reason))

    pictures = Thumbnails.of(results).folder
    for path in filter(has_image_suffix, walk_files(results, destination, report)):
        if path.is_relative_to(pictures):
            continue
        relative = path.relative_to(results)
        name = names.get(
            relative.as_posix(), relative.with_name(relative.name.removeprefix(PREFIX)).as_posix()
        )
        try:
            output = _inside(destination, name, path)
            original = _original(path)
            if original is None:
                yield Outcome(path, Status.IGNORED)
                continue
            if not output.exists():
                write_result(output, original)
            elif output.read_bytes() != original:
                raise ImageError(path, f"{output} is another file already")
            yield Outcome(path, Status.RESTORED, output)
        except ImageError as error:
            yield Outcome(path, Status.FAILED, error=error.reason)
        except (OSError, ValueError) as error:  # of a name that no file can have
            yield Outcome(path, Status.FAILED, error=f"cannot be restored as {name!r} ({error})")
    yield from unreadable


def _original(path: Path) -> bytes | None:
    """The grayscale JPEG that a result holds, or None; raises ImageError if it was changed."""
    try:
        return undo(path.read_bytes())
    except OSError as error:
        raise ImageError(path, f"cannot be read ({error.strerror})") from error
    except NoRecordError:
        return None
    except JpegError as error:
        raise ImageError(path, f"its original cannot be restored: {error}") from error


def _inside(destination: Path, name: str, path: Path) -> Path:
    """The place for a file of this name; raises ImageError if that is not inside the folder."""
    output = destination / name
    if Path(name).is_absolute() or not output.resolve().is_relative_to(destination.resolve()):
        raise ImageError(path, "the manifest gives it a name outside of the folder for the originals")
    return output
