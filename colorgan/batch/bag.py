"""Results as a bag that archives exchange and keep (BagIt, RFC 8493)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from tempfile import mkdtemp

from colorgan.batch.manifest import Manifest
from colorgan.batch.manifest_store import manifests_in
from colorgan.batch.progress import status
from colorgan.errors import InUseError, RunError, UsageError, reason_of
from colorgan.storage.files import LEFTOVER
from colorgan.storage.local import walk_files
from colorgan.storage.paths import LOCAL
from colorgan.version import __version__

MOST_NAMED = 3
"""Files that differ which a message names."""


def write_bag(results: Path, destination: Path) -> int:
    """Copy what is in a results folder into a new bag, with SHA-256; give the number of files.

    Manifests of parts that no run has put together yet are copied as well.
    The bag gets its name when it is whole, and when its digests are those of the manifest. Raises UsageError
    if there is something in `destination` already, or it is inside the results, and RunError if a result is
    not as it was written.
    """
    if LOCAL.absolute(destination).is_relative_to(LOCAL.absolute(results)):
        raise UsageError(f"{destination}: is in the folder of the results; choose another place for the bag")
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise UsageError(f"{destination}: is there already; choose a new folder for the bag")
    if status(results).under_way:
        raise InUseError(f"{results}: a run is writing to it; wait for its end")
    import bagit

    try:
        with _unnamed(destination) as folder:
            for path in chain(walk_files(results), manifests_in(results)):
                copy = folder / path.relative_to(results)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, copy)
            bag = bagit.make_bag(
                str(folder),
                {"Bag-Software-Agent": f"colorgan {__version__}, bagit.py {bagit.VERSION}"},
                checksums=["sha256"],
            )
            found = {name: digests["sha256"] for name, digests in bag.payload_entries().items()}
            wrong = [name for name, digest in _expected(results) if not _is_in(found, name, digest)]
            if wrong:
                named = ", ".join(wrong[:MOST_NAMED]) + (" and more" if len(wrong) > MOST_NAMED else "")
                reason = f"not as they were written: {named}; run colorgan-batch again for them"
                raise RunError(f"{results}: {len(wrong)} files are gone or {reason}")
    except (OSError, UnicodeError, bagit.BagError) as error:
        raise RunError(f"{destination}: the bag cannot be written ({reason_of(error)})") from error
    return len(found)


def _is_in(found: dict[str, str], name: str, digest: str) -> bool:
    there = found.get(f"data/{name}")
    return there is not None and digest in ("", there)


def _expected(results: Path) -> Iterator[tuple[str, str]]:
    """The files that the manifest names, and their digests; "" for what others may write to, as sidecars."""
    for entry in Manifest(results).entries.values():
        if entry.output and entry.output_sha256:
            yield entry.output, entry.output_sha256
        yield from ((each.output, "") for each in entry.sidecars)


@contextmanager
def _unnamed(destination: Path) -> Iterator[Path]:
    """A folder beside the destination that takes its name if no error comes, and else is gone."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=".", suffix=LEFTOVER, dir=destination.parent))
    try:
        yield folder
        folder.chmod(0o755)
        if destination.exists():
            destination.rmdir()
        folder.rename(destination)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
