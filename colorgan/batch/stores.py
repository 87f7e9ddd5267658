"""The store of manifests that a results folder has."""

from __future__ import annotations

from collections.abc import Callable

from colorgan.batch.manifest_mirror import ObjectManifests
from colorgan.batch.manifest_store import LocalManifests, ManifestStore
from colorgan.batch.sharding import Shard
from colorgan.storage.paths import AnyPath, storage_of


def manifests_of(folder: AnyPath, shard: Shard | None = None) -> ManifestStore:
    """The manifests in a folder on disk, or in one of an object store."""
    store: Callable[..., ManifestStore] = ObjectManifests if storage_of(folder).is_remote else LocalManifests
    return store(folder, shard)
