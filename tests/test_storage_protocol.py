"""What a place for files promises, over both kinds: a folder on disk and one in a bucket."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import job_into, told

from colorgan import RunError, Status, UsageError
from colorgan.batch.manifest import Manifest
from colorgan.batch.results import write_result
from colorgan.batch.sharding import Shard
from colorgan.batch.sources import read_list
from colorgan.batch.stores import manifests_of
from colorgan.storage.listing import Listing
from colorgan.storage.paths import AnyPath, absolute, identity_of, local_copy, locate, on_disk, storage_of
from colorgan.storage.protocol import ChangedError, Stamp, Storage, ignore


@pytest.fixture(params=["disk", "bucket"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> AnyPath:
    """A folder of each kind, that is there and holds nothing."""
    there: AnyPath = tmp_path / "folder" if request.param == "disk" else request.getfixturevalue("bucket")
    if isinstance(there, Path):
        there.mkdir()
    return there


@pytest.fixture
def storage(folder: AnyPath) -> Storage:
    return storage_of(folder)


def test_a_file_is_read_as_it_was_written_with_its_stamp(folder: AnyPath, storage: Storage) -> None:
    path = folder / "1911" / "a b&c.jpg"
    storage.write(path, b"one")
    data, stamp = storage.read(path)
    assert (data, stamp) == (b"one", storage.stat(path))
    assert storage.read(path, stamp) == (data, stamp)
    assert storage.read_all(path) == b"one"
    storage.write(path, b"")
    assert storage.read(path)[0] == b""


def test_a_file_that_was_changed_since_its_stamp_is_not_read(folder: AnyPath, storage: Storage) -> None:
    path = folder / "a.jpg"
    storage.write(path, b"one")
    stamp = storage.stat(path)
    for data in (b"another", b"two"):
        storage.write(path, data, stamp.mtime_ns + 1)
        with pytest.raises(ChangedError):
            storage.read(path, stamp)


def test_a_file_that_is_not_there_is_an_error_of_the_system(folder: AnyPath, storage: Storage) -> None:
    path = folder / "none.jpg"
    for ask in (storage.read, storage.stat, storage.read_all, storage.open):
        with pytest.raises(FileNotFoundError):
            ask(path)
    assert not storage.is_file(path)


def test_a_part_of_a_file_is_read_wherever_it_is(folder: AnyPath, storage: Storage) -> None:
    path, data = folder / "a.tif", os.urandom(200_000)
    storage.write(path, data)
    with storage.open(path) as file:
        assert file.read(3) == data[:3]
        assert file.seek(150_000) == 150_000
        assert file.read(10) == data[150_000:150_010]
        file.seek(-5, os.SEEK_END)
        assert file.read() == data[-5:]


def test_a_time_of_change_is_given_where_there_are_times(folder: AnyPath, storage: Storage) -> None:
    path, when = folder / "a.jpg", 1_500_000_000_000_000_000
    assert storage.write(path, b"a", when).mtime_ns == (0 if storage.is_remote else when)
    written = write_result(path, b"b", when)
    assert written.mtime_ns == storage.write(path, b"b", when).mtime_ns
    assert (written.etag, storage.stat(path).etag) == 2 * (storage.write(path, b"b", when).etag,)


def test_what_is_appended_comes_after_what_is_there(folder: AnyPath, storage: Storage) -> None:
    for line in (b"one\n", b"two\n"):
        storage.append(folder / "log", line)
    assert storage.read_all(folder / "log") == b"one\ntwo\n"


def test_a_listing_has_visible_files_folder_by_folder(folder: AnyPath, storage: Storage) -> None:
    names = ["b.jpg", "a.jpg", ".hidden.jpg", "sub/c.jpg", "sub/left/d.jpg", "out/e.jpg", ".colorgan/f.jpg"]
    for name in names:
        storage.write(folder / name, name.encode())

    def leave_out(where: AnyPath, there: Mapping[str, object]) -> set[str]:
        return {"left" if where == folder / "sub" else "out"} & there.keys()

    listing = Listing(lambda report: storage.walk(folder, report, leave_out), type(folder))
    found = list(listing.files(ignore))
    assert sorted(path.relative_to(folder).as_posix() for path, *_ in found) == [
        "a.jpg",
        "b.jpg",
        "sub/c.jpg",
    ]
    assert [path.name for path, *_ in found if path.parent == folder] == ["a.jpg", "b.jpg"]
    for path, stamp, *_ in found:
        assert storage.read(path, stamp)[0] == path.relative_to(folder).as_posix().encode()
    assert list(listing.files(ignore)) == found  # it can be gone through again
    names_only = storage.walk(folder, ignore, leave_out, lambda path: path.name == "b.jpg")
    assert {path.name for path, stamp, *_ in names_only if stamp} >= {"b.jpg"}


def test_stamps_are_those_of_files_that_are_there(folder: AnyPath, storage: Storage) -> None:
    for name in ("a.jpg", "sub/b.jpg", ".c.jpg"):
        storage.write(folder / name, b"abc")
    names = {"a.jpg", "sub/b.jpg", ".c.jpg", "none.jpg", "sub"}
    stamp_of = storage.stamps(folder, names)
    assert {name for name in names if stamp_of(name) is None} == {"none.jpg", "sub"}
    assert (
        stamp_of("sub/b.jpg") == storage.stat(folder / "sub/b.jpg") == storage.read(folder / "sub/b.jpg")[1]
    )


def test_paths_can_be_compared_and_used_from_anywhere(
    folder: AnyPath, storage: Storage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert absolute(folder) == folder
    assert identity_of(folder) == identity_of(locate(str(folder)))
    assert identity_of(folder) != identity_of(folder.parent / "another")
    storage.write(folder / "list", f"{folder}/a.jpg\n{folder}/a.jpg\n".encode())
    assert read_list(f"@{folder}/list") == [folder / "a.jpg"]
    monkeypatch.chdir(tmp_path)
    assert absolute(Path("a.jpg")) == tmp_path / "a.jpg"
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "list").write_text("link/../b.jpg\nlink/c.jpg\n")
    assert read_list("@list") == [tmp_path / "b.jpg", tmp_path / "link" / "c.jpg"]  # links keep their names


def test_a_program_that_needs_a_disk_gets_a_copy_or_a_reason(folder: AnyPath, storage: Storage) -> None:
    storage.write(folder / "model.onnx", b"model")
    with local_copy(folder / "model.onnx") as copy:
        assert copy.read_bytes() == b"model"
    assert copy.exists() is not storage.is_remote
    if storage.is_remote:
        with pytest.raises(UsageError, match="s3://"):
            on_disk(folder, "copy it to this machine")
    else:
        assert on_disk(folder, "copy it to this machine") == folder


def test_a_store_of_manifests_tells_what_is_there_and_what_runs(folder: AnyPath, storage: Storage) -> None:
    assert not manifests_of(folder).is_there()
    with Manifest.open(job_into(folder, Shard(1, 2))) as manifest:
        manifest.record(told(folder, "a.jpg", Status.FAILED, "bad"))
        if not storage.is_remote:  # whose locks are not shared
            assert manifests_of(folder).under_way() == ["1-of-2"]
    assert manifests_of(folder).is_there()
    assert manifests_of(folder).under_way() == []
    assert [entry.path for entry in manifests_of(folder).entries()] == ["a.jpg"]
    with Manifest.open(job_into(folder)):
        pass
    assert storage.is_file(folder / "manifest.jsonl")
    assert [entry.status for entry in manifests_of(folder).entries()] == [Status.FAILED]
    assert manifests_of(folder).notes() == []


def test_a_manifest_that_cannot_be_written_ends_the_run(
    folder: AnyPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("colorgan.storage.objects.ObjectStorage.write", fail)
    monkeypatch.setattr("colorgan.batch.manifest_store.LocalManifests.add", fail)
    with pytest.raises(RunError), Manifest.open(job_into(folder)) as manifest:
        manifest.record(told(folder, "a.jpg"))


def test_a_stamp_has_what_its_storage_knows(folder: AnyPath, storage: Storage) -> None:
    storage.write(folder / "a.jpg", b"abc")
    stamp = storage.stat(folder / "a.jpg")
    assert stamp.size == 3
    assert (bool(stamp.etag), bool(stamp.mtime_ns)) == (storage.is_remote, not storage.is_remote)
    assert stamp != Stamp(3)
