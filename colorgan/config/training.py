"""The architecture of a generator, and the settings of a training run."""

from __future__ import annotations

from dataclasses import dataclass

from colorgan.config.base import Config, setting
from colorgan.errors import UsageError


@dataclass(frozen=True)
class GeneratorConfig(Config):
    """The architecture of a generator; stored in every checkpoint."""

    base_channels: int = setting(
        64,
        "Channels of the first block, of the plain encoder and the discriminator.",
        low=1,
    )
    head: str = setting(
        "chroma",
        "Prediction of the generator: chroma; chroma as a mean of classes (Zhang et al. 2016); or RGB, "
        "as the original does.",
        choices=("chroma", "classes", "rgb"),
    )
    encoder: str = setting(
        "plain",
        "Encoder: the original's five blocks, or one pretrained on ImageNet (from timm).",
        choices=("plain", "efficientnet_lite0", "efficientnet_b3", "resnet34"),
    )
    up_channels: str = setting(
        "", "Channels of the four up-blocks, such as 96,64,48,32.  [default: halved from block to block]"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.up_widths

    @property
    def stride(self) -> int:
        """Heights and widths must be multiples of this, in pixels."""
        return 16 if self.encoder == "plain" else 32

    @property
    def up_widths(self) -> tuple[int, ...]:
        """Channels of the four up-blocks."""
        if not self.up_channels:
            c = self.base_channels
            return (8 * c, 4 * c, 2 * c, c) if self.encoder == "plain" else (96, 64, 48, 32)
        widths = self.up_channels.split(",")
        if len(widths) != 4 or not all(width.strip().isdecimal() and int(width) for width in widths):
            raise UsageError(f"up-channels is {self.up_channels!r}; it must be four numbers, as 96,64,48,32")
        return tuple(map(int, widths))


@dataclass(frozen=True)
class TrainingConfig(Config):
    """One training run; the default losses are the original's."""

    size: int = setting(1024, "Side of the square training images, in pixels; 256 suits a laptop.", low=32)
    batch_size: int = setting(8, "Images in one forward pass.", low=1)
    accumulate: int = setting(1, "Forward passes per step: larger steps in the same memory.", low=1)
    epochs: int = setting(100, "Passes over the data, including those before a resume.", low=1)
    optimizer: str = setting(
        "adam",
        "Optimizer; adam: the original's, betas 0.5 and 0.999; adamw: betas 0.9 and 0.999, decay 0.01.",
        choices=("adam", "adamw"),
    )
    learning_rate: float = setting(2e-4, "Step size of both optimizers.", low=0)
    encoder_rate: float = setting(1.0, "Factor on the learning rate of a pretrained encoder.", low=0)
    frozen_epochs: int = setting(
        0, "First epochs, with a pretrained encoder frozen, including its batch norms.", low=0
    )
    ramp_steps: int = setting(0, "First steps, while the learning rate rises from 0.", low=0)
    schedule: str = setting(
        "constant",
        "Learning rate over the run; cosine: falls to 0 at the end.",
        choices=("constant", "cosine"),
    )
    decay_epochs: int = setting(0, "Last epochs, while the learning rate falls linearly to 0.", low=0)
    class_weight: float = setting(1.0, "Weight of the cross-entropy beside L1, for --head classes.", low=0)
    l1_weight: float = setting(100.0, "Weight of L1 beside the adversarial loss.", low=0)
    feature_weight: float = setting(
        0.0, "Weight of the distance of features from the truth's, in EfficientNet-Lite0, such as 2.", low=0
    )
    chroma_weight: float = setting(
        0.0,
        "Extra weight of colorful pixels in L1, such as 5: L1 alone favors dull colors.",
        low=0,
    )
    warmup_epochs: int = setting(
        0, "First epochs, with L1 alone: colors settle before the discriminator joins.", low=0
    )
    discriminator: str = setting(
        "image",
        "Input of the discriminator: the whole image, or patches of 70 pixels (pix2pix), for texture.",
        choices=("image", "patch"),
    )
    label_smoothing: float = setting(
        0.0, "Amount below 1 of the real label, such as 0.1: restrains the discriminator.", low=0, high=0.5
    )
    ema: float = setting(
        0.999,
        "Decay of the mean of the generator's weights, for validation and export; 0: none.",
        low=0,
        high=0.99999,
    )
    aging: float = setting(
        0.0,
        "Share of images whose gray is made to look like an old print's, 0 to 1.",
        low=0,
        high=1,
    )
    save_every: int = setting(5, "Epochs between validations; each saves a checkpoint.", low=1)
    save_minutes: float = setting(15.0, "Minutes between checkpoints, besides those of validations.", low=0)
    keep: int = setting(3, "Checkpoints to keep, in addition to the best.", low=1)
    held_out: int = setting(200, "Photographs held out, unless --validation names a folder.", low=1)
    workers: int = setting(2, "Processes that decode photographs; 0: the trainer itself.", low=0)
    seed: int = setting(0, "Seed of weights, crops, flips and order.", low=0, high=2**32 - 1)
    device: str = setting("auto", "Device to train on.", choices=("auto", "cpu", "cuda"))
    precision: str = setting(
        "auto", "Arithmetic; auto: bf16 on CUDA, else fp32.", choices=("auto", "fp32", "bf16", "fp16")
    )
    save_memory: bool = setting(
        False, "Recompute the generator's blocks for the gradients: less memory, slower."
    )
    compile: bool = setting(False, "Compile the networks with torch.compile: slower to start, then faster.")
    sync_batch_norm: bool = setting(False, "Compute batch statistics over all GPUs: for small batches.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size % 16:
            raise UsageError(f"size is {self.size}; it must be a multiple of 16")


@dataclass(frozen=True)
class PrepareConfig(Config):
    """How to pack photographs into shards."""

    size: int = setting(
        1024, "Short side of stored photographs, in pixels; smaller ones keep theirs.", low=32
    )
    min_colorfulness: float = setting(
        0.0, "Leave out duller photographs, such as 10 (Hasler and Suesstrunk; gray has 0).", low=0
    )
    drop_duplicates: bool = setting(False, "Leave out photographs with the same pixels as an earlier one.")
    shard_size: int = setting(1000, "Photographs per shard.", low=1)
