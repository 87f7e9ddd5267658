"""The store of manifests that a results folder has."""

from __future__ import annotations

from colorgan.batch.manifest_mirror import ObjectManifests
from colorgan.batch.manifest_store import LocalManifests, ManifestStore
from colorgan.batch.sharding import Shard
from colorgan.storage.objects import ObjectPath
from colorgan.storage.paths import AnyPath


def manifests_of(folder: AnyPath, shard: Shard | None = None) -> ManifestStore:
    """The manifests in a folder on disk, or in one of an object store."""
    if isinstance(folder, ObjectPath):
        return ObjectManifests(folder, shard)
    return LocalManifests(folder, shard)
