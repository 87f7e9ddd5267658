"""Prepare a generator for export: batch norm folded into convolutions, weights rounded."""

from __future__ import annotations

import copy
from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from colorgan.networks.generator import UNetGenerator


def fold_batch_norm(generator: UNetGenerator) -> UNetGenerator:
    """Copy the generator, in evaluation mode, with each batch norm merged into the convolution before it."""
    folded = copy.deepcopy(generator).eval()
    for block in list(folded.modules()):
        for (name, convolution), (norm_name, norm) in pairwise(list(block.named_children())):
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(block, name, fuse_conv_bn_eval(convolution, norm))
                setattr(block, norm_name, getattr(norm, "act", nn.Identity()))  # timm's have one inside
    return folded


def round_to_half(generator: UNetGenerator) -> UNetGenerator:
    """Copy the generator with every weight rounded to what float16 can hold; it stays float32."""
    rounded = copy.deepcopy(generator)
    with torch.no_grad():
        for weight in rounded.parameters():
            weight.copy_(weight.half().float())
    return rounded
