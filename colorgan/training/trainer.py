"""The generator against the discriminator, step by step, and all that a run needs to go on."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from colorgan.config import GeneratorConfig, TrainingConfig
from colorgan.errors import UsageError
from colorgan.networks.batch_norm import keep_statistics
from colorgan.networks.checkpoint import State
from colorgan.networks.chroma_classes import ClassHead, class_centers
from colorgan.networks.color_space import extract_chroma
from colorgan.networks.discriminator import Discriminator
from colorgan.networks.generator import UNetGenerator
from colorgan.training.batch import Batch, prepare_batch
from colorgan.training.dataset import Order, TrainingPhotos, load_batches
from colorgan.training.engine import start_engine
from colorgan.training.losses import (
    adversarial_loss,
    chroma_weights,
    discriminator_loss,
    reconstruction_loss,
)
from colorgan.training.optimizers import make_optimizer, set_learning_rate
from colorgan.training.painter import ClassObjective, Judge, Painted, Painter, chroma_of_features
from colorgan.training.photographs import Photograph

Network = TypeVar("Network", bound=nn.Module)

LARGEST_PRIME = 2**64 - 59
"""Below the 64 bits of a generator's seed; a modulus that keeps large numbers apart."""

Scalars = dict[str, Tensor]
"""Figures of one step in one process, each a tensor of one value on the training device."""


