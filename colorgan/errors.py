"""What can go wrong, and with which exit code.

ColorganError            anything a user can put right; its message is the line that is shown
├── UsageError           wrong arguments or folders                              (exit 2)
├── ModelError           a model or checkpoint file that cannot be used          (exit 2)
├── DeviceError          the device that was asked for is not there              (exit 3)
├── RunError             the run as a whole had to stop: disk full, folder lost  (exit 4)
│   └── PredictError     the model failed on a batch, out of memory perhaps
├── StoppedError         told to stop, by Ctrl-C or SIGTERM; a second run goes on (exit 130)
└── ImageError           one image cannot be read or written; a batch goes on    (exit 1)
"""

from __future__ import annotations

from pathlib import PurePath


class ColorganError(Exception):
    """A problem that the user can put right; the message says how."""

    exit_code = 1


class UsageError(ColorganError):
    """Arguments or folders that do not make sense."""

    exit_code = 2


class ModelError(ColorganError):
    """A model or checkpoint file that cannot be used."""

    exit_code = 2

    def __init__(self, path: PurePath, reason: str) -> None:
        super().__init__(path, reason)  # both in args: survives pickling
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class DeviceError(ColorganError):
    """The device that was asked for is not there."""

    exit_code = 3


class RunError(ColorganError):
    """The run as a whole cannot go on."""

    exit_code = 4


class PredictError(RunError):
    """The model failed on a batch; a smaller one may do."""


class StoppedError(ColorganError):
    """Told to stop; what was done is kept."""

    exit_code = 130


class ImageError(ColorganError):
    """One image cannot be read or written; the batch goes on without it."""

    def __init__(self, path: PurePath, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"
