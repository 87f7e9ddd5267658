"""Strange files, strange lists and strange folders cost themselves only, and are named."""

import codecs
import os
import socket
import sys
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from commands import counts, summary
from conftest import MakePhoto

from colorgan import Colorizer, ExitCode, Status, UsageError
from colorgan.batch.job import Job
from colorgan.batch.kinds import kind_of_bytes
from colorgan.batch.manifest import Manifest
from colorgan.batch.sources import read_list
from colorgan.cli.main import main
from colorgan.storage.local import LocalStorage
from colorgan.storage.protocol import ChangedError


@pytest.fixture
def photos(tmp_path: Path, make_photo: MakePhoto) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        make_photo(60, 50, seed=number).save(folder / f"{number}.jpg")
    return folder


def call(*words: object) -> Result:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_pictures_that_are_not_read_are_counted_and_named(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    """Fault 18: by the name, or by the first bytes."""
    for name in ("a.psd", "b.EXR", "c.dng", "d.dng"):
        (photos / name).write_bytes(b"?")
    (photos / "no suffix").write_bytes((photos / "0.jpg").read_bytes())
    (photos / "notes.txt").write_text("Box 12")
    batch = ("batch", photos, tmp_path / "out", "--model", exports["onnx"])
    kinds = {"Photoshop": 1, "OpenEXR": 1, "camera raw": 2, "JPEG": 1}
    told = summary(call(*batch, "--json").stdout)
    assert (told["exit_code"], told["counts"]["colored"]) == (ExitCode.DONE, 3)
    assert told["not_read"] == kinds
    assert call(*batch, "--fail-on-unread").exit_code == ExitCode.SOME_FAILED
    entries = Manifest(tmp_path / "out").entries
    assert {path: entry.note for path, entry in entries.items() if entry.status == Status.NOT_READ} == {
        "a.psd": "Photoshop",
        "b.EXR": "OpenEXR",
        "c.dng": "camera raw",
        "d.dng": "camera raw",
        "no suffix": "JPEG",
    }
    status = call("status", tmp_path / "out", photos, "--json")
    assert status.exit_code == ExitCode.DONE
    assert summary(status.stdout)["not_read"] == kinds


def test_a_folder_of_nothing_else_says_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.psd").write_bytes(b"?")
    with pytest.raises(UsageError, match="Photoshop"):
        Job.plan(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\0\0\0\x1cftypavif\0\0", "AVIF"),
        (b"\0\0\0\x1cftypheix\0\0", "HEIC"),
        (b"\0\0\0\x1cftypmp42\0\0", ""),
        (b"P5\n3 4\n255\n", "PNM"),
        (b"P5 text", "PNM"),
        (b"PS", ""),
        (b"BM, dear Sir, is not what I meant by it", ""),
        (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "BMP"),
        (b"", ""),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"RIFF\0\0\0\0WAVEfmt ", ""),
    ],
)
def test_kinds_are_told_by_the_first_bytes(data: bytes, kind: str) -> None:
    assert kind_of_bytes(data) == kind


