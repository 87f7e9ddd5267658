"""What cannot work is refused before anything is done; names depend on the input's path alone."""

import os
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from colorgan.batch.counting import Count
from colorgan.batch.job import Job
from colorgan.batch.known import Known
from colorgan.batch.sharding import Shard
from colorgan.errors import ImageError, UsageError
from colorgan.storage.paths import LOCAL
from colorgan.storage.protocol import ignore


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "photos/sub").mkdir(parents=True)
    (tmp_path / "photos/sub/a.jpg").touch()
    return tmp_path / "photos"


@pytest.mark.parametrize(
    ("source", "destination", "named"),
    [
        ("nowhere", "results", "nowhere:"),
        ("photos", "photos", "photos:"),
        ("photos", "photos/../photos", "photos/../photos:"),
        ("photos/sub", "photos", "photos:"),
        ("photos", "photos/sub/a.jpg", "photos/sub/a.jpg:"),
        ("empty", "results", "empty:"),
        ("@empty.txt", "results", "@empty.txt:"),
        ("@nowhere", "results", "nowhere:"),
    ],
)
def test_what_cannot_work_is_refused(
    photos: Path, monkeypatch: pytest.MonkeyPatch, source: str, destination: str, named: str
) -> None:
    (photos.parent / "empty").mkdir()
    (photos.parent / "empty.txt").touch()
    monkeypatch.chdir(photos.parent)
    with pytest.raises(UsageError, match=f"^{named}"):
        Job.plan(source, destination)


def test_results_inside_the_input_are_not_taken_for_input(photos: Path) -> None:
    (photos / "results").mkdir()
    (photos / "results/colorized_b.jpg").touch()
    assert [path.name for path, *_ in Job.plan(photos, photos / "results").files()] == ["a.jpg"]


