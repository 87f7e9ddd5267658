"""What is at a result's place and is not the result that was written is kept, and named."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import call
from conftest import MakePhoto
from stores import batch, images

from colorgan import ColorizeConfig, Colorizer, ExitCode, Status
from colorgan.batch.manifest import Manifest
from colorgan.batch.manifest_store import NAME, NOTE
from colorgan.storage.objects import OBJECTS, ObjectPath


def results_of(exports: dict[str, Path], photos: Path, results: Path, **settings: object) -> dict[str, str]:
    """What the run says that it kept, by inputs that it worked on."""
    config = ColorizeConfig(**settings)  # type: ignore[arg-type]
    outcomes = Colorizer(exports["onnx"], config).colorize_folder(photos, results)
    assert not [outcome for outcome in outcomes if outcome.status.is_failure]
    return {o.path.name: o.kept for o in outcomes if o.status is not Status.DONE}


def test_a_foreign_file_is_kept_and_named(exports: dict[str, Path], photos: Path, tmp_path: Path) -> None:
    results = tmp_path / "out"
    results.mkdir()
    (results / "colorized_1.jpg").write_bytes(b"mine")
    (results / "colorized_1.jpg.bak").write_bytes(b"mine, too")
    words: list[str | Path] = ["batch", photos, results, "--model", exports["onnx"], "--json"]
    done = call(*words)
    assert done.exit_code == ExitCode.DONE
    assert done.stderr.count("colorized_1.jpg.bak2") == 1
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {e["path"]: e["kept"] for e in events if e.get("kept")} == {"1.jpg": "colorized_1.jpg.bak2"}
    assert (results / "colorized_1.jpg.bak").read_bytes() == b"mine, too"
    assert (results / "colorized_1.jpg.bak2").read_bytes() == b"mine"
    assert "colorized_1.jpg.bak2" in Manifest(results).entries["1.jpg"].note
    assert results_of(exports, photos, results) == {}


def test_an_edited_result_is_kept_before_it_is_made_again_and_one_of_ours_is_not(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    results = tmp_path / "out"
    assert results_of(exports, photos, results) == {"0.jpg": "", "1.jpg": "", "2.jpg": ""}
    edited = results / "colorized_1.jpg"
    good = edited.read_bytes()
    edited.write_bytes(good + b"edited")
    assert results_of(exports, photos, results) == {"1.jpg": "colorized_1.jpg.bak"}
    assert edited.read_bytes() == good
    assert (results / "colorized_1.jpg.bak").read_bytes() == good + b"edited"
    os.utime(edited)
    kept = results_of(exports, photos, results, saturation=0.5)
    assert kept == {"0.jpg": "", "1.jpg": "", "2.jpg": ""}
    edited.write_bytes(bytes(reversed(edited.read_bytes())))
    kept = results_of(exports, photos, results, saturation=0.25)
    assert kept == {"0.jpg": "", "1.jpg": "colorized_1.jpg.bak2", "2.jpg": ""}


def test_what_a_killed_run_had_in_hand_may_be_foreign_as_well(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    results = tmp_path / "out"
    results_of(exports, photos, results, saturation=0.5)
    (results / NAME).unlink()
    note = {"in_hand": ["1.jpg"], "suspects": [], "alone": "", "ends": {}, "owner": "a test"}
    (results / NOTE).write_text(json.dumps(note))
    kept = results_of(exports, photos, results)  # they are of settings that nobody knows any more
    assert kept == {f"{number}.jpg": f"colorized_{number}.jpg.bak" for number in range(3)}
    (results / NAME).unlink()
    assert set(results_of(exports, photos, results).values()) == {""}  # the same bytes are no loss


def test_in_a_bucket_it_is_the_same(
    scans: ObjectPath, bucket: ObjectPath, exports: dict[str, Path], make_photo: MakePhoto
) -> None:
    results, words = bucket / "results", ["--model", exports["onnx"]]
    OBJECTS.write(results / "1900/colorized_0.jpg", b"mine")
    assert batch(scans, results, *words).exit_code == ExitCode.DONE
    assert OBJECTS.read(results / "1900/colorized_0.jpg.bak")[0] == b"mine"
    good = images(results)
    OBJECTS.write(results / "1901/colorized_1.jpg", b"edited")
    assert batch(scans, results, *words).exit_code == ExitCode.DONE
    assert OBJECTS.read(results / "1901/colorized_1.jpg.bak")[0] == b"edited"
    assert images(results) == good


@pytest.mark.parametrize("links", [True, False])
def test_where_there_are_no_links_it_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    from colorgan.storage.paths import LOCAL

    def refuse(*_: object) -> None:
        raise PermissionError(1, "no links here")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a.jpg").write_bytes(b"mine")
    names = [LOCAL.keep(tmp_path / "a.jpg").name for _ in range(3)]
    assert names == ["a.jpg.bak", "a.jpg.bak2", "a.jpg.bak3"]
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"mine"}


LARGE = 800_000_000
"""Bytes of a file that are no photograph's, and of memory that suffices for the rest."""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux, and files with holes")
def test_what_is_at_the_place_of_a_result_is_compared_without_being_in_memory(
    exports: dict[str, Path], tmp_path: Path, make_photo: MakePhoto
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    make_photo(40, 32, "L").save(tmp_path / "in/a.jpg")
    with (tmp_path / "out/colorized_a.jpg").open("wb") as file:
        file.truncate(LARGE)
    limited = f"import resource, sys; resource.setrlimit(resource.RLIMIT_DATA, ({LARGE}, {LARGE})); "
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            limited
            + f"from colorgan import Colorizer; Colorizer({str(exports['onnx'])!r})"
            + f".colorize_folder({str(tmp_path / 'in')!r}, {str(tmp_path / 'out')!r})",
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/colorized_a.jpg.bak").stat().st_size == LARGE
    assert (tmp_path / "out/colorized_a.jpg").stat().st_size < 1 << 20
