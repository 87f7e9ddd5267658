"""XMP sidecars go along with results, in both of their forms, on disks and in buckets."""

import json
import os
from pathlib import Path
from threading import Event

import pytest
from commands import counts
from conftest import MakePhoto
from samples import orientation_xmp
from stores import Server, batch, objects

from colorgan.batch.job import Job
from colorgan.batch.manifest import Manifest
from colorgan.batch.outcome import Status
from colorgan.batch.progress import status
from colorgan.batch.timing import StageTimes
from colorgan.cluster.driver import Cluster
from colorgan.colorizer import Colorizer
from colorgan.config import ClusterConfig, ColorizeConfig
from colorgan.storage.objects import OBJECTS, ObjectPath
from colorgan.storage.paths import AnyPath, storage_of

WORDS = "Markt in Köln"


def xmp(words: str = WORDS) -> bytes:
    return orientation_xmp(6).replace(b"</rdf:Description>", f"<!--{words}--></rdf:Description>".encode())


@pytest.fixture
def archive(tmp_path: Path, make_photo: MakePhoto) -> Path:
    folder = tmp_path / "archive"
    (folder / "1911").mkdir(parents=True)
    for name in ("own.tif", "short.png", "both.jpg", "both.tif", "gif.gif", "1911/deep.jpg"):
        make_photo().save(folder / name)
    for name in ("own.tif", "short", "both", "gif", "both.jpg", "1911/deep", "nobody"):
        (folder / f"{name}.xmp").write_bytes(xmp(name))
    return folder


EXPECTED = {
    "colorized_own.tif.xmp": "own.tif",
    "colorized_short.xmp": "short",
    "colorized_both.jpg.xmp": "both.jpg",
    "colorized_both.jpg.xmp.2": "both",
    "colorized_both.tif.xmp": "both",
    "colorized_gif.gif.png.xmp": "gif",
    "1911/colorized_deep.xmp": "1911/deep",
}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def sidecars(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if ".xmp" in name}


def check(found: dict[str, bytes]) -> None:
    assert found.keys() == EXPECTED.keys()
    for name, words in EXPECTED.items():
        assert words.encode() in found[name]
        assert b"compositeWithTrainedAlgorithmicMedia" in found[name]
        assert b'stRef:filePath="' + words.rpartition("/")[2].encode() in found[name]


def test_sidecars_of_both_forms_go_along_under_the_names_of_the_results(
    archive: Path, exports: dict[str, Path], tmp_path: Path
) -> None:
    results = tmp_path / "results"
    outcomes = Colorizer(exports["onnx"]).colorize_folder(archive, results)
    found = sidecars(contents(results))
    check(found)
    by_name = {outcome.path.name: outcome for outcome in outcomes}
    assert by_name["nobody.xmp"].status is Status.IGNORED
    assert "own.tif.xmp" not in by_name
    assert [each.output for each in by_name["own.tif"].sidecars] == ["colorized_own.tif.xmp"]
    # What lies as it is stored keeps its orientation; of what is turned upright, it is spent.
    assert b"Orientation" in found["1911/colorized_deep.xmp"]
    assert b"Orientation" not in found["colorized_own.tif.xmp"]
    assert not status(results, archive).problems


def test_only_sidecars_that_changed_are_carried_again(
    archive: Path, exports: dict[str, Path], tmp_path: Path
) -> None:
    results, colorizer = tmp_path / "results", Colorizer(exports["onnx"])
    colorizer.colorize_folder(archive, results)
    before = contents(results)
    (archive / "own.tif.xmp").write_bytes(xmp("another caption"))
    (archive / "1911" / "deep.jpg.xmp").write_bytes(xmp("a new one"))
    (results / "colorized_short.xmp").unlink()
    (results / "colorized_both.jpg.xmp").write_bytes(b"notes of another program")
    problems = status(results, archive).problems
    assert problems.keys() == {"own.tif", "1911/deep.jpg", "short.png"}

    outcomes = {each.path.name: each.status for each in colorizer.colorize_folder(archive, results)}
    carried = {name for name, status in outcomes.items() if status is Status.CARRIED}
    assert carried == {"own.tif", "deep.jpg", "short.png"}
    after = contents(results)
    assert b"another caption" in after["colorized_own.tif.xmp"]
    assert b"a new one" in after["1911/colorized_deep.jpg.xmp"]
    assert after["colorized_both.jpg.xmp"] == b"notes of another program"
    for name in before.keys() - {"manifest.jsonl", "colorized_own.tif.xmp", "colorized_both.jpg.xmp"}:
        assert after[name] == before[name]
    entries = Manifest(results).entries
    assert entries["own.tif"].status == "colored"
    assert len(entries["1911/deep.jpg"].sidecars) == 2
    again = colorizer.colorize_folder(archive, results)
    assert {each.status for each in again if each.path.suffix != ".xmp"} == {Status.DONE}


