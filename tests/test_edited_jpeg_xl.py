"""A JPEG XL made of a JPEG is a picture still when an editor of metadata spoiled that JPEG."""

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from samples import exif, jpeg, segment, text, with_segments

from colorgan.errors import ImageError
from colorgan.photo.image import Photo
from colorgan.photo.jpeg_xl import transcode


def test_a_jpeg_xl_whose_jpeg_was_spoiled_by_an_editor_is_read_by_its_pixels(tmp_path: Path) -> None:
    block = segment(0xE1, b"Exif\0\0" + exif(text(315, "J. Smith")))
    path = tmp_path / "a.jxl"
    path.write_bytes(transcode(with_segments(jpeg("L"), block)))
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-IFD0:Artist=Another", path], check=True)
    edited = path.read_bytes()
    photo = Photo.of(path, edited)
    decoded = np.asarray(Image.open(io.BytesIO(jpeg("L")))).astype(int)
    assert np.abs(np.asarray(photo.luma()) - decoded).max() <= 2
    assert "the JPEG that it was made of" in photo.metadata.besides
    cut = edited[: len(edited) // 2]
    with pytest.raises(ImageError):
        Photo.of(path, cut).luma()
