"""Paths, URLs, listings and copies of objects."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from commands import counts
from conftest import SCANS as COUNT
from conftest import contents
from stores import SECRET, Server, batch

from colorgan.batch.job import Job
from colorgan.batch.manifest import Manifest
from colorgan.batch.manifest_mirror import ObjectManifests
from colorgan.batch.sharding import Shard
from colorgan.cli.main import main
from colorgan.errors import RunError, UsageError
from colorgan.storage.listing import Listing
from colorgan.storage.objects import OBJECTS, ObjectPath, walk_objects
from colorgan.storage.paths import locate
from colorgan.storage.protocol import Found, Report, Stamp, ignore


def test_a_listing_that_fails_half_way_is_no_shorter_listing(scans: ObjectPath, server: Server) -> None:
    OBJECTS.write(scans / "1900/deep/a.jpg", b"a")
    whole = Listing(lambda report: walk_objects(scans, report), ObjectPath)
    assert len(list(whole.files(ignore))) == COUNT + 1
    server.order(("GET", "", 403, 0))
    assert len(list(whole.files(ignore))) == COUNT + 1
    assert server.requests("GET") == []  # it was kept

    def failing(report: Report) -> Iterator[Found]:
        for found in walk_objects(scans, report):
            server.order(("GET", "", 403, 99))
            yield found

    broken = Listing(failing, ObjectPath)
    for _ in range(2):
        with pytest.raises(RunError, match=r"scans/190\d"):
            list(broken.files(ignore))


def test_lists_may_name_objects_and_be_one(
    scans: ObjectPath, bucket: ObjectPath, tmp_path: Path, exports: dict[str, Path]
) -> None:
    names = f"{scans}/1900/0.jpg\n{tmp_path}/scans/1901/1.jpg\n"
    OBJECTS.write(bucket / "list.txt", names.encode())
    result = batch(f"@{bucket}/list.txt", tmp_path / "results", "--model", exports["onnx"], "--json")
    assert counts(result) == {"colored": 2}
    there = Path(*scans.parts[1:], "1900/colorized_0.jpg").as_posix()
    here = Path(*tmp_path.parts[1:], "scans/1901/colorized_1.jpg").as_posix()
    assert set(contents(tmp_path / "results")) == {there, here}
    result = batch(scans / "1900/2.jpg", tmp_path / "one", "--model", exports["onnx"], "--json")
    assert counts(result) == {"colored": 1}
    assert set(contents(tmp_path / "one")) == {"colorized_2.jpg"}


def test_models_may_be_objects_but_not_come_over_plain_http(
    scans: ObjectPath, bucket: ObjectPath, tmp_path: Path, exports: dict[str, Path], server: Server
) -> None:
    OBJECTS.write(bucket / "model.onnx", exports["onnx"].read_bytes())
    batch(scans, tmp_path / "local", "--model", exports["onnx"])
    result = batch(scans, tmp_path / "object", "--model", f"{bucket}/model.onnx")
    assert result.exit_code == 0, result.stderr
    assert {entry.made_by for entry in Manifest(tmp_path / "object").entries.values()} == {
        entry.made_by for entry in Manifest(tmp_path / "local").entries.values()
    }
    for model in (f"{bucket}/none.onnx", f"{server.url}/{bucket.name}/model.onnx"):
        result = batch(scans, tmp_path / "none", "--model", model)
        assert result.exit_code == 2
        assert f"{model}:" in result.stderr
        assert not (tmp_path / "none").exists()


def test_keys_that_no_path_can_name_are_reported(
    scans: ObjectPath, bucket: ObjectPath, tmp_path: Path, exports: dict[str, Path]
) -> None:
    bucket.store.pipe_file(f"{scans}/odd//a.jpg", b"a")
    result = batch(scans, tmp_path / "results", "--model", exports["onnx"], "--json")
    assert result.exit_code == 1
    assert counts(result)["colored"] == COUNT
    assert "/odd/" in result.stderr


@pytest.mark.parametrize(
    ("place", "named"),
    [
        ("ftp://host/scans", "ftp://host/scans:"),
        (f"s3://me:{SECRET}@bucket/scans", "s3://bucket/scans:"),
        ("https://host/scans", "https://host/scans:"),
        ("s3:///scans", "s3:///scans:"),
    ],
)
def test_urls_that_make_no_sense_are_refused(place: str, named: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        locate(place)
    assert named in str(caught.value)
    for arguments in ((place, tmp_path / "results"), (tmp_path, place)):
        result = batch(*arguments)
        assert result.exit_code == 2
        assert named in " ".join(result.output.split())


def test_a_signed_url_of_a_model_is_refused_and_not_shown(tmp_path: Path) -> None:
    result = batch(tmp_path, "results", "--model", f"https://host/model.onnx?sig={SECRET}")
    assert result.exit_code == 2
    assert "https://host/model.onnx:" in " ".join(result.output.split())


@pytest.mark.usefixtures("server")
def test_buckets_and_folders_that_are_not_there_are_named(
    bucket: ObjectPath, scans: ObjectPath, tmp_path: Path, exports: dict[str, Path]
) -> None:
    for source in ("s3://no-such-bucket/scans", bucket / "none"):
        result = batch(source, tmp_path / "results", "--model", exports["onnx"])
        assert result.exit_code == 2
        assert f"{source}:" in result.stderr
    result = batch(scans, "s3://no-such-bucket/results", "--model", exports["onnx"])
    assert result.exit_code == 4
    assert "s3://no-such-bucket/results:" in result.stderr
    result = batch(scans, scans, "--model", exports["onnx"])
    assert result.exit_code == 2
    assert f"{scans}:" in result.stderr


def test_commands_for_this_machine_say_so(tmp_path: Path) -> None:
    for command in (["report", "s3://b/r"], ["bag", "s3://b/r", str(tmp_path / "bag")]):
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 2
        assert "s3://b/r:" in result.output
    result = batch(tmp_path, "s3://b/r", "--report")
    assert result.exit_code == 2
    assert "--report" in result.stderr


def test_a_store_whose_package_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    result = batch("gs://bucket/scans", "results")
    assert result.exit_code == 2
    assert "colorgan[cloud]" in result.stderr


def test_paths_of_objects_are_pure_paths() -> None:
    path = locate("s3://bucket/scans/a.jpg")
    assert isinstance(path, ObjectPath)
    assert str(path) == "s3://bucket/scans/a.jpg"
    assert str(path.with_name("b.png")) == "s3://bucket/scans/b.png"
    assert str(path.relative_to(path.parent)) == "a.jpg"
    assert str(Path("/results") / path.relative_to(path.parents[1])) == f"/results{os.sep}scans{os.sep}a.jpg"
    assert locate(str(path)) == path
    assert locate("file:///a%20b/c.jpg") == Path("/a b/c.jpg")
    assert locate("a:b/c") == Path("a:b/c")
    assert Job(path.parent, path.parent).relative(path).as_posix() == "a.jpg"


def test_presence_asks_for_a_listing_only_where_there_is_something_to_look_for(
    bucket: ObjectPath, server: Server
) -> None:
    assert not OBJECTS.stamps(bucket / "results", ())("a.jpg")
    assert server.requests("GET") == []
    OBJECTS.write(bucket / "results/a.jpg", b"a")
    is_there = OBJECTS.stamps(bucket / "results", ("a.jpg", "b.jpg"))
    assert is_there("a.jpg")
    assert not is_there("b.jpg")
    assert OBJECTS.stat(bucket / "results/a.jpg").size == 1
    empty = bucket / "empty.jpg"
    OBJECTS.write(empty, b"")
    assert OBJECTS.stat(empty) == Stamp(0, etag="d41d8cd98f00b204e9800998ecf8427e")
    assert OBJECTS.read(empty)[0] == b""


def test_a_mirror_of_a_shard_leaves_out_its_siblings(bucket: ObjectPath) -> None:
    for name in (
        "manifest.jsonl",
        ".colorgan/1-of-2.jsonl",
        ".colorgan/2-of-2.jsonl",
        ".colorgan/1-of-3.jsonl",
    ):
        OBJECTS.write(bucket / name, b"")
    for shard, expected in (
        (Shard(1, 2), {"manifest.jsonl", "1-of-2.jsonl", "1-of-3.jsonl"}),
        (Shard(1, 2, is_chunk=True), {"1-of-2.jsonl"}),
        (None, {"manifest.jsonl", "1-of-2.jsonl", "2-of-2.jsonl", "1-of-3.jsonl"}),
    ):
        mirror = ObjectManifests(bucket, shard)
        found = {path.name for path in mirror.local.folder.rglob("*.jsonl") if path.stat().st_size}
        assert found == expected


@pytest.mark.parametrize("place", [None, 5, b"results"])
def test_what_is_no_path_is_refused(place: Any) -> None:
    with pytest.raises(UsageError):
        locate(place)
