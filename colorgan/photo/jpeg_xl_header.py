"""What the header of a JPEG XL codestream says and its library does not tell (ISO/IEC 18181-1, annex D)."""

from __future__ import annotations

from typing import NamedTuple

from colorgan.photo.boxes import find

SIGNATURE = b"\0\0\0\x0cJXL \r\n\x87\n"
LONGEST = 4096
"""Bytes in which the header ends; names of channels are in it."""
ALPHA, SPOT, FILTERS = 0, 2, 5
"""Kinds of channels of which more is said (D.3.6)."""
NAMED = ((0, 0), (0, 1), (4, 2), (6, 18))
"""Four ways to write a number: bits that follow, and what is added to them."""


class Header(NamedTuple):
    """Of the codestream."""

    is_animation: bool = False
    is_multiplied: bool = False
    """Whether colors are multiplied by transparency."""

    @classmethod
    def of(cls, data: bytes) -> Header:
        """That of a file."""
        in_boxes = data.startswith(SIGNATURE)
        box, part = (find(data, name) if in_boxes else None for name in (b"jxlc", b"jxlp"))
        start = box.body if box else part.body + 4 if part else 0  # a part has its number before it
        bits = _Bits(data[start + 2 : start + LONGEST])
        bits.skip_size(((5, 1),), ((9, 1), (13, 1), (18, 1), (30, 1)))
        if bits.take(1):  # all is as usual
            return cls()
        if bits.take(1):
            bits.take(3)  # the orientation
            if bits.take(1):
                bits.skip_size(((5, 1),), ((9, 1), (13, 1), (18, 1), (30, 1)))
            if bits.take(1):
                bits.skip_size(((0, 16), (0, 32), (5, 1), (9, 33)), ((6, 1), (8, 65), (10, 321), (12, 1345)))
            if bits.take(1):
                return cls(is_animation=True)
        bits.skip_depth()
        bits.take(1)
        for _ in range(bits.number((0, 0), (0, 1), (4, 2), (12, 1))):
            if bits.take(1):  # transparency as usual
                continue
            kind = bits.number(*NAMED)
            bits.skip_depth()
            bits.number((0, 0), (0, 3), (0, 4), (3, 1))
            bits.take(8 * bits.number((0, 0), (4, 0), (5, 16), (10, 48)))
            if kind == ALPHA:
                return cls(is_multiplied=bool(bits.take(1)))
            if kind == SPOT:
                bits.take(64)  # its color
            elif kind == FILTERS:
                bits.number((0, 1), (2, 0), (4, 3), (8, 19))
        return cls()


class _Bits:
    """Bits from the lowest of each byte on; zeros after the end."""

    def __init__(self, data: bytes) -> None:
        self._left = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        """The next bits."""
        found, self._left = self._left & ((1 << count) - 1), self._left >> count
        return found

    def number(self, *ways: tuple[int, int]) -> int:
        """The next number, in one of so many ways (annex B.2.2)."""
        count, more = ways[self.take(2)] if len(ways) > 1 else ways[0]
        return self.take(count) + more

    def skip_size(self, short: tuple[tuple[int, int], ...], long: tuple[tuple[int, int], ...]) -> None:
        """A height, then a width or a ratio that stands for it."""
        ways = short if self.take(1) else long
        self.number(*ways)
        if not self.take(3):
            self.number(*ways)

    def skip_depth(self) -> None:
        """Bits of a sample, and of its exponent."""
        if self.take(1):
            self.number((0, 32), (0, 16), (0, 24), (6, 1))
            self.take(4)
        else:
            self.number((0, 8), (0, 10), (0, 12), (6, 1))
