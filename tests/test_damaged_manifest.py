"""A manifest that is damaged, or of an earlier release, and results that were changed."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import call

import colorgan
from colorgan import ColorizeConfig, Colorizer, ExitCode, Status
from colorgan.batch.entry import is_damaged
from colorgan.batch.job import Job
from colorgan.batch.made_by import is_alike
from colorgan.batch.manifest_store import NAME, NOTE
from colorgan.errors import RunError
from colorgan.storage.files import sha256_of

SETTINGS = "chroma_upsampling=bilinear format=keep if_color=copy jpeg_luma=keep quality=0 saturation=1.0"
LINES_OF_THE_RELEASE_BEFORE = [
    '{"path": "coffee.jpg", "status": "colored", "output": "colorized_coffee.jpg", "how": "luma kept", '
    '"size": 68083, "mtime_ns": 1795600019000000000, "made_by": "MODEL SETTINGS prefix=colorized_", '
    '"seconds": 0.2891, "error": "", "colorfulness": 23.92, "etag": ""}',
    '{"path": "chelsea.png", "status": "colored", "output": "colorized_chelsea.png", "how": "encoded", '
    '"size": 76947, "mtime_ns": 1795600019000000000, "made_by": "MODEL SETTINGS prefix=colorized_", '
    '"seconds": 0.3231, "error": "", "colorfulness": 36.38, "etag": ""}',
]
"""As it wrote them, but for the model."""
ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="a FIFO")
EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture
def results(exports: dict[str, Path], photos: Path, tmp_path: Path) -> Path:
    Colorizer(exports["onnx"]).colorize_folder(photos, tmp_path / "results")
    return tmp_path / "results"


def colored_again(exports: dict[str, Path], photos: Path, results: Path, **settings: object) -> set[str]:
    config = ColorizeConfig(**settings)  # type: ignore[arg-type]
    outcomes = Colorizer(exports["onnx"], config).colorize_folder(photos, results)
    assert {outcome.status for outcome in outcomes} <= {Status.COLORED, Status.DONE}
    return {outcome.path.name for outcome in outcomes if outcome.status is Status.COLORED}


def flipped(data: bytes) -> bytes:
    """A bit of the first line flips."""
    return bytes([data[0] ^ 1]) + data[1:]


@pytest.mark.parametrize(
    ("damage", "lost"),
    [
        (flipped, 1),
        (lambda data: b"\0" * len(data), 3),
        (lambda data: b"\x89PNG\r\n\x1a\n" + os.urandom(300).replace(b"\n", b"x") + b"\n", 3),
        (lambda data: data.replace(b"0.jpg", b"\xff.jpg"), 1),
        (lambda data: b"", 3),
    ],
    ids=["bit", "zeros", "noise", "byte", "empty"],
)
def test_a_damaged_manifest_is_named_read_as_far_as_it_goes_and_kept(
    exports: dict[str, Path], photos: Path, results: Path, damage: object, lost: int
) -> None:
    """Fault 43."""
    good = {path.name: path.read_bytes() for path in results.glob("*.jpg")}
    damaged = damage((results / NAME).read_bytes())  # type: ignore[operator]
    (results / NAME).write_bytes(damaged)
    shown = call("status", results)
    assert shown.exit_code == ExitCode.SOME_FAILED
    assert NAME in shown.stderr
    assert len(colorgan.status(results, photos).problems) == lost
    assert len(colored_again(exports, photos, results)) == lost
    assert call("status", results, photos).exit_code == ExitCode.DONE
    assert {path.name: path.read_bytes() for path in results.glob("*.jpg")} == good
    kept = [path.read_bytes() for path in results.glob(f"{NAME}.bak*")]
    assert kept == ([damaged] if damaged else [])


def test_a_line_that_a_killed_run_left_unfinished_is_no_damage(results: Path) -> None:
    lines = (results / NAME).read_text()
    for cut in (1, 10, len(lines.splitlines()[0]) - 1):
        (results / NAME).write_text(lines + lines[:cut] + "\n" + lines)
        assert call("status", results).exit_code == ExitCode.DONE, lines[:cut]
    assert not is_damaged("\n")
    assert is_damaged(lines[1:])


@pytest.mark.parametrize("make", [Path.mkdir, pytest.param(getattr(os, "mkfifo", None), marks=ON_POSIX)])
@pytest.mark.parametrize("name", [NAME, NOTE])
def test_what_is_no_file_in_the_place_of_one_of_ours_is_named_and_never_waited_for(
    photos: Path, tmp_path: Path, name: str, make: Callable[[Path], object]
) -> None:
    place = tmp_path / "results" / name
    place.parent.mkdir()
    make(place)
    for done in (call("batch", photos, place.parent), call("status", place.parent)):
        assert done.exit_code == ExitCode.WRONG_USAGE
        assert str(place) in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="elsewhere an open file is not removed")
def test_a_run_whose_manifest_was_removed_meanwhile_does_not_end_as_if_all_was_done(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    colorizer, results = Colorizer(exports["onnx"]), tmp_path / "results"
    outcomes = colorizer.run(Job.plan(photos, results))
    next(outcomes)
    (results / NAME).unlink()
    with pytest.raises(RunError, match="was removed"):
        list(outcomes)
    colorizer.colorize_folder(photos, results)
    assert colorgan.status(results, photos, read="all").is_complete


def test_restore_names_a_result_that_was_changed_though_its_original_is_whole(
    photos: Path, results: Path, tmp_path: Path
) -> None:
    """Fault 43: as where a program writes another word into its metadata."""
    assert call("restore", results, tmp_path / "first").exit_code == ExitCode.DONE
    data = bytearray((results / "colorized_1.jpg").read_bytes())
    at = data.index(b"DigitalSourceType")
    data[at] ^= 32
    (results / "colorized_1.jpg").write_bytes(data)
    done = call("restore", results, tmp_path / "originals")
    assert done.exit_code == ExitCode.SOME_FAILED
    assert "colorized_1.jpg" in done.stderr
    assert (tmp_path / "originals/1.jpg").read_bytes() == (photos / "1.jpg").read_bytes()


def test_what_the_release_before_recorded_is_not_colored_again(
    exports: dict[str, Path], tmp_path: Path
) -> None:
    photos, results = tmp_path / "photos", tmp_path / "results"
    photos.mkdir()
    for line in LINES_OF_THE_RELEASE_BEFORE:
        entry = json.loads(line)
        (photos / entry["path"]).write_bytes((EXAMPLES / entry["path"]).read_bytes())
        os.utime(photos / entry["path"], ns=(entry["mtime_ns"], entry["mtime_ns"]))
    assert colored_again(exports, photos, results) == {"coffee.jpg", "chelsea.png"}
    model = sha256_of(exports["onnx"])
    lines = [
        line.replace("MODEL", model).replace("SETTINGS", SETTINGS) for line in LINES_OF_THE_RELEASE_BEFORE
    ]
    (results / NAME).write_text("\n".join(lines) + "\n")
    assert colored_again(exports, photos, results) == set()
    assert call("status", results, photos).exit_code == ExitCode.DONE
    assert colored_again(exports, photos, results, saturation=0.5) == {"coffee.jpg", "chelsea.png"}


def test_a_setting_that_was_added_since_counts_if_it_is_not_the_default() -> None:
    older = f"abc {SETTINGS.removesuffix(' saturation=1.0')} prefix=my prefix="
    assert is_alike(older, f"abc {SETTINGS} prefix=my prefix=")
    assert not is_alike(older, f"abc {SETTINGS.replace('1.0', '0.5')} prefix=my prefix=")
    assert not is_alike(older, f"abd {SETTINGS} prefix=my prefix=")
    assert not is_alike(older, f"abc {SETTINGS} prefix=my prefix")
    assert not is_alike(older, f"abc {SETTINGS} tint=green prefix=my prefix=")


def test_a_model_is_pinned_by_its_sha256(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    """Fault 41."""
    words: list[str | Path] = ["batch", photos, tmp_path / "out", "--model", exports["onnx"]]
    words.append("--model-sha256")
    assert call(*words, "0" * 64).exit_code == ExitCode.WRONG_USAGE
    assert call(*words, "abc").exit_code == ExitCode.WRONG_USAGE
    assert not (tmp_path / "out" / NAME).exists()
    assert call(*words, sha256_of(exports["onnx"]).upper()).exit_code == ExitCode.DONE
    http = call("batch", photos, tmp_path / "out", "--model", "http://example.com/a.onnx")
    assert http.exit_code == ExitCode.WRONG_USAGE
