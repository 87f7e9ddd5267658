"""Time the ways from photographs on a disk to batches to train on.

    python -m benchmarks.loading PHOTOS_DIR --count 200 --size 256 --workers 2

Contenders take turns, with equal worker processes and batches. `ImageFolder` is torchvision's with Resize and
ToTensor, as in tutorials. `folder` is colorgan's loader on the same files, a random crop of each. `shards` is
the same on what `colorgan prepare` made of them. The photographs are those of the folder, enlarged to two
megapixels, with grain, as color JPEGs. Writes `benchmarks/results/loading.json`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from benchmarks.photographs import make_photographs
from benchmarks.report import write_report
from colorgan.config import PrepareConfig
from colorgan.evaluation.turns import take_turns
from colorgan.training.dataset import SMALLEST_CROP, Order, TrainingPhotos, load_batches
from colorgan.training.photographs import Photograph, find_photographs
from colorgan.training.shards import Packing


@click.command()
@click.argument("photos", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--megapixels", default=2.0, show_default=True)
@click.option("--count", default=200, show_default=True, help="Photographs.")
@click.option("--size", default=256, show_default=True, help="Side of the training images, in pixels.")
@click.option("--batch-size", default=20, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--rounds", default=5, show_default=True)
def main(
    photos: Path, megapixels: float, count: int, size: int, batch_size: int, workers: int, rounds: int
) -> None:
    """Compare loaders on photographs made from those in PHOTOS."""
    with TemporaryDirectory() as name:
        folder, shards = Path(name, "photos"), Path(name, "shards")
        make_photographs(photos, folder / "all", megapixels, count, mode="RGB")
        shards.mkdir()
        for _ in Packing(folder, shards, PrepareConfig(size=round(size / SMALLEST_CROP))).run():
            pass
        seconds = take_turns(
            {
                "ImageFolder": partial(load_as_tutorials_do, folder, size, batch_size, workers),
                "folder": partial(load, find_photographs(folder), size, batch_size, workers),
                "shards": partial(load, find_photographs(shards), size, batch_size, workers),
            },
            rounds,
        )
    rates = {contender: count / median(times) for contender, times in seconds.items()}
    click.echo("| loader | images/s | beside ImageFolder |")
    click.echo("| --- | ---: | ---: |")
    for contender, rate in rates.items():
        click.echo(f"| {contender} | {rate:.1f} | {rate / rates['ImageFolder']:.2f} |")
    settings = {"megapixels": megapixels, "count": count, "size": size, "workers": workers}
    write_report("loading", settings | {"batch_size": batch_size, "seconds": seconds})


def load_as_tutorials_do(folder: Path, size: int, batch_size: int, workers: int) -> None:
    """Go through the folder once, in float."""
    transform = transforms.Compose([transforms.Resize((size, size)), transforms.ToTensor()])
    data = ImageFolder(str(folder), transform)
    for _ in DataLoader(data, batch_size, shuffle=True, num_workers=workers):
        pass


def load(photographs: list[Photograph], size: int, batch_size: int, workers: int) -> None:
    """Go through the photographs once, as the trainer does."""
    order = Order(len(photographs), batch_size, 1, seed=0)
    batches = order.batches(0, order.steps_per_epoch)
    for _ in load_batches(TrainingPhotos(photographs, size), batches, workers):
        pass


if __name__ == "__main__":
    main()
