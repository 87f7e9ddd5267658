"""The architecture of a generator, and the settings of a training run."""

from __future__ import annotations

from dataclasses import dataclass

from colorgan.config.base import STRIDE, Config, setting
from colorgan.errors import UsageError


@dataclass(frozen=True)
class GeneratorConfig(Config):
    """The architecture of a generator; stored in every checkpoint."""

    base_channels: int = setting(64, "Channels of the first block; the fifth has 16 times as many.", low=1)
    head: str = setting(
        "chroma",
        "What the generator predicts: the chroma to lay over the gray, or all of RGB as the original does.",
        choices=("chroma", "rgb"),
    )


@dataclass(frozen=True)
class TrainingConfig(Config):
    """One training run; the losses are the original's unless one asks for others."""

    size: int = setting(1024, "Side of the square training images, in pixels; 256 suits a laptop.", low=32)
    batch_size: int = setting(8, "Images in one forward pass.", low=1)
    accumulate: int = setting(
        1, "Forward passes whose gradients make one step: larger steps in the same memory.", low=1
    )
    epochs: int = setting(100, "Passes over the data, those before a resume included.", low=1)
    learning_rate: float = setting(2e-4, "Step size of both Adam optimizers.", low=0)
    schedule: str = setting(
        "constant",
        "Learning rate over the run; cosine: down to 0 at its end, where colours settle.",
        choices=("constant", "cosine"),
    )
    l1_weight: float = setting(100.0, "Weight of L1 beside the adversarial loss.", low=0)
    chroma_weight: float = setting(
        0.0,
        "Weight of colourful pixels in L1, such as 5: L1 alone is least for dull colours where it doubts.",
        low=0,
    )
    warmup_epochs: int = setting(
        0, "First epochs with L1 alone: colours settle before the discriminator joins.", low=0
    )
    discriminator: str = setting(
        "image",
        "What it judges: the whole image, or patches of 70 pixels (pix2pix), which see texture and edges.",
        choices=("image", "patch"),
    )
    label_smoothing: float = setting(
        0.0, "Real is 1 less this, such as 0.1: keeps the discriminator from being too sure.", low=0, high=0.5
    )
    ema: float = setting(
        0.999,
        "Decay of the mean of the generator's weights, which is validated and exported; 0: none.",
        low=0,
        high=0.99999,
    )
    aging: float = setting(
        0.0,
        "Share of the images whose gray is made to look like an old print's, so that old prints suit, too.",
        low=0,
        high=1,
    )
    save_every: int = setting(5, "Epochs from one validation to the next; each saves a checkpoint.", low=1)
    save_minutes: float = setting(15.0, "Minutes from one checkpoint to the next between them.", low=0)
    keep: int = setting(3, "Checkpoints to keep, besides the best.", low=1)
    held_out: int = setting(200, "Photographs held out for validation if no folder is given.", low=1)
    workers: int = setting(2, "Processes that decode photographs; 0: the trainer's own.", low=0)
    seed: int = setting(0, "Seed of weights, crops, flips and order.", low=0)
    device: str = setting("auto", "Where to train.", choices=("auto", "cpu", "cuda"))
    precision: str = setting(
        "auto", "auto: bf16 on CUDA, else fp32.", choices=("auto", "fp32", "bf16", "fp16")
    )
    save_memory: bool = setting(
        False, "Compute the generator's blocks again for the gradients rather than keep them (1024 px)."
    )
    compile: bool = setting(False, "Compile the networks with torch.compile: slower to start, then faster.")
    sync_batch_norm: bool = setting(
        False, "Take batch statistics over all GPUs: for when each has few images."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size % STRIDE:
            raise UsageError(f"size is {self.size}; it must be a multiple of {STRIDE}")


@dataclass(frozen=True)
class PrepareConfig(Config):
    """How photographs are packed into shards."""

    size: int = setting(
        1024, "Short side of the stored photographs, in pixels; smaller ones stay as they are.", low=32
    )
    min_colorfulness: float = setting(
        0.0, "Leave out duller photographs (Hasler and Suesstrunk's; a gray one has 0), such as 10.", low=0
    )
    drop_duplicates: bool = setting(False, "Leave out a photograph with the same pixels as an earlier one.")
    shard_size: int = setting(1000, "Photographs in a shard.", low=1)
