"""What cannot work is refused before anything is done; names depend on the input's path alone."""

import os
from pathlib import Path

import pytest

from colorgan.errors import ImageError, UsageError
from colorgan.job import Job


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "photos/sub").mkdir(parents=True)
    (tmp_path / "photos/sub/a.jpg").touch()
    return tmp_path / "photos"


@pytest.mark.parametrize(
    ("source", "destination", "message"),
    [
        ("nowhere", "results", "there is no such folder or file"),
        ("photos", "photos", "is the input folder itself"),
        ("photos", "photos/../photos", "is the input folder itself"),
        ("photos/sub", "photos", "holds the input folder"),
        ("photos", "photos/sub/a.jpg", "is a file"),
        ("photos", "photos/sub/a.jpg/results", "cannot be written to"),
        ("empty", "results", "there are no images in it"),
        ("notes.txt", "results", "its name is not that of an image"),
    ],
)
def test_what_cannot_work_is_refused(photos: Path, source: str, destination: str, message: str) -> None:
    (photos.parent / "empty").mkdir()
    (photos.parent / "notes.txt").touch()
    with pytest.raises(UsageError, match=message):
        Job.plan(photos.parent / source, photos.parent / destination)


def test_results_inside_the_input_are_not_taken_for_input(photos: Path) -> None:
    (photos / "results").mkdir()
    (photos / "results/colorized_b.jpg").touch()
    assert [path.name for path in Job.plan(photos, photos / "results").files] == ["a.jpg"]


@pytest.mark.parametrize(
    ("name", "format", "expected"),
    [
        ("sub/a.jpg", "JPEG", "sub/colorized_a.jpg"),
        ("a.JPEG", "JPEG", "colorized_a.JPEG"),
        ("a.gif", "PNG", "colorized_a.gif.png"),
        ("a.jpg", "PNG", "colorized_a.jpg.png"),
    ],
)
def test_names(photos: Path, name: str, format: str, expected: str) -> None:
    job = Job.plan(photos, photos.parent / "results")
    assert job.output_path(job.root / name, format) == photos.parent / "results" / expected


def test_two_inputs_never_share_a_result(photos: Path) -> None:
    (photos / "sub/a.gif").touch()
    (photos / "sub/a.gif.png").touch()
    job = Job.plan(photos, photos.parent / "results")
    assert job.output_path(job.root / "sub/a.gif.png", "PNG").name == "colorized_a.gif.png"
    with pytest.raises(ImageError, match=r"the name of that of a.gif.png; rename one"):
        job.output_path(job.root / "sub/a.gif", "PNG")


def test_a_name_too_long_is_shortened_and_stays_its_own(photos: Path) -> None:
    job = Job.plan(photos, photos.parent / "results")
    names = [job.output_path(job.root / f"{'é' * 120}{end}.jpg", "JPEG").name for end in ("a", "b")]
    assert names[0] != names[1]
    assert all(len(os.fsencode(name)) <= 255 - len("..colorgan-partial") + 1 for name in names)
    assert all(name.startswith("colorized_é") and name.endswith(".jpg") for name in names)


def test_a_single_file_goes_straight_into_the_results(photos: Path) -> None:
    job = Job.plan(photos / "sub/a.jpg", photos.parent / "results")
    assert job.output_path(job.files[0], "JPEG") == photos.parent / "results/colorized_a.jpg"
