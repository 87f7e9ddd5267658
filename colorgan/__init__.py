"""Color a whole archive of black-and-white photographs; train and export the GAN which does it.

from colorgan import colorize
colorize("photo.jpg").save("colored.jpg")
"""

from typing import TYPE_CHECKING

from colorgan.batch.outcome import Outcome, Status
from colorgan.config import ColorizeConfig
from colorgan.errors import ColorganError, DeviceError, ImageError, ModelError, RunError, UsageError
from colorgan.version import __version__

if TYPE_CHECKING:
    from colorgan.colorizer import Colored, Colorizer, colorize

__all__ = [
    "Colored",
    "ColorganError",
    "ColorizeConfig",
    "Colorizer",
    "DeviceError",
    "ImageError",
    "ModelError",
    "Outcome",
    "RunError",
    "Status",
    "UsageError",
    "__version__",
    "colorize",
]


def __getattr__(name: str) -> object:
    """Import what colors when it is first asked for: a command's help has no need of numpy and Pillow."""
    if name not in ("Colored", "Colorizer", "colorize"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from colorgan import colorizer

    return getattr(colorizer, name)
