"""Runs from bucket to bucket: a real S3 server, moto's, in a process of its own, with faults to order."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from commands import counts, summary
from conftest import SCANS as COUNT
from conftest import MakePhoto, contents, job_into, told
from stores import Server, batch, images, objects

from colorgan.batch.manifest import Manifest
from colorgan.batch.outcome import Status
from colorgan.batch.progress import status as status_of
from colorgan.batch.sharding import Shard
from colorgan.cli.main import main
from colorgan.storage.objects import OBJECTS, ObjectPath, remove


def test_results_are_those_of_a_folder(
    scans: ObjectPath, bucket: ObjectPath, tmp_path: Path, exports: dict[str, Path], server: Server
) -> None:
    result = batch(scans, bucket / "results", "--model", exports["onnx"], "--json")
    assert result.exit_code == 0
    assert counts(result) == {"colored": COUNT}
    assert summary(result.stdout)["results"] == f"{bucket}/results"
    assert not any(path.endswith(".jpg") for path in server.requests("HEAD"))  # a listing knows their sizes
    assert batch(tmp_path / "scans", tmp_path / "results", "--model", exports["onnx"]).exit_code == 0
    assert images(bucket / "results") == contents(tmp_path / "results")
    assert set(objects(bucket / "results")) - set(contents(tmp_path / "results")) == {"manifest.jsonl"}
    entry = Manifest(bucket / "results").entries["1900/0.jpg"]
    assert (entry.size, entry.etag) == OBJECTS.stat(scans / "1900/0.jpg")[::2]


@pytest.mark.parametrize("here", ["input", "results"])
def test_input_or_results_may_be_on_this_machine(
    here: str, scans: ObjectPath, bucket: ObjectPath, tmp_path: Path, exports: dict[str, Path]
) -> None:
    source = (tmp_path / "scans").as_uri() if here == "input" else scans
    results = tmp_path / "results" if here == "results" else bucket / "results"
    for status in ("colored", "done"):
        result = batch(source, results, "--model", exports["onnx"], "--json")
        assert counts(result) == {status: COUNT}
    assert len(contents(results) if isinstance(results, Path) else images(results)) == COUNT


def test_a_run_goes_on_and_does_nothing_twice(
    scans: ObjectPath, bucket: ObjectPath, exports: dict[str, Path], server: Server
) -> None:
    def run(*options: str) -> list[str]:
        server.order()
        batch(scans, bucket / "results", "--model", exports["onnx"], *options)
        put_there = (path for path in server.requests("PUT") if path.endswith(".jpg"))
        return [f"{Path(path).parent.name}/{Path(path).name}" for path in put_there]

    first = run("--limit", "2")
    assert len(first) == 2
    second = run()
    assert len(second) == COUNT - 2
    assert not set(first) & set(second)
    assert run() == []
    OBJECTS.write(scans / "1901/1.jpg", OBJECTS.read(scans / "1900/0.jpg")[0])
    remove([bucket / "results/1900/colorized_2.jpg"])
    assert sorted(run()) == ["1900/colorized_2.jpg", "1901/colorized_1.jpg"]
    assert run() == []


def test_a_result_that_was_replaced_by_one_of_equal_size_is_seen_by_its_etag(
    scans: ObjectPath, bucket: ObjectPath, exports: dict[str, Path], server: Server
) -> None:
    """Fault 43: without reading the others, and without a request more for each."""
    results, words = bucket / "results", ["--model", exports["onnx"]]
    server.order()
    batch(scans, results, *words)
    assert len([path for path in server.requests("HEAD") if "colorized_" in path]) == 0
    good = images(results)
    replaced = results / "1900/colorized_0.jpg"
    OBJECTS.write(replaced, bytes(reversed(good["1900/colorized_0.jpg"])))
    server.order()
    assert set(status_of(results).problems) == {"1900/0.jpg"}
    assert len([path for path in server.requests("GET") if "colorized_" in path]) == 1
    assert batch(scans, results, *words).exit_code == 0
    assert images(results) == good
    assert status_of(results, scans).is_complete


def test_a_killed_run_has_put_what_it_knew(bucket: ObjectPath, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("colorgan.batch.manifest_mirror.SECONDS", 0)
    whole, shards = bucket / "whole", bucket / "shards"
    for folder, shard in ((whole, None), (shards, Shard(1, 1))):
        killed = Manifest.open(job_into(folder, shard))
        manifest = killed.__enter__()
        for number in range(3):
            manifest.record(told(folder, f"{number}.jpg", Status.FAILED, "bad"))
        del killed, manifest  # ends without a word to the storage, as the process would
    assert any("parts/manifest/" in name for name in objects(whole))
    for folder in (whole, shards):
        assert set(Manifest(folder).entries) == {"0.jpg", "1.jpg", "2.jpg"}
        with Manifest.open(job_into(folder)) as manifest:
            assert set(manifest.entries) == {"0.jpg", "1.jpg", "2.jpg"}
            manifest.record(told(folder, "3.jpg", Status.FAILED, "bad"))
        assert set(objects(folder)) == {"manifest.jsonl"}
        assert len(Manifest(folder).entries) == 4


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_a_state_to_go_on_from(
    scans: ObjectPath, bucket: ObjectPath, exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path
) -> None:
    for number in range(60):
        make_photo(640, 480, seed=number).save(tmp_path / "a.jpg")
        OBJECTS.write(scans / f"{number}.jpg", (tmp_path / "a.jpg").read_bytes())
    command = [sys.executable, "-m", "colorgan.cli.main", "batch", str(scans), f"{bucket}/results"]
    command += ["--model", str(exports["onnx"]), "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and len(images(bucket / "results")) < 3:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert 3 <= len(images(bucket / "results")) < COUNT + 60
    assert batch(scans, bucket / "results", "--model", exports["onnx"]).exit_code == 0
    assert len(images(bucket / "results")) == COUNT + 60
    assert len(Manifest(bucket / "results").entries) == COUNT + 60


def test_shards_work_side_by_side_and_are_merged(
    scans: ObjectPath, bucket: ObjectPath, exports: dict[str, Path]
) -> None:
    results = bucket / "results"

    def status() -> Result:
        return CliRunner().invoke(main, ["status", str(results), str(scans), "--json"])

    assert status().exit_code == 2
    assert batch(scans, results, "--model", exports["onnx"], "--shard", "1/2").exit_code == 0
    assert status().exit_code == 1
    assert summary(status().stdout)["problems"] > 0
    assert batch(scans, results, "--model", exports["onnx"], "--shard", "2/2").exit_code == 0
    assert summary(status().stdout)["complete"]
    names = set(objects(results)) - set(images(results))
    assert names == {".colorgan/1-of-2.jsonl", ".colorgan/2-of-2.jsonl"}
    result = batch(scans, results, "--model", exports["onnx"], "--json")
    assert counts(result) == {"done": COUNT}
    assert set(objects(results)) - set(images(results)) == {"manifest.jsonl"}
    assert summary(status().stdout)["complete"]


@pytest.mark.slow
def test_ray_shares_out_a_bucket(
    scans: ObjectPath, bucket: ObjectPath, tmp_path: Path, exports: dict[str, Path]
) -> None:
    pytest.importorskip("ray")
    model = bucket / exports["onnx"].name  # which results name
    OBJECTS.write(model, exports["onnx"].read_bytes())
    command = [sys.executable, "-m", "colorgan.cli.main", "batch", str(scans), str(bucket / "results")]
    command += ["--model", str(model), "--engine", "ray", "--actors", "2", "--cpus-per-actor", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert summary(done.stdout)["counts"]["colored"] == COUNT
    batch(tmp_path / "scans", tmp_path / "results", "--model", exports["onnx"])
    assert images(bucket / "results") == contents(tmp_path / "results")
    assert set(objects(bucket / "results")) - set(images(bucket / "results")) == {"manifest.jsonl"}
    assert len(Manifest(bucket / "results").entries) == COUNT


def test_throttling_is_waited_for(
    scans: ObjectPath, bucket: ObjectPath, exports: dict[str, Path], server: Server
) -> None:
    server.order(("GET", ".jpg", 503, 3), ("PUT", ".jpg", 503, 3), ("PUT", ".jsonl", 503, 1))
    result = batch(scans, bucket / "results", "--model", exports["onnx"])
    assert result.exit_code == 0, result.stderr
    assert len(images(bucket / "results")) == COUNT


def test_an_object_that_cannot_be_read_fails_alone_and_is_tried_again(
    scans: ObjectPath, bucket: ObjectPath, exports: dict[str, Path], server: Server
) -> None:
    server.order(("GET", "/1900/2.jpg", 403, 99))
    result = batch(scans, bucket / "results", "--model", exports["onnx"])
    assert result.exit_code == 1
    assert "1900/2.jpg:" in result.stderr
    assert result.stderr.count("\n") == 1
    assert len(images(bucket / "results")) == COUNT - 1
    server.order()
    result = batch(scans, bucket / "results", "--model", exports["onnx"], "--json")
    assert counts(result) == {"done": COUNT - 1, "colored": 1}
    assert len(images(bucket / "results")) == COUNT


@pytest.mark.slow
def test_a_result_that_the_store_does_not_take_fails_alone(
    scans: ObjectPath, bucket: ObjectPath, exports: dict[str, Path], server: Server
) -> None:
    server.order(("PUT", "colorized_2.jpg", 500, 999))
    result = batch(scans, bucket / "results", "--model", exports["onnx"])
    assert result.exit_code == 1
    assert "1900/2.jpg:" in result.stderr
    assert result.stderr.count("\n") == 1
    assert len(images(bucket / "results")) == COUNT - 1


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (("PUT", ".jpg", 403, 99), ".jpg:"),
        (("PUT", ".jsonl", 403, 99), "/results:"),
        (("HEAD", "/manifest.jsonl", 403, 99), "/results:"),
        (("GET", "", 403, 99), "/scans:"),
    ],
)
def test_a_store_that_denies_access_ends_the_run(
    fault: tuple[str, str, int, int],
    named: str,
    scans: ObjectPath,
    bucket: ObjectPath,
    exports: dict[str, Path],
    server: Server,
) -> None:
    server.order(fault)
    result = batch(scans, bucket / "results", "--model", exports["onnx"])
    assert result.exit_code == 4
    assert result.stderr.startswith("Error: s3://")
    assert named in result.stderr
    assert result.stderr.count("\n") == 1
