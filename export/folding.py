"""Prepare a generator for export: batch norm folded into convolutions, weights rounded."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from colorgan.networks.generator import ConvBlock, UNetGenerator


def fold_batch_norm(generator: UNetGenerator) -> UNetGenerator:
    """Copy the generator, in evaluation mode, with each batch norm merged into the convolution before it."""
    folded = copy.deepcopy(generator).eval()
    for block in folded.modules():
        if isinstance(block, ConvBlock):
            for index in (0, 3):
                convolution, norm = block[index], block[index + 1]
                assert isinstance(convolution, nn.Conv2d)
                assert isinstance(norm, nn.BatchNorm2d)
                block[index], block[index + 1] = fuse_conv_bn_eval(convolution, norm), nn.Identity()
    return folded


def round_to_half(generator: UNetGenerator) -> UNetGenerator:
    """Copy the generator with every weight rounded to what float16 can hold; it stays float32."""
    rounded = copy.deepcopy(generator)
    with torch.no_grad():
        for weight in rounded.parameters():
            weight.copy_(weight.half().float())
    return rounded
