"""Why a picture cannot be read, in words of ours: those of a library are for those who wrote it."""

from __future__ import annotations

from colorgan.errors import ColorganError

CUT = (
    *("truncated", "premature", "unexpected end", "end of file", "end of stream", "incomplete", "too short"),
    *("not enough", "only got", "not processed", "buffer is smaller", "requires a buffer"),
    *("eof", "not all there", "missing data", "ended early", "outside of the file"),
)
"""What libraries say of a file whose end is missing."""

UNREAD = ("unsupported", "not supported", "not implemented", "unknown", "not recognized", "unrecognized")
"""What they say of one that may be whole, but of a kind that they do not read."""


SURE = 16_000
"""Pixels of a side that every format can have; the limits of some lie between here and 65,536."""


class PictureError(ValueError):
    """What is wrong with a picture, in words of ours, as in "it is cut short"."""


def damage(error: Exception) -> str:
    """What is wrong with a picture, of what was raised while it was read."""
    if isinstance(error, PictureError | ColorganError):
        return str(error)
    if isinstance(error, MemoryError):
        return "memory does not suffice"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    said = str(error).lower()
    if any(words in said for words in CUT):
        return "it is cut short; take it from a backup"
    if isinstance(error, NotImplementedError) or any(words in said for words in UNREAD):
        return "it is of a kind that is not read, or damaged; save it as TIFF or PNG"
    return "its data is damaged; take it from a backup"


def unwritten(error: Exception, size: tuple[int, ...]) -> str:
    """Why a result of this size was not encoded, of what was raised."""
    if isinstance(error, PictureError | ColorganError | MemoryError):
        return damage(error)
    if max(size) > SURE:
        return "its sides are too long for that format; choose another --format"
    return "its encoder failed; choose another --format"