@pytest.mark.skipif(sys.platform != "linux", reason="special files of Linux")
@pytest.mark.parametrize("listed", [False, True])
def test_special_files_with_names_of_images_fail_and_are_never_waited_for(
    exports: dict[str, Path], photos: Path, tmp_path: Path, listed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 24."""
    monkeypatch.chdir(photos)  # a socket's name is short
    os.mkfifo("fifo.jpg")
    with socket.socket(socket.AF_UNIX) as there:
        there.bind("socket.png")
        Path("device.tif").symlink_to("/dev/zero")
        Path("folder.jpg").mkdir()
        names = sorted(photos.iterdir())
        (tmp_path / "list").write_text("\n".join(map(str, names)))
        source = f"@{tmp_path / 'list'}" if listed else photos
        outcomes = Colorizer(exports["onnx"]).colorize_folder(source, tmp_path / "out")
    failed = {outcome.path.name: outcome.error for outcome in outcomes if outcome.status is Status.FAILED}
    kinds = {"fifo.jpg": "FIFO", "socket.png": "socket", "device.tif": "device"}
    kinds |= {"folder.jpg": "folder"} if listed else {}
    assert failed.keys() == kinds.keys()
    assert all(kinds[name] in error for name, error in failed.items())
    assert Counter(outcome.status for outcome in outcomes)[Status.COLORED] == 3


def test_a_file_that_changes_while_it_is_read_fails_as_changed(
    exports: dict[str, Path], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = LocalStorage.read

    def change(self: LocalStorage, path: Path, *arguments: object) -> object:
        if path.name == "1.jpg":
            opened = LocalStorage.open

            def open_and_change(self: LocalStorage, path: Path, *arguments: object) -> object:
                file = opened(self, path)
                file.peek()  # type: ignore[attr-defined]
                os.truncate(path, 100)
                return file

            with monkeypatch.context() as patch:
                patch.setattr(LocalStorage, "open", open_and_change)
                return read(self, path)
        return read(self, path)

    monkeypatch.setattr(LocalStorage, "read", change)
    outcomes = Colorizer(exports["onnx"]).colorize_folder(photos, tmp_path / "out")
    failed = {outcome.path.name: outcome.error for outcome in outcomes if outcome.status is Status.FAILED}
    assert set(failed) == {"1.jpg"}
    monkeypatch.undo()
    file = photos / "2.jpg"
    stamp = LocalStorage().stat(file)
    file.write_bytes(file.read_bytes() + b"more")
    with pytest.raises(ChangedError):
        LocalStorage().read(file, stamp)


def test_results_of_earlier_runs_inside_the_scans_are_left_out(
    exports: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    """Fault 30: those that a manifest names, thumbnails included, and no photograph beside them."""
    colorizer = Colorizer(exports["onnx"])
    colorizer.colorize_folder(photos, photos / "old results", report=True)
    colorizer.colorize_folder(photos / "0.jpg", photos)  # beside its photograph
    (photos / "old results" / "new scan.jpg").write_bytes((photos / "1.jpg").read_bytes())
    outcomes = colorizer.colorize_folder(photos, tmp_path / "out")
    colored = {o.path.relative_to(photos).as_posix() for o in outcomes if o.status is Status.COLORED}
    assert colored == {"0.jpg", "1.jpg", "2.jpg", "old results/new scan.jpg"}
    found = {outcome.path.name: outcome.note for outcome in outcomes if outcome.status is Status.RESULT}
    assert found == {"photos": "1 files", "old results": "3 files"}


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + "é.jpg\nb.jpg\n".encode(),
        codecs.BOM_UTF16_LE + "é.jpg\r\nb.jpg\r\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "é.jpg\nb.jpg".encode("utf-16-be"),
    ],
)
def test_lists_may_begin_with_a_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """Fault 34."""
    monkeypatch.chdir(tmp_path)
    Path("list").write_bytes(data)
    assert read_list("@list") == [tmp_path / "é.jpg", tmp_path / "b.jpg"]


def test_a_folder_whose_name_begins_as_a_list_is_a_folder(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 34."""
    monkeypatch.chdir(photos.parent)
    photos.rename("@home")
    assert len(list(Job.plan("@home", "out").files())) == 3
    Path("home").write_text("@home/0.jpg")
    with pytest.raises(UsageError, match=r"write \./@home"):
        Job.plan("@home", "out")
    assert len(list(Job.plan("./@home", "out").files())) == 3


def test_listed_files_that_would_share_a_result_do_not(
    exports: dict[str, Path], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault 26: one below the current folder, the other in the file system's root."""
    below = photos.relative_to("/")
    monkeypatch.chdir(tmp_path)
    below.mkdir(parents=True)
    (below / "0.jpg").write_bytes((photos / "1.jpg").read_bytes())
    Path("list").write_text(f"{photos}/0.jpg\n{below}/0.jpg\n")
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "elsewhere"
    root.mkdir()
    Path(below.parts[0]).rename(root / below.parts[0])
    Path("list").write_text(f"{photos}/0.jpg\n{root / below}/0.jpg\n")
    monkeypatch.chdir(root)
    outcomes = Colorizer(exports["onnx"]).colorize_folder(f"@{tmp_path}/list", tmp_path / "out")
    assert [outcome.status for outcome in outcomes].count(Status.COLORED) == 1
    (failed,) = [outcome for outcome in outcomes if outcome.status is Status.FAILED]
    assert str(photos / "0.jpg") in failed.error


def test_photographs_in_color_that_are_left_out_are_not_looked_at_again(
    exports: dict[str, Path], tmp_path: Path, make_photo: MakePhoto
) -> None:
    """Fault 31."""
    (tmp_path / "photos").mkdir()
    make_photo(256, 256, "RGB").save(tmp_path / "photos/a.jpg")
    batch = ("batch", tmp_path / "photos", tmp_path / "out", "--model", exports["onnx"], "--if-color", "skip")
    assert counts(call(*batch, "--json")) == {"skipped": 1}
    assert counts(call(*batch, "--json")) == {"done": 1}
    make_photo(255, 256, "RGB").save(tmp_path / "photos/a.jpg")
    assert counts(call(*batch, "--json")) == {"skipped": 1}
