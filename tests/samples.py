"""A gray picture that shows turns and inversions, and files of it that no library writes."""

import io
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorgan.config import ColorizeConfig
from colorgan.photo.encode import encode_result
from colorgan.photo.image import Photo
from colorgan.photo.xmp import Credit

HEIGHT, WIDTH = 48, 80
_rows, _columns = np.mgrid[0:HEIGHT, 0:WIDTH]
GRAY = (40 + 150 * _columns / WIDTH + 30 * np.sin(_rows / 5)).clip(0, 255).astype(np.uint8)
GRAY[6:15, 6:25], GRAY[30:45, 50:75] = 230, 20
DEEP = GRAY.astype(np.uint16) << 8 | GRAY[::-1]
"""Of 16 bits, of which the lower ones matter."""

TURNED = {1: 0, 3: 2, 6: 3, 8: 1}
"""Quarter turns to the left that make a picture of an orientation upright."""

TiffTag = tuple[int, int, int, bytes]
"""Tag, type, number of values and their bytes."""

CHROMA = np.stack([np.full((16, 16), 110), np.full((16, 16), 150)]).astype(np.uint8)
CREDIT = Credit("generator.onnx", "0" * 64)

XMP_NAME = b"http://ns.adobe.com/xap/1.0/\0"


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def jpeg(mode: str = "RGB", **options: object) -> bytes:
    return encoded(Image.fromarray(GRAY).convert(mode), "JPEG", quality=92, **options)


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def with_segments(data: bytes, *segments: bytes) -> bytes:
    return data[:2] + b"".join(segments) + data[2:]


def png(image: Image.Image | None = None, *chunks: bytes) -> bytes:
    """A PNG with these chunks after its header."""
    data = encoded(Image.fromarray(GRAY) if image is None else image, "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def directory(order: str, entries: list[TiffTag], start: int = 8, after: int = 0) -> bytes:
    """A directory of TIFF at `start`: tag, type, count and value of each entry."""
    at, table, rest = start + 2 + 12 * len(entries) + 4, struct.pack(order + "H", len(entries)), b""
    for tag, type, count, value in sorted(entries):
        table += struct.pack(order + "HHI", tag, type, count)
        if len(value) <= 4:
            table += value.ljust(4, b"\0")
        else:
            table += struct.pack(order + "I", at + len(rest))
            rest += value + bytes(len(value) % 2)
    return table + struct.pack(order + "I", after) + rest


def exif(*entries: TiffTag, order: str = "<") -> bytes:
    """A block of EXIF."""
    return {"<": b"II*\0\x08\0\0\0", ">": b"MM\0*\0\0\0\x08"}[order] + directory(order, list(entries))


def text(tag: int, value: str, encoding: str = "utf-8") -> TiffTag:
    raw = value.encode(encoding) + b"\0"
    return tag, 2, len(raw), raw


def orientation(value: int, order: str = "<") -> TiffTag:
    return 274, 3, 1, struct.pack(order + "H", value)


def tiff(samples: bytes, bits: int, order: str = "<", *more: TiffTag, photometric: int = 1) -> bytes:
    """A TIFF of one strip of packed samples, with further tags; a tag given twice counts as given last."""
    entries = {
        256: (4, 1, struct.pack(order + "I", WIDTH)),
        257: (4, 1, struct.pack(order + "I", HEIGHT)),
        258: (3, 1, struct.pack(order + "H", bits)),
        259: (3, 1, struct.pack(order + "H", 1)),
        262: (3, 1, struct.pack(order + "H", photometric)),
        277: (3, 1, struct.pack(order + "H", 1)),
        278: (4, 1, struct.pack(order + "I", HEIGHT)),
        279: (4, 1, struct.pack(order + "I", len(samples))),
        273: (4, 1, struct.pack(order + "I", 8)),
    }
    entries |= {tag: (type, count, value) for tag, type, count, value in more}
    start = 8 + len(samples) + len(samples) % 2
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", start)
    table = directory(order, [(tag, *entry) for tag, entry in entries.items()], start)
    return mark + samples + bytes(len(samples) % 2) + table


def packed(values: np.ndarray, bits: int) -> bytes:
    """Rows of samples one after the other, the highest bit first; each row begins with a byte."""
    places = np.arange(bits - 1, -1, -1)
    rows = (values[..., None] >> places & 1).astype(np.uint8).reshape(len(values), -1)
    return np.packbits(rows, axis=1).tobytes()


def orientation_xmp(value: int, as_element: bool = False) -> bytes:
    inside, attribute = "", f' tiff:Orientation="{value}"'
    if as_element:
        inside, attribute = f"<tiff:Orientation>{value}</tiff:Orientation>", ""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"{attribute}>{inside}'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def color(data: bytes, format: str = "keep") -> bytes:
    """The result for a file."""
    photo = Photo.of(Path("a"), data)
    result = encode_result(photo, CHROMA, ColorizeConfig(format=format), CREDIT)
    with Image.open(io.BytesIO(result.data)) as image:
        image.load()  # whatever it holds, others can read it
    return result.data


def shown(data: bytes, tmp_path: Path) -> str:
    """What exiftool shows."""
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    (tmp_path / "shown").write_bytes(data)
    command = ["exiftool", "-a", "-G1", "-s", str(tmp_path / "shown")]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout
