"""What a run knows of results that are there already: enough to tell those of colorgan from other files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from colorgan.batch.entry import Entry
from colorgan.storage.paths import AnyPath, storage_of
from colorgan.storage.protocol import ignore


@dataclass(frozen=True)
class Known:
    """What a run knows of results that are there already."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    """By the names of their inputs."""
    strange: frozenset[str] | None = None
    """In a bucket, objects that are none of those results; None: each place is looked at in its turn."""
    ignores_case: bool = False
    """Whether names of results that differ in case alone are one file's."""

    @classmethod
    def in_folder(cls, folder: AnyPath, entries: Mapping[str, Entry]) -> Known:
        """What there is in a results folder; a bucket is listed once, instead of a request for each place."""
        if not storage_of(folder).is_remote:
            return cls(entries, ignores_case=not storage_of(folder).tells_case_apart(folder))
        written = {entry.output: entry for entry in entries.values() if entry.output}
        strange = set()
        for found in storage_of(folder).walk(folder, ignore):
            entry, stamp = written.get(output := found.path.relative_to(folder).as_posix()), found.stamp
            if not (entry and stamp and (entry.output_size, entry.output_etag) == (stamp.size, stamp.etag)):
                strange.add(output)
        return cls(entries, frozenset(strange))

    def of(self, names: Iterable[str]) -> Known:
        """What is known of these inputs."""
        wanted = frozenset(names)
        known = {name: self.entries[name] for name in wanted & self.entries.keys()}
        return replace(self, entries=known)
