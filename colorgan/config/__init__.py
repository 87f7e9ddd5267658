"""Settings: default, help text and bounds, declared once for Python, the commands and checkpoints."""

from colorgan.config.base import Config
from colorgan.config.cluster import ClusterConfig
from colorgan.config.colorize import MAX_PIXELS, MOST_WORKERS, ColorizeConfig
from colorgan.config.export import EXPORT_FORMATS, ExportConfig
from colorgan.config.serve import ServeConfig
from colorgan.config.training import GeneratorConfig, PrepareConfig, TrainingConfig
from colorgan.config.watch import WatchConfig

__all__ = [
    "EXPORT_FORMATS",
    "MAX_PIXELS",
    "MOST_WORKERS",
    "ClusterConfig",
    "ColorizeConfig",
    "Config",
    "ExportConfig",
    "GeneratorConfig",
    "PrepareConfig",
    "ServeConfig",
    "TrainingConfig",
    "WatchConfig",
]