def test_what_names_an_image_exactly_is_the_sidecar_of_no_other(
    exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path
) -> None:
    folder, results = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("scan.tif", "scan.tif.jpg", "scan.tif.png"):
        make_photo().save(folder / name)
    (folder / "scan.tif.xmp").write_bytes(xmp())
    outcomes = Colorizer(exports["onnx"]).colorize_folder(folder, results)
    carried = {each.path.name: [one.output for one in each.sidecars] for each in outcomes}
    expected: dict[str, list[str]] = {"scan.tif.jpg": [], "scan.tif.png": []}
    assert carried == {"scan.tif": ["colorized_scan.tif.xmp"], **expected}
    assert b'stRef:filePath="scan.tif"' in (results / "colorized_scan.tif.xmp").read_bytes()


def test_a_sidecar_that_is_gone_with_its_copy_is_forgotten(
    archive: Path, exports: dict[str, Path], tmp_path: Path
) -> None:
    results, colorizer = tmp_path / "results", Colorizer(exports["onnx"])
    colorizer.colorize_folder(archive, results)
    for gone in (archive / "own.tif.xmp", results / "colorized_own.tif.xmp", archive / "short.xmp"):
        gone.unlink()
    assert status(results, archive).problems.keys() == {"own.tif"}
    before = sidecars(contents(results))
    outcomes = colorizer.colorize_folder(archive, results)
    assert [each.path.name for each in outcomes if each.status is Status.CARRIED] == ["own.tif"]
    assert not Manifest(results).entries["own.tif"].sidecars
    assert status(results, archive).is_complete
    assert sidecars(contents(results)) == before


@pytest.mark.parametrize("where", ["disk", "bucket"])
def test_what_is_at_the_place_of_a_copy_is_kept_and_named(
    where: str, archive: Path, bucket: ObjectPath, exports: dict[str, Path], tmp_path: Path
) -> None:
    results: AnyPath = tmp_path / "results" if where == "disk" else bucket / "results"
    storage, words = storage_of(results), (archive, results, "--model", exports["onnx"])
    foreign, edited = results / "1911" / "colorized_deep.xmp", results / "colorized_own.tif.xmp"
    (tmp_path / "results" / "1911").mkdir(parents=True)
    storage.write(foreign, b"foreign")
    assert batch(*words).output.count("colorized_deep.xmp.bak ") == 1
    assert storage.read_all(foreign.with_name("colorized_deep.xmp.bak")) == b"foreign"
    entry = Manifest(results).entries["1911/deep.jpg"]
    assert "colorized_deep.xmp.bak" in entry.note

    # A photograph that is colored again leaves an edited copy alone.
    storage.write(edited, b"notes")
    again = batch(*words, "--saturation", "0.5").output
    assert ".bak" not in again
    assert storage.read_all(edited) == b"notes"
    # Until the sidecar changes: then the notes are kept.
    (archive / "own.tif.xmp").write_bytes(xmp("another caption"))
    events = batch(*words, "--saturation", "0.5", "--json").stdout.splitlines()
    kept = {each["path"]: each["kept"] for each in map(json.loads, events) if each.get("kept")}
    assert kept == {"own.tif": "colorized_own.tif.xmp.bak"}
    assert storage.read_all(edited.with_name("colorized_own.tif.xmp.bak")) == b"notes"
    assert b"another caption" in storage.read_all(edited)
    (archive / "own.tif.xmp").write_bytes(xmp("a third one"))
    assert ".bak" not in batch(*words, "--saturation", "0.5").output


@pytest.mark.parametrize("how", ["@list", "one file", "shards", "alone"])
def test_sidecars_go_along_whatever_names_the_photographs(
    how: str, archive: Path, exports: dict[str, Path], tmp_path: Path
) -> None:
    results, colorizer = tmp_path / "results", Colorizer(exports["onnx"])
    if how == "shards":
        for part in ("1/3", "2/3", "3/3"):
            colorizer.colorize_folder(archive, results, shard=part)
        check(sidecars(contents(results)))
        return
    if how == "@list":
        listed = tmp_path / "list.txt"
        listed.write_text("\n".join(str(archive / name) for name in ("both.tif", "short.png")))
        colorizer.colorize_folder(f"@{listed}", results)
        expected = {"colorized_both.tif.xmp", "colorized_short.xmp"}
    elif how == "one file":
        colorizer.colorize_folder(archive / "both.tif", results)
        expected = {"colorized_both.tif.xmp"}
    else:
        colorizer.colorize_folder(archive, results, include=["own.*"], exclude=["*.tif.xmp"])
        expected = set()
    assert {Path(name).name for name in sidecars(contents(results))} == expected


