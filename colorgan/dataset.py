"""Colour photographs from a folder, as the trainer takes them: uint8 RGB, square, decoded on the fly."""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from colorgan.errors import ImageError
from colorgan.images import DECODE_ERRORS, open_image

SMALLEST_CROP = 0.7
"""A training crop's side is this share of the photograph's short side, or more."""


class PhotoDataset(Dataset[tuple[Tensor | None, str]]):
    """Square photographs, uint8 (3, size, size), with an empty reason; or None and why it was unreadable.

    For training: a random square crop, flipped half the time. Otherwise: the largest square in the middle.
    """

    def __init__(self, paths: Sequence[Path], size: int, *, training: bool) -> None:
        self.paths, self.size, self.training = paths, size, training

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor | None, str]:
        try:
            pixels = np.asarray(self._load(self.paths[index]))
        except ImageError as error:
            return None, str(error)
        return torch.from_numpy(pixels.copy()).permute(2, 0, 1), ""

    def _load(self, path: Path) -> Image.Image:
        share, across, down, flip = 1.0, 0.5, 0.5, False
        if self.training:
            share, across, down, coin = torch.rand(4).tolist()
            share, flip = SMALLEST_CROP + (1 - SMALLEST_CROP) * share, coin < 0.5
        with open_image(path) as image:
            full_width, full_height = image.size
            side = share * min(full_width, full_height)
            try:
                # A JPEG is decoded at 1/2, 1/4 or 1/8 where that is still as fine as the crop needs.
                zoom = self.size / side
                image.draft("RGB", (round(full_width * zoom) + 1, round(full_height * zoom) + 1))
                width, height = image.size
                side = min(side * width / full_width, width, height)
                left, top = across * (width - side), down * (height - side)
                box = (left, top, min(left + side, width), min(top + side, height))
                small = image.convert("RGB").resize(
                    (self.size, self.size), Image.Resampling.BICUBIC, box=box, reducing_gap=2.0
                )
                small = ImageOps.exif_transpose(small)
            except DECODE_ERRORS as error:
                raise ImageError(path, f"cannot be decoded ({error})") from error
        return ImageOps.mirror(small) if flip else small


def split(paths: Sequence[Path], held_out: int, seed: int) -> tuple[list[Path], list[Path]]:
    """Part paths into training and validation: `held_out` of them, but at least 1 and at most a tenth."""
    shuffled = list(paths)
    random.Random(seed).shuffle(shuffled)
    count = max(1, min(held_out, len(shuffled) // 10))
    return sorted(shuffled[count:]), sorted(shuffled[:count])


def load_batches(
    dataset: PhotoDataset, batch_size: int, *, workers: int, generator: torch.Generator
) -> DataLoader[tuple[Tensor | None, str]]:
    """Batches of the data set: what could be read as uint8 (N, 3, size, size), or None, and the reasons."""
    return DataLoader(
        dataset,
        batch_size,
        shuffle=dataset.training,
        collate_fn=_collate,
        num_workers=workers,
        worker_init_fn=_leave_interrupts_to_the_trainer,
        pin_memory=torch.cuda.is_available(),
        generator=generator,
        # Batch statistics of a lone photograph mean little; a set smaller than a batch is used as it is.
        drop_last=dataset.training and len(dataset) >= batch_size,
    )


def _leave_interrupts_to_the_trainer(_: int) -> None:
    """Let Ctrl-C end the trainer alone; errors of a data set reach it without the hook."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.excepthook = lambda *_: None  # a worker that was handing over a batch would show a traceback


def _collate(items: list[tuple[Tensor | None, str]]) -> tuple[Tensor | None, list[str]]:
    photos = [photo for photo, _ in items if photo is not None]
    return (torch.stack(photos) if photos else None), [reason for _, reason in items if reason]
