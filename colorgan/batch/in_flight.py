"""Which files are in hand, noted before they are opened, so that one which ends the process is found.

After a run that died, what it had in hand is suspect. Suspects are tried last, each alone in a process of its
own: if that ends, the file is at fault, and no other. If this process ends, too, as when both share a memory
limit, the note tells which file was alone in hand. After `TRIES` such ends it is at fault. If this process
ends and the other does not, somebody ended it: the other one notes so, and it does not count. Being suspect
costs a file nothing else: a run that is killed condemns none.
"""

from __future__ import annotations

import json
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from threading import Lock
from typing import TypeVar

from colorgan.batch.entry import now
from colorgan.batch.manifest_store import ManifestStore
from colorgan.batch.outcome import Outcome
from colorgan.batch.sharding import Shard

TRIES = 2
SPARED = "spared"
"""Key of a line by the process that outlived its run."""

Item = TypeVar("Item")


class InFlight:
    """The note of a run. Files are named by their paths in the input folder."""

    def __init__(self, store: ManifestStore, shard: Shard | None = None) -> None:
        self._store, self._lock = store, Lock()
        self.suspects, self.ends = set[str](), Counter[str]()
        """Files that earlier runs had in hand as they died, and how often each was alone."""
        for text in store.notes():
            self._take_in(text)
        if shard:  # the others are for other runs
            self.suspects = set(filter(shard.holds, self.suspects))
        self._in_hand = dict[str, None]()
        self._alone = ""
        self.owner = f"process {os.getpid()} on {socket.gethostname()}, since {now()}"

    def _take_in(self, text: str) -> None:
        """Read a note, or several of one shard; what is damaged is left out, as it condemns none."""
        spared = set(filter(None, map(_spared, text.splitlines())))
        for line in text.splitlines():
            try:
                note = json.loads(line)
                ends, alone = Counter[str](note["ends"]), note["alone"]
                self.suspects.update(note["in_hand"], note["suspects"])
            except (ValueError, TypeError, KeyError):
                continue
            if alone:
                ends[alone] += note.get("owner") not in spared
                self.suspects.add(alone)
            self.ends |= ends

    @contextmanager
    def open(self) -> Iterator[None]:
        """Write the note while a run lasts; at its end it goes, but for suspects that were not tried."""
        self._write()
        try:
            yield
        finally:
            self._in_hand.clear()
            self._alone = ""
            if self.suspects:
                self._write()
            else:
                self._store.note("")

    def announced(
        self, items: Iterator[Item | Outcome], name_of: Callable[[Item], str]
    ) -> Iterator[Item | Outcome]:
        """Note files before they are given, and with them, where a note takes long, those that are next."""
        while some := list(islice(items, self._store.ahead)):
            names = [name_of(item) for item in some if not isinstance(item, Outcome)]
            if names:
                with self._lock:
                    self._in_hand |= dict.fromkeys(names)
                    self._write()
            yield from some

    def is_over(self, name: str) -> None:
        """A file is not in hand any more: the next note tells so."""
        with self._lock:
            self._in_hand.pop(name, None)
            self.suspects.discard(name)

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Note that a file, a suspect, is in hand and no other."""
        with self._lock:
            self._alone = name
            self._write()
        yield
        with self._lock:
            self._alone = ""
            self.ends.pop(name, None)

    def forgive(self) -> None:
        """Note that the end of this process, should it come now, is no file's fault: it was asked for."""
        with self._lock:
            if self._alone:
                self._alone = ""
                self._write()

    def _write(self) -> None:
        note = {
            "owner": self.owner,
            "in_hand": list(self._in_hand),
            "suspects": sorted(self.suspects),
            "alone": self._alone,
            "ends": self.ends,
        }
        self._store.note(json.dumps(note) + "\n")


def spare(store: ManifestStore, owner: str) -> None:
    """Say in the note of a run that its end was no file's fault, unless another run has replaced the note."""
    store.add_to_note(owner, json.dumps({SPARED: owner}) + "\n")


def _spared(line: str) -> str:
    """The owner whose end a line of a note excuses; empty if it is another line."""
    try:
        note = json.loads(line)
        return str(note.get(SPARED, ""))
    except (ValueError, AttributeError):
        return ""
