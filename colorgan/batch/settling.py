"""Whether a file in a folder that is being filled may still be being written."""

from __future__ import annotations

from colorgan.photo.jpeg import SIGNATURE, for_decoders
from colorgan.storage.paths import storage_of
from colorgan.storage.protocol import Found

GIVEN_UP = 3600.0
"""Seconds without a change after which a file is taken, whole or not."""


def may_still_be_written(found: Found, settle: float) -> bool:
    """Whether a file changed in the last `settle` seconds, or is a JPEG whose end is still to come.

    Never with 0, nor for an object in a store, which is there whole.
    """
    storage = storage_of(found.path)
    try:
        age = storage.age(found.path) if settle else GIVEN_UP
        if not 0 < settle <= age < GIVEN_UP:
            return age < settle
        with storage.open(found.path) as file:
            head = file.read(len(SIGNATURE))
            return head == SIGNATURE and for_decoders(head + file.read())[1]
    except OSError:  # which is reported when the file is read
        return False
