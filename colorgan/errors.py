"""What can go wrong, and with which exit code.

ColorganError            anything a user can put right; its message is the line that is shown
├── UsageError           wrong arguments or folders                              (exit 2)
├── ModelError           a model or checkpoint file that cannot be used          (exit 2)
├── DeviceError          the device that was asked for is not there              (exit 3)
├── RunError             the run as a whole had to stop: disk full, folder lost  (exit 4)
│   ├── PredictError     the model failed on a batch, out of memory perhaps
│   └── InUseError       another run is writing to the results folder            (exit 5)
├── StoppedError         told to stop, by Ctrl-C or SIGTERM                      (exit 130)
└── ImageError           one image cannot be read or written; a batch continues  (exit 1)
    ├── NotAnImageError  it is no image of a format that is read
    ├── TooManyPixelsError
    └── TooLargeError
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import PurePath


class ExitCode(IntEnum):
    """How a command ends. A code never changes its meaning; a new meaning gets a new code."""

    DONE = 0
    """Everything was done."""
    SOME_FAILED = 1
    """Some files failed, and all others are done; or a check found something wrong."""
    WRONG_USAGE = 2
    """Wrong arguments, folders or model files; nothing was done."""
    NO_DEVICE = 3
    """The device that was asked for is not there; nothing was done."""
    RUN_STOPPED = 4
    """The run as a whole had to stop, as when the disk is full; run the same command again to continue."""
    IN_USE = 5
    """Another run is writing to the results folder; nothing was done."""
    INTERNAL_ERROR = 70
    """A fault of colorgan itself; the line on stderr names a log file with the traceback."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C or SIGTERM; run the same command again to continue."""


class ColorganError(Exception):
    """A problem that the user can put right; the message says how."""

    exit_code = ExitCode.SOME_FAILED


class UsageError(ColorganError):
    """Arguments or folders that do not make sense."""

    exit_code = ExitCode.WRONG_USAGE


def check_type(name: str, value: object, kind: type | tuple[type, ...], words: str) -> None:
    """Raise UsageError unless a value that a program gave is of this kind; `words` say what it must be."""
    if not isinstance(value, kind):
        raise UsageError(f"{name} is {value!r}; it must be {words}")


def reason_of(error: Exception) -> str:
    """What an error says, without the number and the file's name that an OSError adds."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


class _FileError(ColorganError):
    """A problem with one file, `path`, for a `reason`."""

    def __init__(self, path: PurePath, reason: str) -> None:
        reason = " ".join(reason.split())  # libraries' words may be several lines
        super().__init__(path, reason)  # both in args: survives pickling
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class ModelError(_FileError):
    """A model or checkpoint file that cannot be used."""

    exit_code = ExitCode.WRONG_USAGE


class DeviceError(ColorganError):
    """The device that was asked for is not there."""

    exit_code = ExitCode.NO_DEVICE


class RunError(ColorganError):
    """The run as a whole cannot continue."""

    exit_code = ExitCode.RUN_STOPPED


class PredictError(RunError):
    """The model failed on a batch; a smaller one may do."""


class InUseError(RunError):
    """Another run is writing to the results folder."""

    exit_code = ExitCode.IN_USE


class StoppedError(ColorganError):
    """Told to stop; what was done is kept."""

    exit_code = ExitCode.INTERRUPTED


class ImageError(_FileError):
    """One image cannot be read or written; the batch continues without it."""


class NotAnImageError(ImageError):
    """The file is no image of a format that is read."""


class TooManyPixelsError(ImageError):
    """Its header claims more pixels than are allowed; none was decoded."""


class TooLargeError(ImageError):
    """It needs more memory than is allowed, as its header tells; none of its pixels was decoded."""
