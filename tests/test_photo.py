"""What a photograph is asked changes nothing, and its name decides nothing (faults 7, 14 and 21)."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from conftest import MakePhoto
from PIL import Image
from samples import (
    DEEP,
    GRAY,
    encoded,
    exif,
    jpeg,
    orientation,
    orientation_xmp,
    segment,
    tiff,
    with_segments,
)

from colorgan import Colorizer, Status
from colorgan.photo.image import Photo
from colorgan.photo.source import photo_of
from colorgan.photo.xmp import Credit
from colorgan.photo.xmp_packet import read_packet
from colorgan.report.thumbnails import Thumbnails

CREDIT = Credit("generator.onnx", "0" * 64)
SEPIA = np.stack([np.clip(GRAY * scale, 0, 255) for scale in (1.0, 0.85, 0.65)], axis=-1).astype(np.uint8)
NEUTRAL = np.full((2, 16, 16), 128, np.uint8)

FILES = {
    "gray.jpg": jpeg("L"),
    "sepia.jpg": encoded(Image.fromarray(SEPIA), "JPEG", quality=92),
    "turned.jpg": with_segments(jpeg(), segment(0xE1, b"Exif\0\0" + exif(orientation(6)))),
    "turned.tif": tiff(GRAY.tobytes(), 8, "<", orientation(6)),
    "deep.tif": tiff(DEEP.astype("<u2").tobytes(), 16, "<", orientation(8)),
    "sepia.png": encoded(Image.fromarray(SEPIA), "PNG"),
}


def answers(photo: Photo) -> dict[str, object]:
    deep = photo.deep_luma()
    return {
        "size": photo.size,
        "facts": (photo.mode, photo.format, photo.orientation, photo.is_gray_jpeg),
        "luma": photo.luma().tobytes(),
        "small": photo.reduced(20, 12).tobytes(),
        "deep": None if deep is None else deep.tobytes(),
        "alpha": photo.alpha(),
    }


@pytest.mark.parametrize("name", FILES)
def test_answers_do_not_depend_on_what_was_asked_before(name: str) -> None:
    """Fault 7."""
    photo = Photo.of(Path(name), FILES[name])
    first = answers(photo)
    assert answers(photo) == first
    for key, value in first.items():  # of one that was asked nothing else
        assert answers(Photo.of(Path(name), FILES[name]))[key] == value
    other = Photo.of(Path(name), FILES[name])
    assert other.reduced(20, 12).tobytes() == first["small"]
    assert other.size == first["size"]
    with pytest.raises(AttributeError):
        photo.mode = "RGB"  # type: ignore[misc]


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_the_picture_before_shows_sepia_as_it_is(tmp_path: Path, suffix: str) -> None:
    """Fault 7: whatever was done with the photograph before."""
    photo = Photo.of(Path("a"), FILES[f"sepia.{suffix}"])
    photo.luma()
    thumbnails = Thumbnails(tmp_path)
    thumbnails.add("a", photo, NEUTRAL)
    before, after = thumbnails.pair("a")
    with Image.open(before) as image:
        assert np.abs(np.asarray(image.convert("RGB"), int) - SEPIA).mean() < 6
    with Image.open(after) as image:
        assert np.asarray(image.convert("RGB"), int).std(axis=-1).mean() < 3


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "format", ["GIF", "BMP", "PNG", "TIFF", "WEBP", "PPM", "TGA", "AVIF", "JPEG2000", "ICO"]
)
def test_a_file_is_what_it_is_whatever_its_name(
    exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path, format: str
) -> None:
    """Fault 14: gray ones are colored, those in color copied under a name of their own format."""
    (tmp_path / "in").mkdir()
    for name, mode in (("gray.jpg", "L"), ("color.jpg", "RGB")):
        data = encoded(make_photo(64, 48, mode), format)
        (tmp_path / "in" / name).write_bytes(data)
    outcomes = Colorizer(exports["onnx"]).colorize_folder(tmp_path / "in", tmp_path / "results")
    status = {outcome.path.name: outcome for outcome in outcomes}
    assert status["gray.jpg"].status is Status.COLORED
    assert status["color.jpg"].status is Status.COPIED
    for outcome in status.values():
        assert isinstance(outcome.output, Path)
        with Image.open(outcome.output) as image:
            assert Image.registered_extensions()[outcome.output.suffix] == image.format
    assert isinstance(status["color.jpg"].output, Path)
    assert status["color.jpg"].output.read_bytes() == data


def test_a_copy_has_the_time_of_its_photograph(
    exports: dict[str, Path], make_photo: MakePhoto, tmp_path: Path
) -> None:
    """Fault 12."""
    make_photo(64, 48, "RGB").save(tmp_path / "a.png")
    os.utime(tmp_path / "a.png", (10**9, 10**9))
    (outcome,) = Colorizer(exports["onnx"]).colorize_folder(tmp_path / "a.png", tmp_path / "results")
    assert isinstance(outcome.output, Path)
    assert outcome.output.stat().st_mtime == 10**9


def credited(xmp: bytes) -> bytes:
    return CREDIT.added_to(read_packet(xmp))[0]


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_no_encoding_hides_entities(encoding: str) -> None:
    """Fault 21."""
    packet = orientation_xmp(1).decode()
    trap = BOMB + packet.replace("</rdf:Description>", "&b;" * 100 + "</rdf:Description>")
    assert len(credited(trap.encode(encoding))) < 2000
    kept = credited(packet.replace("</rdf:Description>", "Köln</rdf:Description>").encode(encoding))
    assert "Köln".encode() in kept


def test_elements_too_deep_inside_each_other_are_replaced() -> None:
    """Fault 21."""
    deep = "<a>" * 3000 + "</a>" * 3000
    packet = orientation_xmp(6).decode().replace("</rdf:Description>", deep + "</rdf:Description>").encode()
    assert b"compositeWithTrainedAlgorithmicMedia" in credited(packet)
    photo = Photo.of(
        Path("a.jpg"), with_segments(jpeg(), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet))
    )
    assert photo.orientation == 1


def test_a_file_object_is_read_from_where_it_stands() -> None:
    stream = io.BytesIO(b"before" + jpeg("L"))
    stream.seek(6)
    assert photo_of(stream).is_gray_jpeg
