"""One run over a folder: which files to take, and where the results belong."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from colorgan.errors import ImageError, UsageError
from colorgan.files import LEFTOVER, make_writable
from colorgan.images import has_image_suffix, walk_files
from colorgan.manifest import Entry, Manifest
from colorgan.outcome import Outcome

PREFIX = "colorized_"

LONGEST_NAME = 255 - len(f".{LEFTOVER}")
"""In bytes: file systems take 255, and a result is first written under a longer, temporary name."""


@dataclass(frozen=True)
class Job:
    """The files of a folder, or a single file, and the folder for the results."""

    root: Path
    """The folder whose sub-folders are kept in the results."""
    files: list[Path]
    destination: Path

    @property
    def images(self) -> list[Path]:
        """The files with the name of an image."""
        return [path for path in self.files if has_image_suffix(path)]

    @classmethod
    def plan(cls, source: Path, destination: Path) -> Job:
        """Look for files in `source`, a folder or one file; refuse at once what cannot work."""
        if not source.exists():
            raise UsageError(f"{source}: there is no such folder or file")
        root, results = (source if source.is_dir() else source.parent).resolve(), destination.resolve()
        if destination.exists() and not destination.is_dir():
            raise UsageError(f"{destination}: is a file; name a folder for the results")
        if source.is_dir() and results in (root, *root.parents):
            where = "is the input folder itself" if results == root else "holds the input folder"
            raise UsageError(f"{destination}: {where}; choose another folder for the results")
        files = list(walk_files(root, leave_out=results)) if source.is_dir() else [root / source.name]
        if not any(has_image_suffix(path) for path in files):
            what = "there are no images in it" if source.is_dir() else "its name is not that of an image"
            raise UsageError(f"{source}: {what} (such as .jpg, .png, .tif, .webp, .bmp)")
        make_writable(destination)
        return cls(root, files, destination)

    def entry(self, outcome: Outcome, made_by: str) -> Entry:
        """What the manifest is to say of a file, with paths as they are inside the two folders."""
        return Entry(
            path=outcome.path.relative_to(self.root).as_posix(),
            status=outcome.status,
            output=outcome.output.relative_to(self.destination).as_posix() if outcome.output else None,
            size=outcome.size,
            mtime_ns=outcome.mtime_ns,
            made_by=made_by,
            seconds=round(outcome.seconds, 4),
            error=outcome.error,
        )

    def done_before(self, path: Path, manifest: Manifest, made_by: str) -> Path | None:
        """The result of an earlier run, if it is still there and nothing that it depends on has changed."""
        entry = manifest.entries.get(path.relative_to(self.root).as_posix())
        if entry is None or entry.output is None or entry.made_by != made_by:
            return None
        output = self.destination / entry.output
        try:
            now = path.stat()
        except OSError:
            return None
        unchanged = (entry.size, entry.mtime_ns) == (now.st_size, now.st_mtime_ns)
        return output if unchanged and output.is_file() else None

    def output_path(self, path: Path, format: str) -> Path:
        """Where the result of the input `path` belongs: same sub-folders, a prefix to the name.

        A format other than the name's own is added to it: `a.gif` becomes `colorized_a.gif.png`, so that
        the name depends on the input's path alone and `a.gif` and `a.png` do not meet.
        """
        name = path.name
        if Image.registered_extensions().get(path.suffix.lower()) != format:
            name += f".{format.lower()}"
            if path.with_name(name).exists():
                raise ImageError(path, f"its result would have the name of that of {name}; rename one")
        return self.destination / path.relative_to(self.root).with_name(_shorten(PREFIX + name))


def _shorten(name: str) -> str:
    """Make room in a name that is too long for a file system, keeping it unique by a hash of the whole."""
    if len(os.fsencode(name)) <= LONGEST_NAME:
        return name
    end = "~" + hashlib.sha256(os.fsencode(name)).hexdigest()[:12] + Path(name).suffix
    kept = Path(name).stem
    while len(os.fsencode(kept + end)) > LONGEST_NAME:
        kept = kept[:-1]
    return kept + end
