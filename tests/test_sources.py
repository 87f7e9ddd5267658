"""Files are found wherever they are, and what cannot be looked into is reported."""

import io
import os
import sys
from pathlib import Path

import pytest

from colorgan.batch.sources import find_images, read_list
from colorgan.errors import ImageError, UsageError
from colorgan.storage.local import walk_files
from colorgan.storage.protocol import LeaveOut


def without(results: Path) -> LeaveOut:
    return lambda folder, names: names if folder.samefile(results) else ()


def test_files_are_found_in_sub_folders_but_not_among_the_results(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", "notes.txt", ".hidden.png", "sub/c.tiff", "results/colorized_a.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    found = [
        path.relative_to(tmp_path).as_posix()
        for path in walk_files(tmp_path, leave_out=without(tmp_path / "results"))
    ]
    assert found == ["a.png", "b.JPG", "notes.txt", "sub/c.tiff"]
    assert len(find_images(tmp_path)) == 4


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    (tmp_path / "photos/sub").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "photos/sub/a.jpg").touch()
    (tmp_path / "elsewhere/b.jpg").touch()
    (tmp_path / "photos/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "photos")
    (tmp_path / "photos/sub/up").symlink_to("..")
    (tmp_path / "photos/self.jpg").symlink_to("self.jpg")
    (tmp_path / "results").mkdir()
    (tmp_path / "results/colorized_a.jpg").touch()
    (tmp_path / "photos/old results").symlink_to(tmp_path / "results")
    photos = tmp_path / "photos"
    found = [
        path.relative_to(photos).as_posix()
        for path in walk_files(photos, leave_out=without(tmp_path / "results"))
    ]
    assert found == ["self.jpg", "linked/b.jpg", "sub/a.jpg"]


def test_a_folder_that_cannot_be_read_is_reported_and_the_rest_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open").mkdir()
    (tmp_path / "open/a.jpg").touch()
    scandir = os.scandir

    def refuse(folder: Path) -> object:  # root may read everything: permissions alone would not do
        if folder.name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    reported: list[tuple[Path, str]] = []
    assert list(walk_files(tmp_path, lambda *report: reported.append(report))) == [tmp_path / "open/a.jpg"]
    ((folder, reason),) = reported
    assert folder == tmp_path / "closed"
    assert "Permission denied" in reason
    with pytest.raises(ImageError, match="closed"):
        find_images(tmp_path)


@pytest.mark.parametrize("data", [b"b.jpg\nsub/../a.jpg\n\nb.jpg\n", b"b.jpg\r\na.jpg", b"b.jpg\0a.jpg\0"])
def test_a_list_names_files_by_lines_or_nuls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_bytes(data)
    assert read_list("@list.txt") == [tmp_path / "b.jpg", tmp_path / "a.jpg"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert read_list("-") == [tmp_path / "b.jpg", tmp_path / "a.jpg"]
    with pytest.raises(UsageError, match="nowhere"):
        read_list("@nowhere")
