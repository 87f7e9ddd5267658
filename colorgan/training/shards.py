"""Photographs resized once, and packed into tar files that training reads from anywhere within.

A shard is a plain tar of JPEGs, as WebDataset's; `index.jsonl` beside them says where each photograph lies,
and which were left out and why. Its first line holds the settings. A shard is listed when it is whole, so
that a pass that was stopped loses the shard in hand alone.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from colorgan.batch.sources import require_images
from colorgan.config import PrepareConfig
from colorgan.devices import available_cpus
from colorgan.errors import ImageError, UsageError
from colorgan.photo.color import colorfulness
from colorgan.storage.files import atomic_file, make_writable, remove_leftovers, writing
from colorgan.training.dataset import open_reduced
from colorgan.training.near_duplicates import difference_hash
from colorgan.training.photographs import INDEX, Photograph, read_index

QUALITY = 92
"""Of the JPEGs, whose chroma has full resolution: colors are what is learned."""


@dataclass(frozen=True)
class Resized:
    """A photograph as it goes into a shard, or the reason why it was unreadable."""

    path: Path
    data: bytes = b""
    pixels: str = ""
    """SHA-256 of its pixels."""
    difference_hash: str = ""
    colorfulness: float = 0.0
    reason: str = ""


class Packing:
    """One pass over the photographs in `data`, or the rest of one, into shards in the folder `shards`."""

    def __init__(self, data: Path, shards: Path, config: PrepareConfig) -> None:
        self.data, self.shards, self.config, self.index = data, shards, config, shards / INDEX
        found = require_images(data)
        make_writable(shards)
        settings, *entries = read_index(self.index) if self.index.exists() else [{}]
        if settings and settings != {"settings": config.to_dict()}:
            begun = json.dumps(settings.get("settings"))
            raise UsageError(f"{shards} was begun with {begun}: give the same, or another folder")
        remove_leftovers(shards)
        known = {entry["source"] for entry in entries}
        self.left = [path for path in found if self._name(path) not in known]
        self._number = len({entry["shard"] for entry in entries if "shard" in entry})
        self._first_of = {entry["pixels"]: entry["source"] for entry in entries if "pixels" in entry}
        self._write_index([{"settings": config.to_dict()}, *entries])

    def run(self) -> Iterator[dict[str, Any]]:
        """Work through what is left; give the index's entry of each photograph once its shard is whole."""
        with ThreadPoolExecutor(available_cpus()) as pool:
            for start in range(0, len(self.left), self.config.shard_size):
                paths = self.left[start : start + self.config.shard_size]
                entries = self._pack(pool.map(self._resize, paths))
                with writing(self.index), self.index.open("a", encoding="ascii") as file:
                    file.writelines(json.dumps(entry) + "\n" for entry in entries)
                    file.flush()
                    os.fsync(file.fileno())
                yield from entries

    def _pack(self, photos: Iterable[Resized]) -> list[dict[str, Any]]:
        """Write a shard of those that are to be kept, if any."""
        entries: list[dict[str, Any]] = []
        path = self.shards / f"{self._number:05d}.tar"
        with (
            writing(path),
            atomic_file(path) as temporary,
            tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as tar,
        ):
            for photo in photos:
                entry: dict[str, Any] = {"source": self._name(photo.path)}
                entries.append(entry)
                if reason := self._why_not(photo):
                    entry["left_out"] = reason
                    continue
                self._first_of[photo.pixels] = entry["source"]
                member = tarfile.TarInfo(f"{len(entries) - 1:06d}.jpg")
                member.size = len(photo.data)
                entry |= {"shard": path.name, "name": member.name, "pixels": photo.pixels}
                entry |= {"difference_hash": photo.difference_hash}
                entry |= {"offset": tar.offset + tarfile.BLOCKSIZE, "length": member.size}
                tar.addfile(member, io.BytesIO(photo.data))
        if any("shard" in entry for entry in entries):
            self._number += 1
        else:
            path.unlink()
        return entries

    def _why_not(self, photo: Resized) -> str:
        if photo.reason:
            return photo.reason
        if photo.colorfulness < self.config.min_colorfulness:
            return f"colorfulness {photo.colorfulness:.1f}"
        if self.config.drop_duplicates and (first := self._first_of.get(photo.pixels)):
            return f"the same picture as {first}"
        return ""

    def _resize(self, path: Path) -> Resized:
        try:
            with open_reduced(Photograph(path), self.config.size) as image:
                factor = min(1, self.config.size / min(image.size))
                size = round(factor * image.width), round(factor * image.height)
                small = image.convert("RGB").resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
                small = ImageOps.exif_transpose(small)
        except ImageError as error:
            return Resized(path, reason=error.reason)
        pixels, data = np.asarray(small), io.BytesIO()
        small.save(data, "JPEG", quality=QUALITY, subsampling=0)
        found = colorfulness(pixels) if self.config.min_colorfulness else 0.0
        exact, rough = hashlib.sha256(pixels.tobytes()).hexdigest(), difference_hash(small)
        return Resized(path, data.getvalue(), exact, rough, found)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.data).as_posix()

    def _write_index(self, entries: list[dict[str, Any]]) -> None:
        """Write the index anew: a line that was cut off is not in it any more."""
        with writing(self.index), atomic_file(self.index) as temporary:
            temporary.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="ascii")
