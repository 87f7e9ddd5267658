"""PNG files: their chunks, and color of 16 bits, which Pillow neither reads nor writes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import deflate
import numpy as np
import numpy.typing as npt
from PIL.ImageFile import ImageFile
from PIL.PngImagePlugin import MAX_TEXT_CHUNK

from colorgan.photo.color import DeepPlanes, Planes
from colorgan.photo.damage import PictureError
from colorgan.photo.pillow import open_picture
from colorgan.photo.tones import check_tones

SIGNATURE = b"\x89PNG\r\n\x1a\n"
DEFLATE_LEVEL = 1
"""Of PNG and TIFF, by libdeflate: a fraction of the time that zlib takes, and on photographs less bytes."""
MOST_IN_CHUNK = 1 << 24
"""Bytes of pixels in a chunk of results; a chunk can hold less than 2**31 (5.3)."""

GRAY, RGB, GRAY_ALPHA, RGB_ALPHA, UP = (
    0,
    2,
    4,
    6,
    2,
)  # color types, and a filter type (3rd edition, 11.2.1 and 9.2)
OF_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
"""Chunks that say what the pixels are; of others Pillow refuses those that it finds too large."""

TEXTS = (b"tEXt", b"zTXt", b"iTXt")

LONGEST_UNPACKED = 1 << 26
"""Bytes of a text or profile: a small chunk can claim to be enormous."""

LENGTHS = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"tIME": 7, b"cICP": 4}
"""Bytes of chunks that have no other length (11.3)."""

Samples = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


class DamagedError(PictureError):
    """What is packed cannot be unpacked."""


class Header(NamedTuple):
    """What the first chunk says (11.2.1)."""

    width: int
    height: int
    depth: int
    color_type: int
    interlaced: int

    @classmethod
    def of(cls, data: bytes) -> Header:
        """That of a PNG file; raises ValueError."""
        try:
            _, body = next(chunks(data))
            width, height, depth, color_type, _, _, interlaced = struct.unpack(">IIBBBBB", body)
        except (StopIteration, struct.error) as error:
            raise PictureError("its header is damaged") from error
        return cls(width, height, depth, color_type, interlaced)

    @property
    def is_deep_color(self) -> bool:
        """Whether it is of a kind of which Pillow reads 8 of 16 bits."""
        return self.depth == 16 and self.color_type != GRAY


def depth(data: bytes) -> int:
    """Bits of a sample."""
    return Header.of(data).depth


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of the chunks of a PNG (5.3), as far as they are whole."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            break
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def frames(data: bytes) -> int:
    """Pictures in an animated PNG (11.3.6); 1 in any other."""
    control = next((body for name, body in chunks(data) if name == b"acTL"), b"\0\0\0\1")
    return int.from_bytes(control[:4])


def check_colors(data: bytes) -> None:
    """Raise ValueError if the samples are those of video, as the chunk cICP says (11.3.2.6)."""
    for name, body in chunks(data):
        if name == b"cICP" and len(body) == 4:
            check_tones(body[1])
            if not body[3]:
                raise PictureError("its samples have the narrow range of video; convert it to the full range")


def only_pixels(data: bytes) -> bytes:
    """The same picture without what describes it; what is cut short stays so, for the decoder to find."""
    kept, at = [SIGNATURE], len(SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, end = data[at + 4 : at + 8], at + 12 + length
        if name in OF_PIXELS and (end <= len(data) or name == b"IDAT"):
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


def unpack(data: bytes, most: int = LONGEST_UNPACKED) -> bytes:
    """Decompress a text or profile; raises PictureError if it is damaged or larger than `most` bytes."""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(data, max(1, most))
    except zlib.error as error:
        raise DamagedError("it is damaged") from error
    if unpacker.unconsumed_tail:
        raise PictureError("it is too large")
    return unpacked


def as_kept(name: bytes, body: bytes, room: int) -> tuple[bytes, int]:
    """A chunk that describes a picture, whole, and the bytes of text in it, unpacked.

    Raises ValueError or IndexError for one because of which readers refuse a file: damaged, or a text that
    takes more than `room`. A text so long that Pillow would refuse it packed is not packed.
    """
    if len(body) != LENGTHS.get(name, len(body)):
        raise PictureError("it is damaged")
    if name not in TEXTS:
        return chunk(name, body), 0
    keyword, _, rest = body.partition(b"\0")
    before, is_packed = b"", name == b"zTXt"
    if name == b"iTXt" and len(rest) >= 2:
        is_packed = rest[0] == 1
        language, translated, text = rest[2:].split(b"\0", 2)
        before = b"\0".join((b"\0\0" + language, translated, b""))
    else:
        text = rest[1:] if is_packed else rest
    if name == b"zTXt" and rest[0]:
        raise PictureError("it is packed in an unknown way")
    try:
        text = unpack(text, room) if is_packed else text
    except DamagedError:
        return chunk(name, body), 0
    if len(text) > room:
        raise PictureError("it is too large")
    if is_packed and len(text) > MAX_TEXT_CHUNK:
        return chunk(b"tEXt" if name == b"zTXt" else name, keyword + b"\0" + before + text), len(text)
    return chunk(name, body), len(text)


def read_deep_color(data: bytes) -> DeepPlanes:
    """The samples of a PNG of `Header.is_deep_color`, uint16 (H, W, 2 to 4); raises what Pillow raises."""
    header = Header.of(data)
    if header.color_type == GRAY_ALPHA:  # four bytes a pixel, as in RGBA of 8 bits
        as_bytes = header._replace(depth=8, color_type=RGB_ALPHA)
        picture = b"".join(
            chunk(name, struct.pack(">IIBBBBB", *as_bytes[:4], 0, 0, as_bytes.interlaced))
            if name == b"IHDR"
            else chunk(name, body)
            for name, body in chunks(data)
            if name != b"tRNS"
        )
        with open_picture(SIGNATURE + picture) as image:
            return np.asarray(image).view(">u2").astype(np.uint16)
    with open_picture(data) as image:
        high = np.asarray(image, np.uint16) << 8
    with open_picture(data) as image:  # again, now the other byte of each sample
        assert isinstance(image, ImageFile)
        image.tile = [tile._replace(args=str(tile.args).replace(";16B", ";16L")) for tile in image.tile]
        return np.asarray(high | np.asarray(image))


def color_key(data: bytes) -> tuple[int, ...] | None:
    """The sample or samples that are transparent (11.3.2.1), if there are."""
    for name, body in chunks(data):
        if name == b"tRNS" and Header.of(data).color_type in (GRAY, RGB):
            return struct.unpack(f">{len(body) // 2}H", body[: len(body) // 2 * 2])
    return None


def encode_png(pixels: Planes | DeepPlanes, describing: Iterable[bytes] = ()) -> bytes:
    """Encode uint8 or uint16 (H, W) or (H, W, 1 to 4) as PNG; `describing` are whole chunks of metadata."""
    rows = filtered(pixels, 0, len(pixels)).reshape(-1)
    header = struct.pack(">IIBBBBB", *header_of(pixels)[:4], 0, 0, 0)
    packed = memoryview(deflate.zlib_compress(rows.data, DEFLATE_LEVEL))
    picture = (
        chunk(b"IDAT", packed[start : start + MOST_IN_CHUNK])
        for start in range(0, len(packed), MOST_IN_CHUNK)
    )
    return b"".join((SIGNATURE, chunk(b"IHDR", header), *describing, *picture, chunk(b"IEND", b"")))


def header_of(pixels: Planes | DeepPlanes) -> Header:
    """What the header says of pixels (H, W) or (H, W, 1 to 4) that are encoded."""
    height, width, *rest = pixels.shape
    color_type = {1: GRAY, 2: GRAY_ALPHA, 3: RGB, 4: RGB_ALPHA}[rest[0] if rest else 1]
    return Header(width, height, 8 * pixels.dtype.itemsize, color_type, 0)


def filtered(pixels: Planes | DeepPlanes, top: int, bottom: int) -> Planes:
    """The bytes, uint8 (rows, N), that stand for these rows of a picture before they are compressed."""
    start = max(top - 1, 0)
    some = pixels[start:bottom]
    big_endian = some.astype(some.dtype.newbyteorder(">"), copy=False)
    rows = np.ascontiguousarray(big_endian).view(np.uint8).reshape(len(some), -1)
    differences = np.empty((len(some), 1 + rows.shape[1]), np.uint8)
    differences[:, 0] = UP
    differences[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=differences[1:, 1:])
    return differences[top - start :]


def chunk(name: bytes, body: bytes | memoryview) -> bytes:
    """A whole chunk."""
    check = deflate.crc32(body, deflate.crc32(name))
    return b"".join((struct.pack(">I", len(body)), name, body, struct.pack(">I", check)))
