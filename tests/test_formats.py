"""Every kind of photograph in docs/formats.md goes through the engine; other programs look at the results."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
import pytest
import tifffile
from kinds import Kind
from kinds_others import OTHERS
from kinds_refused import REFUSED
from kinds_tiff import TIFFS
from PIL import ImageCms

from colorgan.batch.outcome import How, Outcome, Status
from colorgan.colorizer import Colorizer

KINDS = (*OTHERS, *TIFFS, *REFUSED)
DOCS = Path(__file__).parents[1] / "docs" / "formats.md"
HEAD = "| photograph | result | bits | luma | kept | not kept |\n| --- | --- | ---: | --- | --- | --- |\n"
TAGS = {
    "EXIF": "IFD0:Artist",
    "XMP": "XMP-dc:Title",
    "IPTC": "IPTC:Caption-Abstract",
    "profile": "ICC-header:ProfileConnectionSpace",
    "comment": "Comment",
}
WORDS = "Markt in Köln"
LUMA = np.array([0.299, 0.587, 0.114])
NAMES = {"JPEG2000": "JP2", "HEIF": "HEIC", "JXL": "JPEG XL", "WEBP": "WebP"}
"""What docs call formats, where Pillow has another name."""
WRITABLE = ("jpg", "png", "tif", "webp", "jp2", "avif", "heic", "jxl", "gif")
"""Suffixes of files that exiftool describes."""


def row(kind: Kind) -> str:
    if not kind.result:
        return f"| {kind.name} | refused: {kind.reason} | | | | |"
    result = NAMES.get(kind.result, kind.result)
    return f"| {kind.name} | {result} | {kind.bits} | {kind.luma} | {kind.kept} | {kind.lost} |"


def table() -> str:
    return HEAD + "".join(f"{row(kind)}\n" for kind in KINDS)


def name_of(kind: Kind) -> str:
    return f"{KINDS.index(kind)}.{kind.suffix}"


def exiftool(*arguments: str | Path) -> str:
    command = ["exiftool", "-m", "-q", "-q", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@pytest.fixture(scope="module")
def folder(exports: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What became of photographs that exiftool described, and what it shows before and after."""
    source, results = tmp_path_factory.mktemp("kinds"), tmp_path_factory.mktemp("results")
    for kind in KINDS:
        (source / name_of(kind)).write_bytes(kind.make())
    profile = source / "srgb.icc"
    profile.write_bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    described = [source / name_of(kind) for kind in KINDS if kind.suffix in WRITABLE and kind.result]
    values = [f"-{tag}={WORDS}" for name, tag in TAGS.items() if name != "profile"]
    exiftool("-overwrite_original", "-codedcharacterset=utf8", *values, *described)
    inked = {source / name_of(kind) for kind in KINDS if "CMYK" in kind.name or "YCCK" in kind.name}
    exiftool(
        "-overwrite_original", f"-icc_profile<={profile}", *(each for each in described if each not in inked)
    )
    profile.unlink()
    outcomes = Colorizer(exports["onnx"]).colorize_folder(source, results)
    return {each.path.name: each for each in outcomes}, shown(source), shown(results)


def shown(folder: Path) -> dict[str, set[str]]:
    """What exiftool finds in each file, by the names of TAGS."""
    text = exiftool("-json", "-G1", *(f"-{tag}" for tag in TAGS.values()), folder)
    found: dict[str, set[str]] = {}
    for each in json.loads(text or "[]"):
        name = Path(each["SourceFile"]).name
        keys = {key.rpartition(":")[2] for key in each}
        keys -= {"Comment"} if ".j2k" in name else set()  # the encoder's own
        found[name] = {label for label, tag in TAGS.items() if tag.rpartition(":")[2] in keys}
    return found


def read(path: Path, kind: Kind) -> np.ndarray:
    """The pixels of a result, by another program or library."""
    data = path.read_bytes()
    match kind.result:
        case "TIFF":
            with tifffile.TiffFile(path) as file:
                return np.asarray(file.pages.first.asarray())
        case "JPEG2000":
            return np.asarray(imagecodecs.jpeg2k_decode(data))
        case "AVIF":
            return np.asarray(imagecodecs.avif_decode(data))
        case "HEIF":
            return np.asarray(pillow_heif.open_heif(data, convert_hdr_to_8bit=False)[0])
        case "JXL":
            subprocess.run(["djxl", path, path.with_suffix(".png")], check=True, capture_output=True)
            return np.asarray(imagecodecs.png_decode(path.with_suffix(".png").read_bytes()))
    size = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=width,height,pix_fmt", "-of", "csv=p=0", path],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    width, height, form = size.strip().split(",")[:3]
    channels = 4 if "a" in form.replace("gray", "") else 3
    wanted, type = ("rgb48le", "<u2") if "48" in form or "64" in form else ("rgb24", "u1")
    if channels == 4:
        wanted = "rgba64le" if type == "<u2" else "rgba"
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", wanted, "-"],
        check=True,
        capture_output=True,
    ).stdout
    return np.frombuffer(raw, type).reshape(int(height), int(width), channels)


def words(found: set[str]) -> str:
    order = (*TAGS, "transparency")
    return ", ".join(sorted(found, key=order.index))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_row_of_the_table_holds(kind: Kind, folder: Any) -> None:
    outcomes, before, after = folder
    outcome: Outcome = outcomes[name_of(kind)]
    if not kind.result:
        assert outcome.status is Status.FAILED
        assert kind.reason in outcome.error
        return
    assert outcome.status is Status.COLORED, outcome.error
    assert isinstance(outcome.output, Path)
    pixels = read(outcome.output, kind)
    scale = 255 if pixels.dtype == np.uint8 else 65535
    if kind.result in ("AVIF", "JPEG2000"):
        scale = (1 << kind.bits) - 1
        assert pixels.max() <= scale
    assert (pixels.dtype == np.uint16) == (kind.bits > 8)
    luma = pixels[..., :3] @ LUMA * (255 / scale)
    tolerance = {"copied": 3, "exact": 1, "re-encoded": 4}[kind.luma]
    assert np.abs(luma - kind.gray).mean() < tolerance
    has_grays = len(np.unique(kind.gray)) > 2
    assert (np.ptp(pixels[..., :3].astype(int), axis=2).max() > scale / 256) == has_grays
    assert kind.bits == 8 or len(np.unique(pixels[..., 1])) > 256
    assert (outcome.how is How.LUMA_KEPT) == (kind.luma == "copied")

    there, kept = set(before.get(name_of(kind), ())), set(after.get(outcome.output.name, ()))
    if pixels.shape[2] == 4:
        there, kept = there | {"transparency"}, kept | {"transparency"}
    assert words(there & kept) == kind.kept
    named = {name for name in ("EXIF", "XMP", "IPTC", "comment", "transparency") if name in outcome.left_out}
    assert words(there - kept) == kind.lost.removesuffix(": applied")
    assert named >= there - kept - {"profile"}
    assert ("profile" in outcome.left_out) == (kind.lost == "profile")
    assert not outcome.left_out or kind.luma != "copied"


def test_the_table_of_the_docs_has_these_rows() -> None:
    assert len(KINDS) >= 40
    assert table() in DOCS.read_text("utf-8"), "run: python tests/test_formats.py"


if __name__ == "__main__":
    text = DOCS.read_text("utf-8")
    DOCS.write_text(
        re.sub(r"\| photograph \| result .*?\n\n", lambda _: table() + "\n", text, count=1, flags=re.S)
    )
    sys.exit()
