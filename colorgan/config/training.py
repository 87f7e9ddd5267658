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
        "Channels of the plain encoder's first block, of the fifth a sixteenth, and of the discriminator's.",
        low=1,
    )
    head: str = setting(
        "chroma",
        "What the generator predicts: the chroma to lay over the gray; chroma as a mean of classes (Zhang et "
        "al. 2016); or all of RGB as the original does.",
        choices=("chroma", "classes", "rgb"),
    )
    encoder: str = setting(
        "plain",
        "The original's five blocks, or one trained on ImageNet (timm's), which knows what is in a picture.",
        choices=("plain", "efficientnet_lite0", "efficientnet_b3", "resnet34"),
    )
    up_channels: str = setting(
        "", "Channels of the four up-blocks, such as 96,64,48,32. [default: halved from block to block]"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.up_widths

    @property
    def stride(self) -> int:
        """Heights and widths that the generator takes are multiples of this, in pixels."""
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
    """One training run; the losses are the original's unless one asks for others."""

    size: int = setting(1024, "Side of the square training images, in pixels; 256 suits a laptop.", low=32)
    batch_size: int = setting(8, "Images in one forward pass.", low=1)
    accumulate: int = setting(
        1, "Forward passes whose gradients make one step: larger steps in the same memory.", low=1
    )
    epochs: int = setting(100, "Passes over the data, those before a resume included.", low=1)
    optimizer: str = setting(
        "adam",
        "adam: the original's, betas 0.5 and 0.999; adamw: betas 0.9 and 0.999, weight decay 0.01.",
        choices=("adam", "adamw"),
    )
    learning_rate: float = setting(2e-4, "Step size of both optimizers.", low=0)
    encoder_rate: float = setting(1.0, "Factor on the learning rate of a pretrained encoder.", low=0)
    frozen_epochs: int = setting(
        0, "First epochs in which a pretrained encoder stays as it is, its batch norms included.", low=0
    )
    ramp_steps: int = setting(0, "First steps, in which the learning rate rises from 0.", low=0)
    schedule: str = setting(
        "constant",
        "Learning rate over the run; cosine: down to 0 at its end, where colors settle.",
        choices=("constant", "cosine"),
    )
    decay_epochs: int = setting(0, "Last epochs, in which the learning rate falls to 0 in a line.", low=0)
    class_weight: float = setting(
        1.0, "Weight of the cross-entropy beside L1, for the head of classes.", low=0
    )
    l1_weight: float = setting(100.0, "Weight of L1 beside the adversarial loss.", low=0)
    chroma_weight: float = setting(
        0.0,
        "Weight of colorful pixels in L1, such as 5: L1 alone is least for dull colors where it doubts.",
        low=0,
    )
    warmup_epochs: int = setting(
        0, "First epochs with L1 alone: colors settle before the discriminator joins.", low=0
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
    seed: int = setting(0, "Seed of weights, crops, flips and order.", low=0, high=2**32 - 1)
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
        if self.size % 16:
            raise UsageError(f"size is {self.size}; it must be a multiple of 16")


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
