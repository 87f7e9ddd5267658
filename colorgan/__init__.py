"""Colour a whole archive of black-and-white photographs; train and export the GAN which does it.

from colorgan import Colorizer
Colorizer()("photo.jpg").save("coloured.jpg")
"""

from colorgan.colorizer import Colorizer
from colorgan.config import ColorizeConfig
from colorgan.errors import ColorganError, DeviceError, ImageError, ModelError, RunError, UsageError
from colorgan.outcome import Outcome, Status
from colorgan.version import __version__

__all__ = [
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
]
