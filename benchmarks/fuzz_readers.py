"""Mutate files of every format, and read and color each as the engine does: it is colored or refused by name.

python -m benchmarks.fuzz_readers 2000 --kinds jp2,jxl --seed 0
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
import pyjpegxl
import tifffile
from PIL import Image

from colorgan.config import ColorizeConfig
from colorgan.errors import ImageError
from colorgan.photo.encode import encode_result
from colorgan.photo.image import Photo
from colorgan.photo.pillow import prepare_pillow
from colorgan.photo.xmp import Credit

CHROMA = np.stack([np.full((16, 16), 110), np.full((16, 16), 150)]).astype(np.uint8)
CREDIT = Credit("generator.onnx", "0" * 64)
MAX_PIXELS = 4_000_000
SLOW = 5.0
"""Seconds after which a file is named."""


def samples() -> dict[str, bytes]:
    """A small file of each kind."""
    rows, columns = np.mgrid[0:48, 0:80]
    gray = (40 + 150 * columns / 80 + 30 * np.sin(rows / 5)).clip(0, 255).astype(np.uint8)
    deep = gray.astype(np.uint16) << 8 | gray[::-1]
    color = np.dstack([deep] * 3)

    def pillow(format: str, **options: Any) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(gray).save(buffer, format, **options)
        return buffer.getvalue()

    def tiff(*pages: np.ndarray[Any, Any], **options: Any) -> bytes:
        buffer = io.BytesIO()
        with tifffile.TiffWriter(buffer) as file:
            for page in pages:
                photometric = "rgb" if page.ndim == 3 else "minisblack"
                file.write(page, photometric=photometric, metadata=None, **options)
        return buffer.getvalue()

    def heic() -> bytes:
        buffer = io.BytesIO()
        pillow_heif.from_bytes("RGB;16", (80, 48), color.tobytes()).save(buffer, quality=90)
        return buffer.getvalue()

    transcoded = pyjpegxl.jpeg_to_jxl(pillow("JPEG", quality=90))
    return {
        "jpeg": pillow("JPEG", quality=90),
        "png": pillow("PNG"),
        "gif": pillow("GIF"),
        "webp": pillow("WEBP"),
        "bmp": pillow("BMP"),
        "tga": pillow("TGA"),
        "pcx": pillow("PCX"),
        "sgi": pillow("SGI"),
        "ppm": b"P6 80 48 65535\n" + color.astype(">u2").tobytes(),
        "tiff": tiff(deep, compression="zlib"),
        "tiles": tiff(color, tile=(16, 16)),
        "pages": tiff(gray, deep, gray[:20, :20]),
        "pyramid": tiff(gray, gray[::2, ::2], subfiletype=1),
        "jp2": bytes(imagecodecs.jpeg2k_encode(deep, codecformat="jp2", level=0, reversible=True)),
        "avif": bytes(imagecodecs.avif_encode(deep >> 4, level=90, bitspersample=12)),
        "avif8": pillow("AVIF"),
        "heic": heic(),
        "jxl": bytes(pyjpegxl.encode_from_numpy(color, lossless=True, exif=b"II*\0\x08\0\0\0\0\0")),
        "jxl of jpeg": bytes(transcoded),
    }


def mutate(data: bytes, draw: random.Random) -> bytes:
    """Some bytes changed, removed, doubled or cut; most of them near the beginning, where headers are."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 4, 16))):
        near = draw.random() < 0.6
        at = draw.randrange(min(len(changed), 256) if near else len(changed))
        match draw.randrange(6):
            case 0:
                changed[at] ^= 1 << draw.randrange(8)
            case 1:
                changed[at] = draw.choice((0, 1, 127, 128, 255))
            case 2:
                changed[at : at + 4] = draw.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"))
            case 3:
                del changed[at : at + draw.randrange(1, 16)]
            case 4:
                changed[at:at] = changed[at : at + draw.randrange(1, 16)]
            case 5:
                del changed[max(at, 12) :]
        changed = changed or bytearray(b"\0")
    return bytes(changed)


def read(data: bytes) -> str:
    """Color it; the reason if it is refused."""
    try:
        photo = Photo.of(Path("a"), data, MAX_PIXELS, pages=True)
        for each in [photo.of_page(page, MAX_PIXELS) for page in photo.pages] or [photo]:
            each.reduced(32, 32)
            encode_result(each, CHROMA, ColorizeConfig(format="png"), CREDIT)
    except ImageError as error:
        return error.reason
    return "colored"


def main() -> None:
    """Report what became of the files of each kind; exit with 1 if one ended in another error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", type=int, nargs="?", default=2000)
    parser.add_argument("--kinds", default="")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    prepare_pillow()
    wanted, faults = options.kinds.split(",") if options.kinds else [], 0
    for kind, data in samples().items():
        if wanted and kind not in wanted:
            continue
        draw, seen = random.Random(f"{kind} {options.seed}"), Counter[str]()
        for number in range(options.number):
            mutated, began = mutate(data, draw), time.perf_counter()
            try:
                seen["colored" if read(mutated) == "colored" else "refused"] += 1
            except Exception:
                faults += 1
                seen["faults"] += 1
                traceback.print_exc(limit=-4)
                print(f"{kind}, number {number}", file=sys.stderr)
            if (took := time.perf_counter() - began) > SLOW:
                print(f"{kind}, number {number}: {took:.1f} s", file=sys.stderr)
        print(f"{kind}: {dict(seen)}", flush=True)
    sys.exit(min(faults, 1))


if __name__ == "__main__":
    main()
