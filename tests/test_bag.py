"""Results become a bag that other tools validate, and whose digests are those of the manifest."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import bagit
import pytest
from click.testing import CliRunner, Result
from conftest import MakePhoto

from colorgan.batch.manifest import Manifest
from colorgan.batch.progress import status
from colorgan.cli.main import main
from colorgan.colorizer import Colorizer


def bag(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["bag", *map(str, arguments)])


@pytest.fixture
def results(exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    (folder / "Köln 50%\n").mkdir(parents=True)
    make_photo().save(folder / "a.png")
    make_photo().save(folder / "Köln 50%\n" / "b.jpg")
    (folder / "a.xmp").write_bytes(b"no XMP")
    Colorizer(exports["onnx"]).colorize_folder(folder, tmp_path / "results")
    return tmp_path / "results"


def test_a_bag_is_valid_and_agrees_with_the_manifest(results: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in results.rglob("*")}
    result = bag(results, tmp_path / "bags" / "one", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["files"] == 4
    made = bagit.Bag(str(tmp_path / "bags" / "one"))
    made.validate()
    digests = {name: each["sha256"] for name, each in made.payload_entries().items()}
    for entry in Manifest(results).entries.values():
        if entry.output:
            assert digests[f"data/{entry.output}"] == entry.output_sha256
            for carried in entry.sidecars:
                assert digests[f"data/{carried.output}"] == carried.output_sha256
    assert "data/manifest.jsonl" in digests
    one = str(tmp_path / "bags" / "one")
    validate = [sys.executable, "-m", "bagit", "--validate", one]  # as users run it
    subprocess.run(validate, check=True, capture_output=True)
    assert [path.name for path in (tmp_path / "bags").iterdir()] == ["one"]
    assert before == {path: path.stat().st_mtime_ns for path in results.rglob("*")}


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="this system has no sha256sum")
def test_coreutils_agree(results: Path, tmp_path: Path) -> None:
    shutil.rmtree(results / "Köln 50%\n")  # whose name bags escape in their own way
    lines = (results / "manifest.jsonl").read_text().splitlines(keepends=True)
    (results / "manifest.jsonl").write_text("".join(line for line in lines if "b.jpg" not in line))
    assert bag(results, tmp_path / "bag").exit_code == 0
    subprocess.run(["sha256sum", "--check", "manifest-sha256.txt"], cwd=tmp_path / "bag", check=True)


def test_results_that_are_not_as_they_were_written_are_not_bagged(results: Path, tmp_path: Path) -> None:
    (results / "colorized_a.png").write_bytes(b"changed")
    result = bag(results, tmp_path / "bag")
    assert result.exit_code == 4
    assert "colorized_a.png" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results", "scans"]


def test_sidecars_may_be_edited_but_not_be_gone(results: Path, tmp_path: Path) -> None:
    (results / "colorized_a.xmp").write_bytes(b"notes of another program")
    assert bag(results, tmp_path / "bag").exit_code == 0
    assert (tmp_path / "bag" / "data" / "colorized_a.xmp").read_bytes() == b"notes of another program"
    bagit.Bag(str(tmp_path / "bag")).validate()
    (results / "colorized_a.xmp").unlink()
    result = bag(results, tmp_path / "another")
    assert result.exit_code == 4
    assert "colorized_a.xmp" in result.stderr


def test_manifests_of_parts_are_in_the_bag(
    exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path
) -> None:
    scans, results = tmp_path / "scans", tmp_path / "results"
    scans.mkdir()
    for number in range(4):
        make_photo().save(scans / f"{number}.png")
    for part in ("1/2", "2/2"):
        Colorizer(exports["onnx"]).colorize_folder(scans, results, shard=part)
    assert bag(results, tmp_path / "bag").exit_code == 0
    bagit.Bag(str(tmp_path / "bag")).validate()
    found = status(tmp_path / "bag" / "data", scans, read="all")
    assert found.is_complete
    assert found.counts == {"colored": 4}


def test_a_bag_needs_a_folder_of_its_own(results: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    (tmp_path / "empty").mkdir()
    for source, place, code in (
        (results, results / "bag", 2),
        (results, results, 2),
        (results, tmp_path / "full", 2),
        (results, tmp_path / "full" / "a", 2),
        (tmp_path / "scans", tmp_path / "bag", 2),
        (tmp_path / "none", tmp_path / "bag", 2),
        (results, tmp_path / "empty", 0),
    ):
        result = bag(source, place)
        assert result.exit_code == code, result.output
        assert result.exit_code == 0 or result.stderr.count("\n") == 1
