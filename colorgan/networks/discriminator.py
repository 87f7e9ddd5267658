"""The discriminator."""

from __future__ import annotations

from torch import Tensor, nn


class Discriminator(nn.Module):
    """Score a color image or, with `patches`, each patch of 70 x 70: a plain strided CNN for any size.

    The layers for patches are pix2pix's (Isola et al. 2017, appendix 6.1.2).
    """

    def __init__(self, base_channels: int = 64, *, patches: bool = False) -> None:
        super().__init__()
        c = base_channels
        layers: list[nn.Module] = [nn.Conv2d(3, c, 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        for scale in (1, 2, 4):
            stride = 1 if patches and scale == 4 else 2
            layers += [
                nn.Conv2d(c * scale, 2 * c * scale, 4, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(2 * c * scale),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        if patches:
            self.features = nn.Sequential(*layers)
            self.score: nn.Module = nn.Conv2d(8 * c, 1, 4, padding=1)
        else:
            self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
            self.score = nn.Linear(8 * c, 1)

    def forward(self, rgb: Tensor) -> Tensor:
        """Map RGB (N, 3, H, W) in [-1, 1], 32 pixels or more a side, to logits: real is above 0.

        They are (N, 1) or, of patches, (N, 1, H / 8 - 2, W / 8 - 2).
        """
        score: Tensor = self.score(self.features(rgb))
        return score
