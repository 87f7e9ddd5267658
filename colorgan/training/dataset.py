"""Square color photographs in batches, uint8, decoded on the fly, in an order that the seed decides."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from colorgan.errors import ImageError, RunError
from colorgan.photo.damage import damage
from colorgan.photo.pillow import DECODE_ERRORS, open_image
from colorgan.training.photographs import Photograph

SMALLEST_CROP = 0.7
"""A training crop's side is this share of the photograph's short side, or more."""

ATTEMPTS = 50
"""Photographs that are tried, one instead of the other, before the data set is given up."""


STOPPING = (signal.SIGINT, signal.SIGTERM)
"""Signals that tell a run to stop."""


class Draw(NamedTuple):
    """The number of a photograph to take, and the seed of its crop."""

    number: int
    seed: int


class Item(NamedTuple):
    """A photograph uint8 (size, size, 3), or none if it was unreadable; and what was unreadable, and why."""

    pixels: Tensor | None
    unreadable: list[str]


class TrainingPhotos(Dataset[Item]):
    """A random square of each photograph; of another one where it is unreadable."""

    def __init__(self, photographs: Sequence[Photograph], size: int) -> None:
        self.photographs, self.size = photographs, size

    def __getitem__(self, draw: Draw) -> Item:
        rng = random.Random(draw.seed)
        index, unreadable = draw.number, list[str]()
        share = SMALLEST_CROP + (1 - SMALLEST_CROP) * rng.random()
        place = rng.random(), rng.random()
        for _ in range(ATTEMPTS):
            try:
                return Item(load_square(self.photographs[index], self.size, share, place), unreadable)
            except ImageError as error:
                unreadable.append(str(error))
            index = rng.randrange(len(self.photographs))
        return Item(None, unreadable)


def load_square(
    photo: Photograph, size: int, share: float = 1.0, place: tuple[float, float] = (0.5, 0.5)
) -> Tensor:
    """A square of the photograph, uint8 (size, size, 3).

    Its side is a share of the photograph's short side, or more where it would have fewer than `size` pixels.
    `place` is where it lies, from (0, 0), the left and the top, to (1, 1).
    """
    with open_reduced(photo, size / share) as image:
        width, height = image.size
        share = max(share, min(1.0, size / min(width, height)))
        side = share * min(width, height)
        left, top = place[0] * (width - side), place[1] * (height - side)
        box = (left, top, min(left + side, width), min(top + side, height))
        small = image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC, box=box, reducing_gap=2.0)
        return torch.from_numpy(np.array(ImageOps.exif_transpose(small)))


@contextmanager
def open_reduced(photo: Photograph, side: float) -> Iterator[Image.Image]:
    """Open a photograph to decode it within; what fails there is an ImageError.

    A JPEG is decoded at 1/2, 1/4 or 1/8 of its size where its short side keeps `side` pixels.
    """
    with open_image(photo.path, photo.read()) as image:
        try:
            zoom = side / min(image.size)
            image.draft("RGB", (round(image.width * zoom) + 1, round(image.height * zoom) + 1))
            yield image
        except DECODE_ERRORS as error:
            raise ImageError(photo.path, f"cannot be decoded ({damage(error)})") from error


@dataclass(frozen=True)
class Order:
    """Which photographs each batch of a run holds: decided by the seed and by where the batch is.

    A step takes `batches_per_step` batches. This process loads those with the number `rank`, `rank` +
    `processes` and so on, so a step sees the same with any number of processes. Every epoch takes the
    photographs in another order, and leaves out what does not fill a step. A set smaller than a step is
    repeated.
    """

    count: int
    batch_size: int
    batches_per_step: int
    seed: int
    rank: int = 0
    processes: int = 1

    @property
    def per_step(self) -> int:
        """Photographs in a step."""
        return self.batch_size * self.batches_per_step

    @property
    def steps_per_epoch(self) -> int:
        """Steps that go through the photographs once."""
        return max(1, self.count // self.per_step)

    def batches(self, start: int, end: int) -> Iterator[list[Draw]]:
        """The batches of this process from one step up to another, both counted from the run's beginning."""
        epoch, draws = -1, list[Draw]()
        for step in range(start, end):
            if step // self.steps_per_epoch != epoch:
                epoch = step // self.steps_per_epoch
                draws = self._epoch(epoch)
            first = step % self.steps_per_epoch * self.per_step
            for number in range(self.rank, self.batches_per_step, self.processes):
                at = first + number * self.batch_size
                yield draws[at : at + self.batch_size]

    def _epoch(self, epoch: int) -> list[Draw]:
        random_numbers = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        times = -(-self.steps_per_epoch * self.per_step // self.count)
        order = torch.cat([torch.randperm(self.count, generator=random_numbers) for _ in range(times)])
        seeds = torch.randint(2**62, (len(order),), generator=random_numbers)
        return [Draw(number, seed) for number, seed in zip(order.tolist(), seeds.tolist(), strict=True)]


def load_batches(
    photos: TrainingPhotos, batches: Iterator[list[Draw]], workers: int
) -> Iterator[tuple[Tensor, list[str]]]:
    """The batches, uint8 (N, size, size, 3), each with what was unreadable; read ahead by the workers."""
    loader = DataLoader(
        photos,
        batch_sampler=batches,  # any iterable will do
        collate_fn=_collate,
        num_workers=workers,
        worker_init_fn=_leave_signals_to_the_trainer,
        pin_memory=torch.cuda.is_available(),
    )
    with _signals_held_back():
        loaded = iter(loader)
    for pixels, unreadable in loaded:
        if pixels is None:
            raise RunError(f"no training photograph could be read, nor {ATTEMPTS} others: {unreadable[-1]}")
        yield pixels, unreadable


@contextmanager
def worker_failures() -> Iterator[None]:
    """Within it, a worker that is killed is a RunError; PyTorch raises it anywhere in the main thread."""
    try:
        yield
    except RuntimeError as error:
        if not str(error).startswith("DataLoader worker (pid"):
            raise
        reason = str(error).split(". ")[0].rstrip(".")
        raise RunError(f"{reason}; if memory is short, resume with fewer --workers") from error


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Keep signals from processes that start here until they have handlers of their own."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave_signals_to_the_trainer(_: int) -> None:
    """Let Ctrl-C and SIGTERM to the group stop the trainer alone, which ends the workers when it is done."""
    for each in STOPPING:
        signal.signal(each, signal.SIG_IGN)  # forgets those held back
    if sys.platform != "win32":
        os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the trainer ends a worker with it
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    sys.excepthook = lambda *_: None  # a worker that was handing over a batch would show a traceback


def _collate(items: list[Item]) -> tuple[Tensor | None, list[str]]:
    photos = [item.pixels for item in items if item.pixels is not None]
    reasons = [reason for item in items for reason in item.unreadable]
    return (torch.stack(photos) if len(photos) == len(items) else None), reasons