@pytest.mark.parametrize(
    ("name", "format", "expected"),
    [
        ("sub/a.jpg", "JPEG", "sub/colorized_a.jpg"),
        ("a.JPEG", "JPEG", "colorized_a.JPEG"),
        ("a.gif", "PNG", "colorized_a.gif.png"),
        ("a.jpg", "PNG", "colorized_a.jpg.png"),
        ("a.png", "JPEG", "colorized_a.png.jpg"),
        ("a.b", "TIFF", "colorized_a.b.tiff"),
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
    with pytest.raises(ImageError, match=r"a\.gif\.png"):
        job.output_path(job.root / "sub/a.gif", "PNG")


def test_a_changed_format_meets_no_name_that_differs_in_case_alone(photos: Path) -> None:
    (photos / "sub/a.gif").touch()
    (photos / "sub/A.GIF.png").touch()
    job = Job.plan(photos, photos.parent / "results")
    assert job.output_path(job.root / "sub/a.gif", "PNG").name == "colorized_a.gif.png"
    with pytest.raises(ImageError, match=r"A\.GIF\.png"):
        replace(job, known=Known(ignores_case=True)).output_path(job.root / "sub/a.gif", "PNG")


def test_the_tree_is_listed_once_and_grows_while_it_is_worked_on(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        (photos / f"{number:02}").mkdir()
        (photos / f"{number:02}/a.jpg").touch()
    listed, may_go_on, scandir = list[Path](), Event(), os.scandir

    def slow(folder: Path) -> object:
        listed.append(Path(folder))
        assert Path(folder).name != "10" or may_go_on.wait(60)
        return scandir(folder)

    monkeypatch.setattr("colorgan.storage.local.ignores_case", lambda _: True)
    monkeypatch.setattr(os, "scandir", slow)
    job = Job.plan(photos, photos.parent / "results")
    count, files = Count(job, Event()), job.files_in_turn(ignore)
    first, _ = next(files)
    assert (first.path, first.stamp) == (photos / "00/a.jpg", LOCAL.stat(photos / "00/a.jpg"))
    assert photos / "11" not in listed
    may_go_on.set()
    assert len(list(files)) == 20
    assert count.whole() == 21
    assert sorted(listed) == sorted({photos, photos / "sub", *(photos / f"{n:02}" for n in range(20))})


def test_a_job_that_runs_again_sees_what_has_come(photos: Path) -> None:
    job = Job.plan(photos, photos.parent / "results")
    assert len(list(job.files_in_turn(ignore))) == 1
    (photos / "b.jpg").touch()
    assert len(list(job.files_in_turn(ignore))) == 2


def test_a_name_too_long_is_shortened_and_stays_its_own(photos: Path) -> None:
    job = Job.plan(photos, photos.parent / "results")
    names = [job.output_path(job.root / f"{'é' * 120}{end}.jpg", "JPEG").name for end in ("a", "b")]
    assert names[0] != names[1]
    assert all(len(os.fsencode(name)) <= 255 - len("..colorgan-partial") + 1 for name in names)
    assert all(name.startswith("colorized_é") and name.endswith(".jpg") for name in names)


def test_a_single_file_goes_straight_into_the_results(photos: Path) -> None:
    job = Job.plan(photos / "sub/a.jpg", photos.parent / "results")
    assert job.output_path(next(job.files()).path, "JPEG") == photos.parent / "results/colorized_a.jpg"


@pytest.mark.parametrize("prefix", ["a/b", "../", "/"])
def test_a_prefix_stays_in_the_folder(photos: Path, prefix: str) -> None:
    with pytest.raises(UsageError, match="prefix"):
        Job.plan(photos, photos.parent / "results", prefix=prefix)


def test_patterns_choose_by_path_or_name(photos: Path) -> None:
    for name in ("1911/b.png", "1911/may/c.jpg", "1912/c.jpg"):
        (photos / name).parent.mkdir(parents=True, exist_ok=True)
        (photos / name).touch()

    def chosen(**patterns: tuple[str, ...]) -> list[str]:
        job = Job.plan(photos, photos.parent / "results", **patterns)
        return [job.name_of(path) for path, *_ in job.files()]

    assert chosen(include=("1911/*",)) == ["1911/b.png", "1911/may/c.jpg"]
    assert chosen(include=("*.png", "a.*")) == ["1911/b.png", "sub/a.jpg"]
    assert chosen(exclude=("c.jpg",)) == ["1911/b.png", "sub/a.jpg"]
    assert chosen(include=("*.jpg",), exclude=("191?/*",)) == ["sub/a.jpg"]
    with pytest.raises(UsageError, match="--include"):
        chosen(include=("*.webp",))
    for patterns in ({"include": "*.png"}, {"exclude": "a.jpg"}):  # each would be taken for many letters
        with pytest.raises(UsageError, match=next(iter(patterns))):
            chosen(**patterns)  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [-1, 1.5])
def test_a_limit_is_a_whole_number(photos: Path, limit: float) -> None:
    (photos / "a.jpg").touch()
    with pytest.raises(UsageError, match="limit"):
        Job.plan(photos, photos.parent / "results", limit=limit)


def test_a_list_keeps_the_paths_of_its_files(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, elsewhere = photos / "here", photos / "elsewhere"
    for path in (here / "sub/a.jpg", elsewhere / "b.jpg", here / "results/colorized_a.jpg"):
        path.parent.mkdir(parents=True)
        path.touch()
    monkeypatch.chdir(here)
    Path("list.txt").write_text("sub/a.jpg\n../elsewhere/b.jpg\nresults/colorized_a.jpg\n")
    job = Job.plan("@list.txt", "results")
    below_root = elsewhere.relative_to("/")
    assert [job.output_path(path, "JPEG") for path, *_ in job.files()] == [
        Path("results/sub/colorized_a.jpg"),
        Path("results", below_root, "colorized_b.jpg"),
    ]


def clashes(photos: Path, shard: Shard | None = None) -> dict[str, str]:
    job = Job.plan(photos, photos.parent / "results", shard=shard)
    pairs = [(found.path, earlier) for found, earlier in job.files_in_turn(ignore) if earlier]
    return {str(path.relative_to(photos)): str(earlier.relative_to(photos)) for path, earlier in pairs}


def test_names_that_differ_in_case_alone_are_found(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("B.JPG", "b.jpg", "Sub/A.jpg", "e\u0301.png", "\u00e9.png", "A.txt", "a.txt"):
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).touch()
    if len(list(photos.iterdir())) < 8:
        pytest.skip("case does not count on this file system")
    assert clashes(photos) == {}
    monkeypatch.setattr("colorgan.storage.local.ignores_case", lambda _: True)
    same = {"b.jpg": "B.JPG", "\u00e9.png": "e\u0301.png", "sub/a.jpg": "Sub/A.jpg"}
    assert clashes(photos) == same
    parts = [clashes(photos, Shard(number, 3)) for number in (1, 2, 3)]
    assert {name: other for part in parts for name, other in part.items()} == same
    assert sum(map(len, parts)) == len(same)


@pytest.mark.parametrize("prefix", ["colorized_", ""])
def test_a_file_may_be_colored_into_its_own_folder_but_not_over_itself(photos: Path, prefix: str) -> None:
    (photos / "sub/colorized_a.jpg").touch()
    if not prefix:
        with pytest.raises(UsageError):
            Job.plan(photos / "sub/a.jpg", photos / "sub", prefix=prefix)
        return
    job = Job.plan(photos / "sub/a.jpg", photos / "sub", prefix=prefix)
    assert [job.output_path(path, "JPEG").name for path, *_ in job.files()] == ["colorized_a.jpg"]