class Trainer:
    """Networks, optimizers and the position in a run; `steps` drives it.

    The seed, a step's number and the weights alone decide what it does. So a stopped run resumes bit for bit
    (on a CPU, with as many threads).
    """

    def __init__(
        self, config: TrainingConfig, generator_config: GeneratorConfig, photographs: Sequence[Photograph]
    ) -> None:
        if config.size % generator_config.stride:
            multiple = f"a multiple of {generator_config.stride} for {generator_config.encoder}"
            raise UsageError(f"size is {config.size}; it must be {multiple}")
        self.config = config
        self.fabric = start_engine(config)
        torch.manual_seed(config.seed)
        self.generator = self._place(UNetGenerator(generator_config))
        self.generator.save_memory = config.save_memory
        self.discriminator = self._place(
            Discriminator(generator_config.base_channels, patches=config.discriminator == "patch")
        )
        self.mean_generator = copy.deepcopy(self.generator).eval().requires_grad_(False)
        """The generator that is validated and exported: the mean of its weights over the last steps."""
        is_of_classes = isinstance(self.generator.head, ClassHead)
        self.classes = ClassObjective().to(self.fabric.device) if is_of_classes else None
        self.features = self._feature_loss() if config.feature_weight else None
        painter = Painter(self.generator)
        if config.compile:
            painter.compile()
            self.discriminator.compile()
        self.generator_optimizer, self.discriminator_optimizer = (
            make_optimizer(network, config) for network in (self.generator, self.discriminator)
        )
        self._painter, self._generator_step = self.fabric.setup(painter, self.generator_optimizer)
        self._judge, self._discriminator_step = self.fabric.setup(
            Judge(self.discriminator), self.discriminator_optimizer
        )
        self.photos = TrainingPhotos(photographs, config.size)
        processes = self.fabric.world_size
        self.order = Order(
            len(photographs),
            config.batch_size,
            config.accumulate * processes,
            config.seed,
            self.fabric.global_rank,
            processes,
        )
        self.step, self.last_step = 0, config.epochs * self.order.steps_per_epoch
        self.unreadable: set[str] = set()

    @property
    def epoch(self) -> int:
        """Epochs that are done."""
        return self.step // self.order.steps_per_epoch

    def steps(self) -> Iterator[Scalars]:
        """Do the steps that are left, and give the figures of each."""
        batches = load_batches(
            self.photos, self.order.batches(self.step, self.last_step), self.config.workers
        )
        if self.classes and not self.classes.is_ready:
            self.classes.count(self.photos.photographs, self.config.seed)
        self.generator.train()
        while self.step < self.last_step:
            pixels = []
            for _ in range(self.config.accumulate):
                batch, unreadable = next(batches)
                pixels.append(batch)
                self.unreadable.update(unreadable)
            yield self.train_on(pixels)

    def train_on(self, batches: Sequence[Tensor]) -> Scalars:
        """Do one step on batches uint8 (N, size, size, 3): the discriminator's update, then the generator's.

        Each is with the mean gradient of the batches.
        """
        for optimizer in (self.generator_optimizer, self.discriminator_optimizer):
            set_learning_rate(
                optimizer, self.config, self.step, self.last_step, self.order.steps_per_epoch, self.is_frozen
            )
        if self.generator.encoder:
            self.generator.encoder.train(not self.is_frozen)
        prepared = [self._prepare(pixels, number) for number, pixels in enumerate(batches)]
        adversarial = self.epoch >= self.config.warmup_epochs
        # Of a single batch, both updates share the generator's forward pass; of several, all its inner values
        # would have to be kept until the discriminator's update, so that each is colored a second time.
        only = self._paint(prepared[0], adversarial) if len(prepared) == 1 else None
        scalars = self._update_discriminator(prepared, only) if adversarial else {}
        scalars |= self._update_generator(prepared, only, adversarial)
        self.step += 1
        self._average()
        return scalars

    def state(self) -> State:
        """All that decides the steps to come."""
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        position = {"step": self.step, "steps_per_epoch": self.order.steps_per_epoch}
        return parts | position | {"precision": self.fabric.strategy.precision.state_dict()}

    def restore(self, state: State) -> None:
        """Take up the run where `state` left it; KeyError, RuntimeError or ValueError if it does not fit.

        With steps of another size, or other photographs, as many epochs are done as were.
        """
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.fabric.strategy.precision.load_state_dict(state["precision"])
        self.step = state["step"] * self.order.steps_per_epoch // state["steps_per_epoch"]

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Begin with the weights of another run's generator, its class centers where they are for targets."""
        for generator in (self.generator, self.mean_generator):
            generator.load_state_dict(weights)
            if isinstance(generator.head, ClassHead):
                generator.head.centers.copy_(class_centers())  # merging may have made them stronger

    def load_encoder(self, source: str) -> None:
        """Begin with an encoder trained on ImageNet: `package`, `timm`, or a file of its weights."""
        from colorgan.networks.encoders import load_weights

        for generator in (self.generator, self.mean_generator):
            if not generator.encoder:
                raise UsageError(
                    "--encoder-weights is for a pretrained --encoder, such as efficientnet_lite0"
                )
            load_weights(generator.encoder, generator.config.encoder, source)

    @property
    def is_frozen(self) -> bool:
        """Whether the encoder, a pretrained one, stays as it is in the step to come."""
        return self.generator.encoder is not None and self.epoch < self.config.frozen_epochs

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        objective: dict[str, nn.Module | torch.optim.Optimizer] = (
            {"classes": self.classes} if self.classes else {}
        )
        return objective | {
            "generator": self.generator,
            "mean_generator": self.mean_generator,
            "discriminator": self.discriminator,
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }

    def _feature_loss(self) -> nn.Module:
        from colorgan.training.feature_loss import FEATURE_STRIDE, FeatureLoss  # needs timm

        if self.config.size % FEATURE_STRIDE:
            multiple = f"a multiple of {FEATURE_STRIDE} for --feature-weight"
            raise UsageError(f"size is {self.config.size}; it must be {multiple}")
        return FeatureLoss().to(self.fabric.device)

    def _place(self, network: Network) -> Network:
        if self.config.sync_batch_norm and self.fabric.world_size > 1:
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        return network.to(self.fabric.device).to(memory_format=torch.channels_last)

    def _prepare(self, pixels: Tensor, number: int) -> Batch:
        number = self.order.rank + number * self.order.processes
        random = torch.Generator(self.fabric.device)
        random.manual_seed(((self.config.seed * 2**32 + self.step) * 2**12 + number) % LARGEST_PRIME)
        reduction = self.generator.reduction if self.classes else 0
        return prepare_batch(pixels, random, self.config.aging, reduction)

    def _paint(self, batch: Batch, adversarial: bool) -> Painted:
        """All pixels where another network sees them; else, of classes, only those that are learned."""
        whole = adversarial or self.features is not None or self.classes is None
        painted: Painted = self._painter(batch.gray, batch.clean, batch.pixels, whole)
        return painted

    def _update_discriminator(self, batches: list[Batch], only: Painted | None) -> Scalars:
        losses, right = [], []
        for number, batch in enumerate(batches, start=1):
            with torch.no_grad(), keep_statistics(self.generator):
                fake = (only or self._paint(batch, adversarial=True)).rgb
            assert fake is not None
            fake = fake.detach()
            with self.fabric.no_backward_sync(self._judge, enabled=number < len(batches)):
                real_logits, fake_logits = self._judge(batch.rgb, fake)
                loss = discriminator_loss(real_logits, fake_logits, self.config.label_smoothing)
                self.fabric.backward(loss / len(batches))
            losses.append(loss.detach())
            right.append(((real_logits > 0).float().mean() + (fake_logits < 0).float().mean()) / 2)
        self._discriminator_step.step()
        self._discriminator_step.zero_grad()
        return {"discriminator": torch.stack(losses).mean(), "accuracy": torch.stack(right).mean()}

    def _update_generator(self, batches: list[Batch], only: Painted | None, adversarial: bool) -> Scalars:
        scalars: list[Scalars] = []
        self.discriminator.requires_grad_(False)  # its gradients would be thrown away
        for number, batch in enumerate(batches, start=1):
            with self.fabric.no_backward_sync(self._painter, enabled=number < len(batches)):
                painted = only or self._paint(batch, adversarial)
                loss, figures = self._reconstruction(batch, painted)
                if self.features:
                    with self.fabric.autocast():
                        distance = self.features(painted.rgb, batch.rgb)
                    loss = loss + self.config.feature_weight * distance
                    figures["features"] = distance.detach()
                if adversarial:
                    with self.fabric.autocast():
                        logits = self.discriminator(painted.rgb)
                    loss = loss + adversarial_loss(logits.float())
                self.fabric.backward(loss / len(batches))
            scalars.append({"generator": loss.detach()} | figures)
        self.discriminator.requires_grad_(True)
        self._generator_step.step()
        self._generator_step.zero_grad()
        means = {name: torch.stack([each[name] for each in scalars]).mean() for name in scalars[0]}
        return means | {"chroma": means["chroma"] / means.pop("true").clamp(min=1e-6)}

    def _reconstruction(self, batch: Batch, painted: Painted) -> tuple[Tensor, Scalars]:
        """The loss beside the adversarial one, and figures: L1, chroma of the result and of the truth."""
        if painted.logits is not None:
            assert self.classes is not None
            assert batch.pixels is not None
            logits = painted.logits.float()
            true = chroma_of_features(batch.rgb, self.generator.reduction).index_select(2, batch.pixels)
            assert isinstance(self.generator.head, ClassHead)
            chroma = self.generator.head.mean(logits)
            l1, entropy = (chroma - true).abs().mean(), self.classes(logits, true)
            loss = self.config.class_weight * entropy + self.config.l1_weight * l1
            figures = {"l1": l1, "entropy": entropy}
        else:
            assert painted.rgb is not None
            true, chroma = extract_chroma(batch.rgb), extract_chroma(painted.rgb.detach()[..., ::4, ::4])
            strength = self.config.chroma_weight
            l1 = reconstruction_loss(
                painted.rgb, batch.rgb, chroma_weights(true, strength) if strength else None
            )
            loss, figures, true = self.config.l1_weight * l1, {"l1": l1}, true[..., ::4, ::4]
        figures |= {"chroma": chroma.norm(dim=1).mean(), "true": true.norm(dim=1).mean()}
        return loss, {name: figure.detach() for name, figure in figures.items()}

    @torch.no_grad()
    def _average(self) -> None:
        """Move the mean towards the weights, and the statistics of the batch norms with them.

        In the first steps the mean is over fewer of them, as those are far from where the run goes.
        """
        weight = 1 - min(self.config.ema, (1 + self.step) / (10 + self.step))
        values = self.generator.state_dict().values()
        for mean, value in zip(self.mean_generator.state_dict().values(), values, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, weight)
            else:  # the number of batches that a norm has seen
                mean.copy_(value)
