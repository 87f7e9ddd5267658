"""Color a whole archive of black-and-white photographs; train and export the GAN behind it.

from colorgan import colorize
colorize("photo.jpg").save("colored.jpg")
"""

from importlib import import_module
from typing import TYPE_CHECKING

from colorgan.batch.outcome import How, Outcome, Status
from colorgan.config import ColorizeConfig
from colorgan.errors import (
    ColorganError,
    DeviceError,
    ExitCode,
    ImageError,
    InUseError,
    ModelError,
    RunError,
    UsageError,
)
from colorgan.version import __version__

if TYPE_CHECKING:
    from colorgan.batch.job import Job
    from colorgan.batch.progress import Progress, status
    from colorgan.colorizer import Colored, Colorizer, colorize
    from colorgan.restoring import restore

__all__ = [
    "Colored",
    "ColorganError",
    "ColorizeConfig",
    "Colorizer",
    "DeviceError",
    "ExitCode",
    "How",
    "ImageError",
    "InUseError",
    "Job",
    "ModelError",
    "Outcome",
    "Progress",
    "RunError",
    "Status",
    "UsageError",
    "__version__",
    "colorize",
    "restore",
    "status",
]

_LATER = {
    "Colored": "colorgan.colorizer",
    "Colorizer": "colorgan.colorizer",
    "Job": "colorgan.batch.job",
    "Progress": "colorgan.batch.progress",
    "colorize": "colorgan.colorizer",
    "restore": "colorgan.restoring",
    "status": "colorgan.batch.progress",
}
"""What is imported when it is first asked for: a command's help has no need of numpy and Pillow."""


def __getattr__(name: str) -> object:
    """Import what needs more than Python's own library."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
