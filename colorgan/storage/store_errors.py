"""What the libraries of object stores raise, as errors that say why on one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath

from colorgan.errors import ColorganError


@contextmanager
def as_os_errors(path: PurePath) -> Iterator[None]:
    """Whatever a store's library raises, as an OSError that says why."""
    try:
        yield
    except ColorganError:
        raise
    except FileNotFoundError as error:
        raise FileNotFoundError(2, "there is no such object or bucket", str(path)) from error
    except PermissionError as error:
        raise PermissionError(13, "access is denied", str(path)) from error
    except Exception as error:  # libraries have errors of their own, which are no OSErrors
        raise OSError(5, in_words(error), str(path)) from error


def in_words(error: Exception) -> str:
    """What an error says, on one line of at most 200 characters."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= 200 else words[:197] + "..."
