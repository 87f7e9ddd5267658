"""Gray, chroma and RGB as tensors in [-1, 1]: full-range YCbCr of ITU-T T.871 (JFIF), clause 7."""

from __future__ import annotations

import torch
from torch import Tensor

from colorgan.photo.color import BLUE, CB_TO_BLUE, CR_TO_RED, GREEN, RED


def prepare_input(rgb: Tensor) -> Tensor:
    """Turn RGB (N, 3, H, W) into gray (N, 1, H, W) of the same range, the generator's input; float.

    The weights are those of Pillow's mode `L` (BT.601), which rounds the result to 8 bits.
    """
    return RED * rgb[:, :1] + GREEN * rgb[:, 1:2] + BLUE * rgb[:, 2:]


def compose(gray: Tensor, chroma: Tensor) -> Tensor:
    """Lay chroma (N, 2, H, W) over gray (N, 1, H, W): RGB (N, 3, H, W), unclamped; all in [-1, 1]."""
    red, blue = gray + CR_TO_RED * chroma[:, 1:], gray + CB_TO_BLUE * chroma[:, :1]
    green = (gray - RED * red - BLUE * blue) / GREEN
    return torch.cat([red, green, blue], dim=1)


def extract_chroma(rgb: Tensor) -> Tensor:
    """Take the Cb and Cr (N, 2, H, W) of RGB (N, 3, H, W), all in [-1, 1]; undoes `compose`."""
    gray = prepare_input(rgb)
    return torch.cat([(rgb[:, 2:] - gray) / CB_TO_BLUE, (rgb[:, :1] - gray) / CR_TO_RED], dim=1)
