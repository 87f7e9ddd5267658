"""A photograph that shows what another shows is found, however it was stored."""

from pathlib import Path

import numpy as np
from conftest import MakePhoto
from PIL import Image

from colorgan.config import PrepareConfig
from colorgan.training.near_duplicates import without_near_duplicates
from colorgan.training.photographs import Photograph, find_photographs
from colorgan.training.shards import Packing


def scene(seed: int) -> Image.Image:
    """A picture with soft structure, as photographs have."""
    rough = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(rough).resize((320, 240), Image.Resampling.BICUBIC)


def test_a_planted_scene_from_another_source_is_left_out(tmp_path: Path, make_photo: MakePhoto) -> None:
    for seed in range(12):
        scene(seed).save(tmp_path / f"{seed:02}.jpg", quality=92)
    held_out = [Photograph(tmp_path / "03.jpg")]
    other = tmp_path / "other"
    other.mkdir()
    scene(3).resize((160, 120)).save(other / "smaller.jpg", quality=60)
    scene(3).crop((4, 3, 316, 237)).save(other / "cut.png")
    Image.eval(scene(3), lambda value: min(255, value * 1.1 + 5)).save(other / "brighter.jpg")
    (other / "bad.jpg").write_bytes(b"no")
    found = [photo for photo in find_photographs(tmp_path) if photo not in held_out]
    kept = {photo.path.name for photo in without_near_duplicates(found, held_out)}
    assert kept == {f"{seed:02}.jpg" for seed in range(12) if seed != 3} | {"bad.jpg"}


def test_shards_know_what_their_photographs_show(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for seed in range(4):
        scene(seed).save(tmp_path / f"data/{seed}.jpg")
    scene(2).resize((200, 150)).save(tmp_path / "data/again.jpg")
    list(Packing(tmp_path / "data", tmp_path / "shards", PrepareConfig(size=64)).run())
    found = find_photographs(tmp_path / "shards")
    assert all(photo.difference_hash for photo in found)
    assert len(without_near_duplicates(found[:3], found[3:])) == 2
