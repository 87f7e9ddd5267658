"""Shards hold what the folder holds, survive being stopped, and are trained on as a folder is."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import MakePhoto
from PIL import Image

from colorgan.config import PrepareConfig
from colorgan.errors import UsageError
from colorgan.training.photographs import Photograph, find_photographs, fingerprint
from colorgan.training.shards import Packing


def pack(data: Path, shards: Path, limit: int | None = None, **settings: Any) -> list[dict[str, Any]]:
    """Pack photographs, up to a limit where the process would have been killed; give the entries."""
    run = Packing(data, shards, PrepareConfig(**{"size": 32, "shard_size": 4} | settings)).run()
    return list(run) if limit is None else [next(run) for _ in range(limit)]


def test_a_shard_is_a_tar_of_resized_jpegs(photo_folder: Path, tmp_path: Path) -> None:
    entries = pack(photo_folder, tmp_path / "shards")
    assert [entry["source"] for entry in entries] == [f"{number:05}.png" for number in range(10)]
    found = find_photographs(tmp_path / "shards")
    members = []
    for path in sorted((tmp_path / "shards").glob("*.tar")):
        with tarfile.open(path) as tar:
            members += [(tar.extractfile(member).read(), member.name) for member in tar]  # type: ignore[union-attr]
    assert [(photo.read(), photo.name) for photo in found] == members
    with Image.open(io.BytesIO(found[9].read())) as image, Image.open(photo_folder / "00009.png") as original:
        assert image.size == (38, 32)  # of 48 x 40
        difference = np.asarray(image, int) - np.asarray(original.resize(image.size), int)
        assert abs(difference).mean() < 6


def test_small_photographs_keep_their_size_and_sideways_ones_are_turned(
    make_photo: MakePhoto, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    make_photo(30, 20, "RGB").save(tmp_path / "data/small.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    make_photo(90, 60, "RGB").save(tmp_path / "data/turned.jpg", exif=exif)
    pack(tmp_path / "data", tmp_path / "shards")
    sizes = [Image.open(io.BytesIO(photo.read())).size for photo in find_photographs(tmp_path / "shards")]
    assert sizes == [(30, 20), (32, 48)]


def test_bad_dull_and_double_photographs_are_left_out_with_the_reason(
    photo_folder: Path, make_photo: MakePhoto, tmp_path: Path
) -> None:
    (photo_folder / "bad.jpg").write_bytes(b"no")
    make_photo(48, 40).save(photo_folder / "gray.png")
    (photo_folder / "sub").mkdir()
    (photo_folder / "sub/again.png").write_bytes((photo_folder / "00002.png").read_bytes())
    entries = pack(photo_folder, tmp_path / "a", min_colorfulness=5.0, drop_duplicates=True)
    left_out = {entry["source"]: entry["left_out"] for entry in entries if "left_out" in entry}
    assert left_out.keys() == {"bad.jpg", "gray.png", "sub/again.png"}
    assert "00002.png" in left_out["sub/again.png"]
    assert len(find_photographs(tmp_path / "a")) == 10
    kept = [entry for entry in pack(photo_folder, tmp_path / "b") if "shard" in entry]
    assert len(kept) == 12


@pytest.mark.parametrize("limit", [1, 4, 5, 9])
def test_a_pass_that_was_stopped_goes_on(photo_folder: Path, tmp_path: Path, limit: int) -> None:
    pack(photo_folder, tmp_path / "whole")
    pack(photo_folder, tmp_path / "parts", limit)
    (tmp_path / "parts/.00009.tar.colorgan-partial").write_bytes(b"killed here")
    with (tmp_path / "parts/index.jsonl").open("a") as file:
        file.write('{"source": "0000')
    pack(photo_folder, tmp_path / "parts")
    assert not pack(photo_folder, tmp_path / "parts")
    names = {path.name for path in (tmp_path / "whole").iterdir()}
    assert names == {path.name for path in (tmp_path / "parts").iterdir()}
    assert all(
        (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes() for name in names
    )


def test_new_photographs_are_added(photo_folder: Path, make_photo: MakePhoto, tmp_path: Path) -> None:
    pack(photo_folder, tmp_path / "shards")
    before = fingerprint(find_photographs(tmp_path / "shards"), tmp_path / "shards")
    make_photo(48, 40, "RGB", 77).save(photo_folder / "new.png")
    assert [entry["source"] for entry in pack(photo_folder, tmp_path / "shards")] == ["new.png"]
    assert len(found := find_photographs(tmp_path / "shards")) == 11
    assert fingerprint(found, tmp_path / "shards") != before


def test_other_settings_are_refused(photo_folder: Path, tmp_path: Path) -> None:
    pack(photo_folder, tmp_path / "shards")
    with pytest.raises(UsageError, match=r'shards.*"size": 32'):
        pack(photo_folder, tmp_path / "shards", size=64)


def test_an_index_that_is_damaged_is_refused(photo_folder: Path, tmp_path: Path) -> None:
    pack(photo_folder, tmp_path / "shards")
    index = tmp_path / "shards/index.jsonl"
    index.write_text("{]\n" + index.read_text())
    with pytest.raises(UsageError, match=r"index\.jsonl"):
        find_photographs(tmp_path / "shards")


def test_no_folder_is_made_for_photographs_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=str(tmp_path / "data")):
        Packing(tmp_path / "data", tmp_path / "shards", PrepareConfig())
    assert not (tmp_path / "shards").exists()


def test_shards_of_nothing_are_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/bad.jpg").write_bytes(b"no")
    entries = pack(tmp_path / "data", tmp_path / "shards")
    assert json.loads((tmp_path / "shards/index.jsonl").read_text().splitlines()[1]) == entries[0]
    assert not list((tmp_path / "shards").glob("*.tar"))
    with pytest.raises(UsageError, match=r"index\.jsonl"):
        find_photographs(tmp_path / "shards")


def test_the_fingerprint_is_that_of_the_photographs_wherever_they_lie(
    photo_folder: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    before = fingerprint(find_photographs(photo_folder), photo_folder)
    photo_folder.rename(moved)
    assert fingerprint(found := find_photographs(moved), moved) == before
    assert fingerprint(found[1:], moved) != before
    assert Photograph(moved / "00001.png").path == moved / "00001.png"
