"""TIFFs of rare depths, planes and further samples: right, or refused by name (faults 2, 3, 17 and 20)."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from samples import GRAY, HEIGHT, WIDTH, packed, tiff

from colorgan.errors import ImageError
from colorgan.photo.image import Photo
from colorgan.photo.left_out import left_out
from colorgan.photo.scan import strips_as_seen
from colorgan.storage.file_bytes import FileBytes

NAME = Path("a.tif")
ALPHA = np.roll(GRAY, 5, axis=0)
MIXED = np.dstack([GRAY, GRAY[::-1], GRAY[:, ::-1]])
LUMA = np.array([0.299, 0.587, 0.114])


def written(pixels: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    if options.get("planarconfig") == "separate":
        pixels = np.moveaxis(pixels, -1, 0)
    tifffile.imwrite(buffer, pixels, metadata=None, **options)
    return buffer.getvalue()


def check(data: bytes, luma: np.ndarray, alpha: np.ndarray | None = None, most: float = 1) -> Photo:
    """That luma (H, W), up to 255, is what is read, in memory and by bands."""
    photo = Photo.of(NAME, data)
    assert np.abs(np.asarray(photo.luma()) - luma).max() <= most
    found = photo.alpha()
    assert (found is None) == (alpha is None)
    if found is not None and alpha is not None:
        assert np.array_equal(found, alpha)
    streamed = Photo.streamed(NAME, FileBytes(io.BytesIO(data)))
    if streamed.bands and photo.bits == 8:
        rows = np.concatenate(list(strips_as_seen(streamed, streamed.bands, None)))
        assert np.array_equal(rows[..., 0], np.asarray(photo.luma()))
    return photo


@pytest.mark.parametrize("photometric", [0, 1, 2])
@pytest.mark.parametrize("bits", range(1, 8))
def test_few_bits_in_gray_and_in_color(bits: int, photometric: int) -> None:
    most = (1 << bits) - 1
    pixels = MIXED if photometric == 2 else GRAY[..., None]
    values = np.rint(pixels / 255 * most).astype(int)
    more = () if photometric < 2 else ((277, 3, 1, b"\3\0"), (258, 3, 3, struct.pack("<3H", *[bits] * 3)))
    rows = values.reshape(HEIGHT, -1)
    data = tiff(
        packed(most - rows if photometric == 0 else rows, bits), bits, "<", *more, photometric=photometric
    )
    luma = values / most * 255
    check(data, luma @ LUMA if photometric == 2 else luma[..., 0])


@pytest.mark.parametrize(
    "layout",
    [
        {},
        {"planarconfig": "separate"},
        {"planarconfig": "separate", "tile": (16, 32), "compression": "zlib", "predictor": True},
        {"byteorder": ">", "bigtiff": True, "compression": "lzw", "rowsperstrip": 7},
        {"planarconfig": "separate", "compression": "packbits", "byteorder": ">"},
    ],
    ids=lambda layout: ", ".join(map(str, layout.values())),
)
@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
def test_transparency_beside_gray_color_and_ink(layout: dict[str, Any], kind: str) -> None:
    """What was multiplied by it is divided again; further samples are named."""
    share = ALPHA / 255 if kind == "assocalpha" else np.ones_like(ALPHA)
    for photometric, pixels in (("minisblack", GRAY[..., None]), ("rgb", MIXED)):
        stored = np.rint(pixels * share[..., None]).astype(np.uint8)
        expected = np.rint(stored / share[..., None]).clip(0, 255)
        luma = expected @ LUMA if photometric == "rgb" else expected[..., 0]
        for extra in ([kind], ["unspecified", kind]):
            planes = [stored, *[GRAY[::-1]] * (len(extra) - 1), ALPHA]
            data = written(np.dstack(planes), photometric=photometric, extrasamples=extra, **layout)
            photo = check(data, luma, ALPHA, most=1 if kind == "unassalpha" else 2)
            assert ("further channels" in left_out(photo, "TIFF")) == (len(extra) > 1)
    ink = np.dstack([*[np.zeros_like(GRAY)] * 3, 255 - GRAY, ALPHA])
    if kind == "unassalpha":
        check(written(ink, photometric="separated", extrasamples=[kind], **layout), GRAY, ALPHA)


def test_further_samples_of_gray_are_named_and_not_taken_for_color() -> None:
    for planar in ("contig", "separate"):
        data = written(
            np.dstack([GRAY, *[ALPHA] * 4]),
            photometric="minisblack",
            planarconfig=planar,
            extrasamples=["unspecified"] * 4,
        )
        assert "further channels" in left_out(check(data, GRAY), "TIFF")


def test_a_big_tiff_with_its_highest_byte_first() -> None:
    for pixels, photometric in ((GRAY, "minisblack"), (MIXED, "rgb")):
        data = written(pixels, photometric=photometric, bigtiff=True, byteorder=">", rowsperstrip=7)
        check(data, pixels if pixels.ndim == 2 else pixels @ LUMA)


def test_a_volume_is_refused() -> None:
    data = written(np.stack([GRAY] * 16), photometric="minisblack", volumetric=True, tile=(16, 16, 16))
    for read in (Photo.of, lambda name, data: Photo.streamed(name, FileBytes(io.BytesIO(data)))):
        with pytest.raises(ImageError, match="16 planes"):
            read(NAME, data)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("across", [1, 2])
def test_chroma_of_plain_ycbcr_may_be_smaller_than_luma(order: str, across: int) -> None:
    """As of early digital cameras; what follows the samples must not be taken for more of them."""
    chroma = np.full((HEIGHT, WIDTH // across, 2), 128, np.uint8)
    lines = np.concatenate([GRAY.reshape(HEIGHT, -1, across), chroma], axis=2).tobytes() + bytes(10_000)
    more = (
        (277, 3, 1, struct.pack(order + "H", 3)),
        (258, 3, 3, struct.pack(order + "3H", 8, 8, 8)),
        (530, 3, 2, struct.pack(order + "2H", across, 1)),
        (279, 4, 1, struct.pack(order + "I", len(lines) - 10_000)),
    )
    check(tiff(lines, 8, order, *more, photometric=6), GRAY)


def test_tiles_under_the_tags_of_strips() -> None:
    data = bytearray(written(GRAY, tile=(16, 16), compression="zlib"))
    start = int.from_bytes(data[4:8], "little")
    for at in range(start + 2, start + 2 + 12 * int.from_bytes(data[start : start + 2], "little"), 12):
        tag = int.from_bytes(data[at : at + 2], "little")
        data[at : at + 2] = {324: 273, 325: 279}.get(tag, tag).to_bytes(2, "little")
    check(bytes(data), GRAY)


def test_what_is_not_read_is_named() -> None:
    """And is not "no image"."""
    with pytest.raises(ImageError, match="photometric interpretation 32803"):
        Photo.of(NAME, tiff(GRAY.tobytes(), 8, photometric=32803))
    with pytest.raises(ImageError, match="2 samples"):
        Photo.of(NAME, tiff(GRAY.tobytes() * 2, 8, "<", (277, 3, 1, b"\2\0"), photometric=2))