def test_what_is_copied_has_its_sidecar_as_it_is(
    exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    make_photo(64, 48, "RGB").save(folder / "a.png")
    make_photo().save(folder / "b.png")
    (folder / "a.XMP").write_bytes(xmp())
    (folder / "b.xmp").write_bytes(b"no XMP at all")
    outcomes = Colorizer(exports["onnx"]).colorize_folder(folder, tmp_path / "out")
    assert {each.path.name: each.status for each in outcomes} == {
        "a.png": Status.COPIED,
        "b.png": Status.COLORED,
    }
    assert (tmp_path / "out" / "colorized_a.xmp").read_bytes() == xmp()
    assert (tmp_path / "out" / "colorized_b.xmp").read_bytes() == b"no XMP at all"


def test_a_sidecar_that_cannot_be_read_fails_its_photograph(
    exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    make_photo().save(folder / "a.png")
    (folder / "a.xmp").mkdir()
    os.mkfifo(folder / "a.png.xmp")
    (outcome,) = Colorizer(exports["onnx"]).colorize_folder(folder, tmp_path / "out")
    assert outcome.status is Status.FAILED
    assert "a.png.xmp" in outcome.error
    (folder / "a.png.xmp").unlink()
    (outcome,) = Colorizer(exports["onnx"]).colorize_folder(folder, tmp_path / "out")
    assert outcome.status is Status.COLORED
    (outcome,) = Colorizer(exports["onnx"]).colorize_folder(folder, tmp_path / "out")
    assert outcome.status is Status.DONE


def test_sidecars_in_buckets_come_with_the_listing(
    archive: Path, bucket: ObjectPath, server: Server, exports: dict[str, Path]
) -> None:
    for name, data in contents(archive).items():
        OBJECTS.write(bucket / "scans" / name, data)
    server.order()
    result = batch(bucket / "scans", bucket / "results", "--model", exports["onnx"])
    assert result.exit_code == 0, result.output
    asked = [path for path in server.requests("HEAD") if path.endswith(".xmp")]
    assert not [path for path in asked if not path.endswith("nobody.xmp")]
    check(sidecars(objects(bucket / "results")))
    OBJECTS.write(bucket / "scans" / "short.xmp", xmp("another caption"))
    result = batch(bucket / "scans", bucket / "results", "--model", exports["onnx"], "--json")
    assert counts(result)["carried"] == 1
    assert b"another caption" in objects(bucket / "results")["colorized_short.xmp"]


def test_none_of_several_sidecars_is_left_behind(
    exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path
) -> None:
    folder, results, colorizer = tmp_path / "in", tmp_path / "out", Colorizer(exports["onnx"])
    folder.mkdir()
    make_photo().save(folder / "p.png")
    words = {"p.png.xmp": "first", "p.xmp": "second", "p.XMP": "third", "p.png.Xmp": "fourth"}
    for name, text in words.items():
        (folder / name).write_bytes(xmp(text))
    if len(list(folder.iterdir())) < 5:
        pytest.skip("case does not count on this file system")
    (outcome,) = colorizer.colorize_folder(folder, results)
    expected = {".png.xmp": "first", ".png.xmp.2": "fourth", ".xmp": "second", ".xmp.2": "third"}
    found = sidecars(contents(results))
    assert found.keys() == {f"colorized_p{end}" for end in expected}
    assert all(word.encode() in found[f"colorized_p{end}"] for end, word in expected.items())
    assert len(outcome.sidecars) == 4
    (folder / "p.XMP").write_bytes(xmp("another"))
    (again,) = colorizer.colorize_folder(folder, results)
    assert again.status is Status.CARRIED
    assert b"another" in (results / "colorized_p.xmp.2").read_bytes()
    assert status(results, folder).is_complete


@pytest.mark.slow
def test_sidecars_go_along_on_a_cluster(archive: Path, exports: dict[str, Path], tmp_path: Path) -> None:
    colorizer, results = Colorizer(exports["onnx"]), tmp_path / "results"
    with Cluster(exports["onnx"], ColorizeConfig(), ClusterConfig(actors=1, cpus_per_actor=1)) as cluster:
        for changed in (False, True):
            if changed:
                (archive / "short.xmp").write_bytes(xmp("another caption"))
            job = Job.plan(archive, results)
            outcomes = list(cluster.run(colorizer, job, Event(), StageTimes()))
            assert (Status.CARRIED in {each.status for each in outcomes}) == changed
    found = sidecars(contents(results))
    assert b"another caption" in found.pop("colorized_short.xmp")
    assert found.keys() == EXPECTED.keys() - {"colorized_short.xmp"}
