"""The originals come back byte for byte, or not at all, and never anywhere else."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from commands import call, counts
from conftest import MakePhoto, linear_gray_profile
from PIL import Image, ImageOps

from colorgan import Colorizer, How, Status
from colorgan.batch.manifest_store import NAME
from colorgan.batch.restoring import iter_restored
from colorgan.batch.restoring import restore as restore_all
from colorgan.report import write_report
from colorgan.storage.objects import OBJECTS, ObjectPath
from colorgan.storage.paths import storage_of


@pytest.fixture
def results(exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path) -> Path:
    """Results of three gray JPEGs, a neutral color JPEG, a PNG and a color photograph."""
    photos = tmp_path / "photos"
    (photos / "1911").mkdir(parents=True)
    make_photo(90, 70).save(photos / "a.jpg", comment=b"Box 12", xmp=b"not XMP at all")
    make_photo(71, 91, seed=1).save(photos / "1911/b.JPEG", progressive=True)
    make_photo(50, 50, seed=2).save(photos / "1911/a.jpg", restart_marker_blocks=2)
    make_photo(60, 60).save(photos / "1911/profile.jpg", icc_profile=linear_gray_profile())
    make_photo(50, 50).convert("RGB").save(photos / "neutral.jpg")
    make_photo(50, 50).save(photos / "c.png")
    make_photo(256, 256, "RGB").save(photos / "in color.jpg")
    list(Colorizer(exports["onnx"]).colorize_folder(photos, tmp_path / "results"))
    write_report(tmp_path / "results")  # whose pictures are no results
    return tmp_path / "results"


def restore(*arguments: str | Path) -> Result:
    return call("restore", *arguments)


def test_originals_are_given_back_byte_for_byte(results: Path, tmp_path: Path) -> None:
    for _ in range(2):  # once more does no harm
        done = restore(results, tmp_path / "originals")
        assert done.exit_code == 0, done.output
        assert counts(restore(results, tmp_path / "originals", "--json")) == {"restored": 4, "ignored": 3}
    names = {"a.jpg", "1911/b.JPEG", "1911/a.jpg", "1911/profile.jpg"}
    restored = {path for path in (tmp_path / "originals").rglob("*") if path.is_file()}
    assert {path.relative_to(tmp_path / "originals").as_posix() for path in restored} == names
    for name in names:
        assert (tmp_path / "originals" / name).read_bytes() == (tmp_path / "photos" / name).read_bytes()


def test_names_come_from_the_results_where_there_is_no_manifest(results: Path, tmp_path: Path) -> None:
    (results / NAME).unlink()
    outputs = [outcome.output for outcome in iter_restored(results, tmp_path / "originals") if outcome.output]
    assert {path.name for path in outputs} == {"a.jpg", "b.JPEG", "profile.jpg"}


def test_originals_come_from_a_bucket_and_go_to_one(
    scans: ObjectPath, bucket: ObjectPath, exports: dict[str, Path], tmp_path: Path
) -> None:
    names = {path.relative_to(tmp_path / "scans") for path in (tmp_path / "scans").rglob("*.jpg")}
    Colorizer(exports["onnx"]).colorize_folder(str(scans), str(bucket / "results"))
    for place in (tmp_path / "originals", bucket / "originals"):
        outcomes = restore_all(str(bucket / "results"), str(place))
        assert [outcome.status for outcome in outcomes] == [Status.RESTORED] * len(names)
        for name in names:
            data, _ = storage_of(place).read(place / name)
            assert data == (tmp_path / "scans" / name).read_bytes()
    OBJECTS.write(bucket / "originals" / min(names), b"mine")
    (failed,) = [o for o in restore_all(bucket / "results", bucket / "originals") if o.status.is_failure]
    assert str(bucket / "originals" / min(names)) in failed.error
    assert OBJECTS.read(bucket / "originals" / min(names))[0] == b"mine"
    assert call("restore", str(bucket / "nowhere"), tmp_path / "originals").exit_code == 2
    assert call("report", str(bucket / "results")).exit_code == 2  # which is for folders on disk


def test_what_was_changed_is_refused(results: Path, tmp_path: Path) -> None:
    path = results / "colorized_a.jpg"
    data = bytearray(path.read_bytes())
    data[data.index(b"Box 12")] ^= 1
    path.write_bytes(data)
    done = restore(results, tmp_path / "originals")
    assert done.exit_code == 1
    assert "colorized_a.jpg:" in done.stderr
    assert sum(path.is_file() for path in (tmp_path / "originals").rglob("*")) == 3
    assert not (tmp_path / "originals/a.jpg").exists()


def test_other_files_are_not_overwritten(results: Path, tmp_path: Path) -> None:
    (tmp_path / "originals").mkdir()
    (tmp_path / "originals/a.jpg").write_bytes(b"mine")
    done = restore(results, tmp_path / "originals")
    assert done.exit_code == 1
    assert "originals/a.jpg" in done.stderr
    assert (tmp_path / "originals/a.jpg").read_bytes() == b"mine"


@pytest.mark.parametrize(
    "name", ["../evil.jpg", "/tmp/colorgan-evil.jpg", "1911/../../evil.jpg", "link/evil.jpg"]
)
def test_nothing_is_written_elsewhere_whatever_the_manifest_says(
    results: Path, tmp_path: Path, name: str
) -> None:
    lines = [json.loads(line) for line in (results / NAME).read_text().splitlines()]
    (entry,) = [line for line in lines if line["path"] == "a.jpg"]
    entry["path"] = name
    (results / NAME).write_text(json.dumps(entry))
    (tmp_path / "originals").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "originals/link").symlink_to(tmp_path / "elsewhere")
    done = restore(results, tmp_path / "originals")
    assert done.exit_code == 1
    assert "colorized_a.jpg:" in done.stderr
    assert not list(tmp_path.rglob("evil.jpg"))
    assert not Path("/tmp/colorgan-evil.jpg").exists()


@pytest.mark.parametrize("name", ["", "a\0b.jpg", "1911", "x" * 300 + ".jpg"])
def test_names_that_no_file_can_have_are_failures(results: Path, tmp_path: Path, name: str) -> None:
    lines = [json.loads(line) for line in (results / NAME).read_text().splitlines()]
    (entry,) = [line for line in lines if line["path"] == "a.jpg"]
    others = "".join(json.dumps(entry | {"path": odd, "output": odd}) + "\n" for odd in (5, ["a"], {"b": 1}))
    (results / NAME).write_text(others + json.dumps(entry | {"path": name}))
    (tmp_path / "originals/1911").mkdir(parents=True)
    done = restore(results, tmp_path / "originals")
    assert done.exit_code == 1
    assert done.stderr.startswith("Failed: ")
    assert "colorized_a.jpg:" in done.stderr
    assert sum(path.is_file() for path in (tmp_path / "originals").rglob("*")) == 3


def test_folders_that_do_not_make_sense_are_refused(results: Path, tmp_path: Path) -> None:
    assert restore(tmp_path / "nowhere", tmp_path / "originals").exit_code == 2
    assert restore(results, results).exit_code == 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_colored_as_it_is_seen(
    exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    (tmp_path / "photos").mkdir()
    make_photo(160, 96).save(tmp_path / "photos/a.jpg", exif=exif, quality=100)
    colorizer = Colorizer(exports["onnx"])
    (outcome,) = colorizer.colorize_folder(tmp_path / "photos", tmp_path / "results")
    assert (outcome.status, outcome.how) == (Status.COLORED, How.LUMA_KEPT)
    assert outcome.output is not None
    with Image.open(outcome.output) as result, Image.open(tmp_path / "photos/a.jpg") as photo:
        assert result.size == photo.size == (160, 96)
        assert result.getexif()[0x0112] == orientation  # as nothing was turned
    # Read again as any photograph: what it shows is what coloring it upright gives.
    expected = colorizer(tmp_path / "photos/a.jpg")
    with Image.open(outcome.output) as result:
        shown = ImageOps.exif_transpose(result)
    difference = np.abs(np.asarray(shown.convert("RGB"), int) - np.asarray(expected))
    assert difference.mean() < 3
    assert np.asarray(shown.convert("RGB")).std(axis=-1).max() > 5


def test_a_result_that_was_copied_holds_no_original(results: Path, tmp_path: Path) -> None:
    """A result is in color, so that a run over results copies them."""
    (tmp_path / "again").mkdir()
    shutil.copy(results / "colorized_a.jpg", tmp_path / "again" / "colorized_colorized_a.jpg")
    rows = [json.loads(line) for line in (results / NAME).read_text().splitlines()]
    row = next(row for row in rows if row.get("output") == "colorized_a.jpg")
    row |= {"path": "colorized_a.jpg", "output": "colorized_colorized_a.jpg", "sha256": row["output_sha256"]}
    row |= {"status": "copied", "how": "copied"}
    (tmp_path / "again" / NAME).write_text(json.dumps(row) + "\n")
    restored = restore(tmp_path / "again", tmp_path / "originals")
    assert restored.exit_code == 0, restored.output
    assert not list((tmp_path / "originals").rglob("*.jpg"))
