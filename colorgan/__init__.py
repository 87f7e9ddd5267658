"""Color a whole archive of black-and-white photographs; train and export the model.

from colorgan import colorize
colorize("photo.jpg").save("colored.jpg")
"""

import os
from importlib import import_module

from colorgan.version import __version__

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime reads it when it is imported

TYPE_CHECKING = False  # that of typing would take longer to import than all of this

if TYPE_CHECKING:
    from colorgan.batch.job import Job
    from colorgan.batch.outcome import How, Outcome, Status
    from colorgan.batch.progress import Progress, status
    from colorgan.batch.restoring import restore
    from colorgan.colorizer import Colorizer, colorize
    from colorgan.config import ColorizeConfig
    from colorgan.corrections.correction import Correction
    from colorgan.corrections.file import Corrections
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
    from colorgan.painting.colored import Colored

__all__ = [
    "Colored",
    "ColorganError",
    "ColorizeConfig",
    "Colorizer",
    "Correction",
    "Corrections",
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

_PLACES = {
    "colorgan.batch.job": ("Job",),
    "colorgan.batch.outcome": ("How", "Outcome", "Status"),
    "colorgan.batch.progress": ("Progress", "status"),
    "colorgan.colorizer": ("Colorizer", "colorize"),
    "colorgan.config": ("ColorizeConfig",),
    "colorgan.corrections.correction": ("Correction",),
    "colorgan.corrections.file": ("Corrections",),
    "colorgan.painting.colored": ("Colored",),
    "colorgan.errors": tuple(name for name in __all__ if name == "ExitCode" or name.endswith("Error")),
    "colorgan.batch.restoring": ("restore",),
}
_PLACE_OF = {name: module for module, names in _PLACES.items() for name in names}
"""What is imported when it is first asked for: a command is to begin at once."""


def __getattr__(name: str) -> object:
    """Import a name when it is first asked for."""
    if name not in _PLACE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACE_OF[name]), name)
