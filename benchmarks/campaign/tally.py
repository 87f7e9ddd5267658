"""What a part of the campaign counts; all but the tries are to be zero."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

SHOWN = 20


@dataclass
class Tally:
    """Counts, and what led to them."""

    tries: int = 0
    lost: int = 0
    """Photographs without a result after a run that nothing disturbed, and originals that changed."""
    half_written: int = 0
    """Files with a result's name that are not whole."""
    tracebacks: int = 0
    """Errors of another kind than a user is to see; processes that a signal ended unasked."""
    hangs: int = 0
    condemned: int = 0
    """Good photographs that were called failed."""
    peak: int = 0
    """Kilobytes that the largest run took."""
    notes: list[str] = field(default_factory=list)

    def count(self, what: str, note: str, number: int = 1) -> None:
        """Add to a count, with what led to it."""
        setattr(self, what, getattr(self, what) + number)
        if len(self.notes) < SHOWN:
            self.notes.append(f"{what}: {note}")

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        counts = asdict(self)
        return not any(counts[name] for name in counts if name not in ("tries", "peak"))
