"""Photographs arrive as squares, and in an order that only the seed decides."""

from pathlib import Path

import pytest
import torch
from conftest import MakePhoto
from PIL import Image

from colorgan.networks.color_space import prepare_input
from colorgan.training.aging import Aging
from colorgan.training.dataset import Draw, Order, TrainingPhotos, load_square
from colorgan.training.photographs import Photograph, split


@pytest.mark.parametrize(("width", "height", "mode"), [(300, 40, "RGB"), (33, 500, "L"), (20, 20, "CMYK")])
def test_photographs_of_any_shape_become_squares(
    make_photo: MakePhoto, tmp_path: Path, width: int, height: int, mode: str
) -> None:
    make_photo(width, height, mode).save(tmp_path / "a.jpg")
    photo = Photograph(tmp_path / "a.jpg")
    crops = TrainingPhotos([photo], 32)
    for pixels in (load_square(photo, 32), crops[Draw(0, 1)].pixels):
        assert pixels is not None
        assert pixels.shape == (32, 32, 3)
        assert pixels.dtype == torch.uint8
    assert not crops[Draw(0, 1)].unreadable


def test_a_validation_photograph_is_the_middle_of_the_picture(tmp_path: Path) -> None:
    image = Image.new("RGB", (300, 100), "red")
    image.paste("blue", (100, 0, 200, 100))
    image.save(tmp_path / "a.png")
    pixels = load_square(Photograph(tmp_path / "a.png"), 32)
    assert pixels[16, 16].tolist() == [0, 0, 255]
    assert pixels[..., 0].float().mean() < 16


def test_a_crop_is_decided_by_its_seed(make_photo: MakePhoto, tmp_path: Path) -> None:
    make_photo(200, 200, "RGB").save(tmp_path / "a.jpg")
    crops = TrainingPhotos([Photograph(tmp_path / "a.jpg")], 32)
    one, same, other = (crops[Draw(0, seed)].pixels for seed in (1, 1, 2))
    assert one is not None
    assert same is not None
    assert other is not None
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_an_unreadable_photograph_is_replaced_by_another(make_photo: MakePhoto, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no")
    make_photo(40, 40, "RGB").save(tmp_path / "good.jpg")
    photos = TrainingPhotos([Photograph(tmp_path / "bad.jpg"), Photograph(tmp_path / "good.jpg")], 32)
    item = photos[Draw(0, 5)]
    assert item.pixels is not None
    assert str(tmp_path / "bad.jpg") in item.unreadable[0]


def test_an_epoch_goes_through_every_photograph_once() -> None:
    order = Order(count=24, batch_size=4, batches_per_step=2, seed=3)
    assert (order.per_step, order.steps_per_epoch) == (8, 3)
    epochs = [
        [draw.number for batch in order.batches(3 * epoch, 3 * epoch + 3) for draw in batch]
        for epoch in range(2)
    ]
    assert all(sorted(epoch) == list(range(24)) for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_a_run_goes_on_anywhere_with_the_batches_that_were_to_come() -> None:
    order = Order(count=22, batch_size=2, batches_per_step=3, seed=0)
    whole = list(order.batches(0, 12))
    assert list(order.batches(5, 12)) == whole[15:]
    assert list(Order(22, 2, 3, seed=1).batches(0, 12)) != whole


def test_processes_share_the_batches_of_a_step() -> None:
    alone = list(Order(20, 2, 4, seed=0).batches(0, 6))
    first, second = (list(Order(20, 2, 4, seed=0, rank=rank, processes=2).batches(0, 6)) for rank in (0, 1))
    assert [batch for pair in zip(first, second, strict=True) for batch in pair] == alone


def test_a_set_smaller_than_a_step_is_gone_through_more_than_once() -> None:
    order = Order(count=3, batch_size=8, batches_per_step=1, seed=0)
    assert order.steps_per_epoch == 1
    (batch,) = order.batches(0, 1)
    assert len(batch) == 8
    assert {draw.number for draw in batch} == {0, 1, 2}


def test_split_parts_a_folder_without_overlap() -> None:
    photos = [Photograph(Path(f"{number:03}.jpg")) for number in range(100)]
    training, validation = split(photos, 200, seed=1)
    assert len(validation) == 10
    assert sorted(training + validation, key=lambda photo: photo.path) == photos


def photographs(make_photo: MakePhoto, count: int = 16) -> torch.Tensor:
    images = [make_photo(64, 48, "RGB", seed) for seed in range(count)]
    pixels = [torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8) for image in images]
    return torch.stack([each.view(48, 64, 3).permute(2, 0, 1) for each in pixels]).float() / 255


def aging_of(rgb: torch.Tensor, seed: int = 0) -> Aging:
    return Aging(rgb, prepare_input(rgb), torch.Generator().manual_seed(seed))


def gray_of(rgb: torch.Tensor, share: float, seed: int = 0) -> torch.Tensor:
    return aging_of(rgb, seed).gray(share)


def test_old_photographs_stay_in_range_and_are_decided_by_the_seed(make_photo: MakePhoto) -> None:
    rgb = photographs(make_photo)
    old = gray_of(rgb, 1.0)
    assert old.shape == (16, 1, 48, 64)
    assert old.min() >= 0
    assert old.max() <= 1
    assert torch.equal(old, gray_of(rgb, 1.0))
    assert not torch.equal(old, gray_of(rgb, 1.0, seed=1))


def test_only_the_share_asked_for_looks_old(make_photo: MakePhoto) -> None:
    rgb = photographs(make_photo, 64)
    clean = gray_of(rgb, 0.0)
    assert torch.allclose(clean[:, 0], (rgb * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1))
    changed = (gray_of(rgb, 0.5) != clean).flatten(1).any(1).sum()
    assert 16 < changed < 48


def test_each_effect_leaves_a_photograph_that_one_knows_again(make_photo: MakePhoto) -> None:
    rgb = photographs(make_photo)
    aging = aging_of(rgb)
    clean = aging.clean
    for effect in (aging._tone, aging._fade, aging._blur, aging._grain, aging._scratch, aging._jpeg):
        old = effect(clean)
        assert old.shape == clean.shape
        assert not torch.equal(old, clean)
        for one, other in zip(old, clean, strict=True):
            assert torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1] > 0.8, effect.__name__


def test_fine_quantization_leaves_the_gray_as_it_is(
    make_photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    rgb = photographs(make_photo)
    monkeypatch.setattr("colorgan.training.aging.QUANTIZATION", torch.full((8, 8), 1e-3))
    aging = aging_of(rgb)
    again, clean = aging._jpeg(aging.clean), aging.clean
    assert torch.allclose(again, clean, atol=1e-4)  # the transform and its inverse
