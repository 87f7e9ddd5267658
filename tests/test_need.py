"""How much memory a photograph needs, by its header."""

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from colorgan.photo.need import GRAY_JPEG, WEIGHTS, Need, need_of
from colorgan.photo.png import encode_png


def need(data: bytes) -> Need:
    return need_of(io.BytesIO(data), len(data))


def tiff(*pages: np.ndarray, photometric: str = "minisblack") -> bytes:
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for page in pages:
            writer.write(page, photometric=photometric, contiguous=False, metadata=None)
    return file.getvalue()


def test_depth_and_pages_of_a_tiff_count() -> None:
    shallow, deep = np.zeros((300, 400), np.uint8), np.zeros((300, 400), np.uint16)
    color = np.zeros((300, 400, 3), np.uint16)
    one, two = need(tiff(shallow)), need(tiff(shallow, shallow))
    assert one.whole >= WEIGHTS["TIFF"].light * shallow.size
    assert need(tiff(deep)).whole >= WEIGHTS["TIFF"].deep * deep.size
    assert need(tiff(color, photometric="rgb")).whole > need(tiff(deep)).whole
    assert two.whole > one.whole + 120_000 * (1 + 3)
    assert one.least <= one.whole


@pytest.mark.parametrize("data", [b"", b"II*\0", b"II*\0\x08\0\0\0", b"MM\0+", b"no image" * 99])
def test_what_is_no_image_needs_its_bytes(data: bytes) -> None:
    assert need(data).whole == 2 * len(data)


def test_the_layers_of_a_tiff_are_not_read(tmp_path: Path) -> None:
    layers = [(37724, 7, 1 << 20, bytes(1 << 20), True)]
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((30, 40), np.uint8), extratags=layers, metadata=None)

    class Counted(io.BytesIO):
        read_of_it = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.read_of_it += len(data)
            return data

    with Counted(path.read_bytes()) as file:
        need_of(file, path.stat().st_size)
        assert file.read_of_it < 10_000


def saved(image: Image.Image, format: str) -> bytes:
    file = io.BytesIO()
    image.save(file, format)
    return file.getvalue()


def test_other_formats_are_counted_by_their_size_and_by_the_format_of_the_result() -> None:
    gray, pixels = Image.new("L", (400, 300)), 120_000
    png, jpeg = saved(gray, "PNG"), saved(gray, "JPEG")
    assert need(png).whole == 2 * len(png) + WEIGHTS["PNG"].light * pixels
    assert need(jpeg).whole == 2 * len(jpeg) + GRAY_JPEG * pixels
    for wanted, format in (("avif", "AVIF"), ("jp2", "JPEG2000")):
        whole = need_of(io.BytesIO(jpeg), len(jpeg), wanted).whole
        assert whole == 2 * len(jpeg) + WEIGHTS[format].light * pixels
    assert need(saved(gray.convert("RGB"), "PNG")).whole > need(png).whole


def test_sixteen_bits_are_seen_that_pillow_opens_as_eight() -> None:
    deep = np.zeros((300, 400, 3), np.uint16)
    png = encode_png(deep)
    pnm = b"P6 400 300 65535\n" + deep.tobytes()
    for data in (png, pnm):
        assert need(data).whole > WEIGHTS["PNG"].deep * 120_000


def test_what_has_too_many_pixels_is_refused_for_that_and_not_for_memory() -> None:
    for data in (saved(Image.new("L", (400, 300)), "PNG"), tiff(np.zeros((300, 400), np.uint8))):
        assert need_of(io.BytesIO(data), len(data), max_pixels=1000).whole == 2 * len(data)
