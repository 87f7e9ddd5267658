"""Train the generator against the discriminator, one epoch after the other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from colorgan.checkpoint import State, mark_checkpoint, save_checkpoint
from colorgan.config import GeneratorConfig, TrainingConfig
from colorgan.dataset import PhotoDataset, load_batches
from colorgan.devices import torch_device
from colorgan.errors import ModelError, RunError
from colorgan.losses import adversarial_loss, discriminator_loss, reconstruction_loss
from colorgan.networks import Discriminator, UNetGenerator, prepare_input
from colorgan.validation import Validation, validate
from colorgan.version import __version__

Network = TypeVar("Network", bound=nn.Module)

SAMPLES = 8
"""Validation photographs on a sample grid."""


@dataclass(frozen=True)
class Losses:
    """Losses of one step, each a tensor of one value on the training device; nan where not computed."""

    generator: Tensor
    l1: Tensor
    discriminator: Tensor


class Trainer:
    """Networks, optimizers and the position in a run; `epochs` and `train_epoch` drive it.

    Checkpoints go to `folder`: `epoch_0005.pt` and so on, of which `last.pt` and `best.pt` (least
    CIEDE2000) are other names; sample grids to `folder/samples`.
    """

    def __init__(
        self,
        config: TrainingConfig,
        generator_config: GeneratorConfig,
        training_paths: Sequence[Path],
        validation_paths: Sequence[Path],
        folder: Path,
    ) -> None:
        self.config, self.folder = config, folder
        self.training_paths, self.validation_paths = training_paths, validation_paths
        self.device = torch_device(config.device)
        bf16 = config.precision == "bf16" or (config.precision == "auto" and self.device.type == "cuda")
        self.autocast = torch.autocast(self.device.type, torch.bfloat16, enabled=bf16)
        torch.manual_seed(config.seed)
        self.generator = self._place(UNetGenerator(generator_config))
        self.discriminator = self._place(Discriminator(generator_config.base_channels))
        self.generator_optimizer, self.discriminator_optimizer = (
            torch.optim.Adam(network.parameters(), config.learning_rate, betas=(0.5, 0.999))
            for network in (self.generator, self.discriminator)
        )
        self.epoch, self.best = 0, math.inf
        self.unreadable: set[str] = set()

    def epochs(self) -> Iterator[int]:
        """Count the epochs that are left, up to the last."""
        while self.epoch < self.config.epochs:
            self.epoch += 1
            yield self.epoch

    def train_epoch(self) -> Iterator[tuple[int, Losses]]:
        """Go through the photographs once; give the number of photographs and the losses of each step."""
        self.generator.train()
        losses = None
        for photos in self._photos(self.training_paths, training=True):
            losses = self._step(photos)
            yield len(photos), losses
        if losses is None:
            raise RunError(
                f"no training photograph could be read: {min(self.unreadable, default='none given')}"
            )
        if not losses.generator.isfinite():
            raise RunError("the loss is no longer a number; resume with a lower --learning-rate")

    def is_due(self) -> bool:
        """Whether this epoch ends with a validation and a checkpoint."""
        return self.epoch % self.config.save_every == 0 or self.epoch == self.config.epochs

    @torch.inference_mode()
    def validate(self) -> Validation:
        """Colour the validation photographs in evaluation mode, and write the sample grid."""
        self.generator.eval()

        def colorize(gray: Tensor) -> Tensor:
            with self.autocast:
                colored: Tensor = self.generator(gray)
            return colored.float()

        photos = self._photos(self.validation_paths, training=False)
        grid = self.folder / "samples" / f"epoch_{self.epoch:04d}.png"
        try:
            return validate(colorize, photos, grid, SAMPLES)
        except OSError as error:
            raise RunError(f"{grid}: the samples cannot be written ({error})") from error

    def save(self, validation: Validation) -> Path:
        """Write this epoch's checkpoint, and mark it as the last, and as the best if it is."""
        path = self.folder / f"epoch_{self.epoch:04d}.pt"
        is_best = validation.ciede2000 < self.best
        self.best = min(self.best, validation.ciede2000)
        state: State = {
            "generator_config": self.generator.config.to_dict(),
            "training_config": self.config.to_dict(),
            "versions": {"colorgan": __version__, "torch": str(torch.__version__)},
            "epoch": self.epoch,
            "best": self.best,
            "validation": vars(validation),
            "random_state": torch.get_rng_state(),
            "cuda_random_states": torch.cuda.get_rng_state_all(),
        }
        save_checkpoint(path, state | {name: part.state_dict() for name, part in self._parts().items()})
        mark_checkpoint(path, self.folder / "last.pt")
        if is_best:
            mark_checkpoint(path, self.folder / "best.pt")
        return path

    def restore(self, path: Path, state: State) -> None:
        """Take up the run where the checkpoint's state left it; the learning rate is this run's own."""
        try:
            for name, part in self._parts().items():
                part.load_state_dict(state[name])
            self.epoch, self.best = state["epoch"], state["best"]
            torch.set_rng_state(state["random_state"].cpu())
            if self.device.type == "cuda" and len(state["cuda_random_states"]) == torch.cuda.device_count():
                torch.cuda.set_rng_state_all([random.cpu() for random in state["cuda_random_states"]])
        except (KeyError, RuntimeError, ValueError) as error:
            raise ModelError(path, f"cannot be resumed from ({error})") from error
        for optimizer in (self.generator_optimizer, self.discriminator_optimizer):
            for group in optimizer.param_groups:
                group["lr"] = self.config.learning_rate

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        return {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }

    def _place(self, network: Network) -> Network:
        return network.to(self.device).to(memory_format=torch.channels_last)

    def _photos(self, paths: Sequence[Path], *, training: bool) -> Iterator[Tensor]:
        """Batches of readable photographs, RGB (N, 3, size, size) in [-1, 1] on the device."""
        dataset = PhotoDataset(paths, self.config.size, training=training)
        order = torch.Generator().manual_seed(self.config.seed + self.epoch)
        workers = self.config.workers if training else 0
        for photos, reasons in load_batches(
            dataset, self.config.batch_size, workers=workers, generator=order
        ):
            self.unreadable.update(reasons)
            if photos is not None:
                on_device = photos.to(self.device, non_blocking=True)
                yield on_device.to(torch.float32, memory_format=torch.channels_last) / 127.5 - 1

    def _step(self, real: Tensor) -> Losses:
        """Update the discriminator, then the generator."""
        with self.autocast:
            fake = self.generator(prepare_input(real))
        l1 = reconstruction_loss(fake, real)
        g_loss, d_loss = self.config.l1_weight * l1, torch.tensor(math.nan)
        if self.epoch > self.config.warmup_epochs:
            d_loss = self._step_discriminator(real, fake.detach())
            self.discriminator.requires_grad_(False)  # its gradients would be thrown away
            with self.autocast:
                logits = self.discriminator(fake)
            self.discriminator.requires_grad_(True)
            g_loss = g_loss + adversarial_loss(logits.float())
        self.generator_optimizer.zero_grad()
        g_loss.backward()
        self.generator_optimizer.step()
        return Losses(g_loss.detach(), l1.detach(), d_loss)

    def _step_discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        with self.autocast:
            real_logits, fake_logits = self.discriminator(real), self.discriminator(fake)
        loss = discriminator_loss(real_logits.float(), fake_logits.float())
        self.discriminator_optimizer.zero_grad()
        loss.backward()
        self.discriminator_optimizer.step()
        return loss.detach()
