"""TIFFs of several pages are colored page by page; what shows a page smaller is made anew, in color."""

import io
import json
import struct
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import tifffile
from PIL import Image
from samples import DEEP, GRAY, HEIGHT, WIDTH, encoded

from colorgan import Colorizer, ImageError
from colorgan.batch.outcome import Outcome, Status
from colorgan.config import ColorizeConfig
from colorgan.photo.ifd import Block
from colorgan.photo.image import Photo
from colorgan.photo.tiff_pages import PagesWriter

LUMA = np.array([0.299, 0.587, 0.114])
Page = tuple[np.ndarray, dict[str, Any]]
COLOR = np.dstack([GRAY, GRAY[::-1], GRAY[:, ::-1]])
SMALL = GRAY[:30, :40]


def written(*pages: Page, order: Any = "<", bigtiff: bool = False) -> bytes:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer, byteorder=order, bigtiff=bigtiff) as file:
        for pixels, options in pages:
            named: dict[str, Any] = {"photometric": "rgb" if pixels.ndim == 3 else "minisblack"}
            file.write(pixels, metadata=None, **named | options)
    return buffer.getvalue()


@pytest.fixture
def colorizer(exports: dict[str, Path]) -> Colorizer:
    return Colorizer(exports["onnx"])


def read(outcome: Outcome) -> Any:
    """The result, as another reader sees it."""
    assert isinstance(outcome.output, Path)
    return tifffile.TiffFile(outcome.output)


def run(colorizer: Colorizer, data: bytes, tmp_path: Path, name: str = "a.tif") -> Outcome:
    (tmp_path / "in").mkdir(exist_ok=True)
    (tmp_path / "in" / name).write_bytes(data)
    (outcome,) = colorizer.colorize_folder(tmp_path / "in", tmp_path / "out")
    return outcome


@pytest.mark.parametrize(("order", "bigtiff"), [("<", False), (">", False), ("<", True)])
def test_pages_of_mixed_sizes_and_depths_are_colored(
    colorizer: Colorizer, tmp_path: Path, order: str, bigtiff: bool
) -> None:
    tags = {"extratags": [(270, 2, 0, "Second page", True)], "resolution": (300, 300)}
    data = written((GRAY, {}), (DEEP, tags), (SMALL, {"compression": "zlib"}), order=order, bigtiff=bigtiff)
    outcome = run(colorizer, data, tmp_path)
    assert (outcome.status, outcome.pages, outcome.pages_copied) == (Status.COLORED, 3, 0)
    with read(outcome) as file:
        pages = [page.asarray() for page in file.pages]
        assert file.pages[1].tags["ImageDescription"].value == "Second page"
    assert [page.shape for page in pages] == [(HEIGHT, WIDTH, 3), (HEIGHT, WIDTH, 3), (30, 40, 3)]
    assert [page.dtype for page in pages] == [np.uint8, np.uint16, np.uint8]
    for page, gray in zip(pages, (GRAY, DEEP, SMALL), strict=True):
        assert np.abs(page @ LUMA - gray).max() <= 2
    assert isinstance(outcome.output, Path)
    with Image.open(outcome.output) as image:  # another reader
        assert image.n_frames == 3  # type: ignore[attr-defined]
        image.seek(2)
        assert image.size == (40, 30)


def test_the_manifest_has_one_row_that_counts_pages(colorizer: Colorizer, tmp_path: Path) -> None:
    data = written((GRAY, {}), (COLOR, {}), (SMALL, {}))
    outcome = run(colorizer, data, tmp_path)
    assert (outcome.status, outcome.pages, outcome.pages_copied) == (Status.COLORED, 3, 1)
    (line,) = (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()
    row = json.loads(line)
    assert (row["pages"], row["pages_copied"]) == (3, 1)
    schema = Path(__file__).parents[1] / "colorgan" / "batch" / "manifest.schema.json"
    jsonschema.validate(row, json.loads(schema.read_text()))
    with read(outcome) as file:
        assert np.array_equal(file.pages[1].asarray(), COLOR)


@pytest.mark.parametrize(
    "layout", [{"tile": (16, 16)}, {"rowsperstrip": 7}, {"compression": "zlib", "predictor": True}]
)
def test_a_page_in_color_is_copied_as_it_is(
    colorizer: Colorizer, tmp_path: Path, layout: dict[str, Any]
) -> None:
    outcome = run(colorizer, written((GRAY, {}), (COLOR, layout)), tmp_path)
    with read(outcome) as file:
        assert np.array_equal(file.pages[1].asarray(), COLOR)
        assert file.pages[1].is_tiled == ("tile" in layout)


def test_a_file_of_pages_in_color_is_copied(colorizer: Colorizer, tmp_path: Path) -> None:
    data = written((COLOR, {}), (COLOR[::-1], {}))
    outcome = run(colorizer, data, tmp_path)
    assert (outcome.status, outcome.pages, outcome.pages_copied) == (Status.COPIED, 2, 2)
    assert isinstance(outcome.output, Path)
    assert outcome.output.read_bytes() == data


def test_a_bad_page_is_named(colorizer: Colorizer, tmp_path: Path) -> None:
    data = bytearray(written((GRAY, {}), (DEEP, {}), (SMALL, {})))
    second = list(Block.parse(bytes(data)).directories())[1]
    struct.pack_into("<I", data, second.entries[273].at, len(data) + 1000)
    outcome = run(colorizer, bytes(data), tmp_path)
    assert outcome.status is Status.FAILED
    assert "page 2 of 3" in outcome.error
    assert outcome.output is None


def test_pages_have_no_place_in_other_formats(exports: dict[str, Path], tmp_path: Path) -> None:
    colorizer = Colorizer(exports["onnx"], ColorizeConfig(format="png"))
    assert run(colorizer, written((GRAY, {}), (GRAY, {})), tmp_path).status is Status.FAILED


@pytest.mark.parametrize("below", [True, False], ids=["below", "in the chain"])
@pytest.mark.parametrize("pixels", [GRAY, DEEP], ids=["8 bits", "16 bits"])
def test_a_pyramid_is_made_again_in_color(
    colorizer: Colorizer, tmp_path: Path, below: bool, pixels: np.ndarray
) -> None:
    smaller = [(pixels[::2, ::2], {"subfiletype": 1}), (pixels[::4, ::4], {"subfiletype": 1})]
    data = written((pixels, {"subifds": 2} if below else {}), *smaller)
    outcome = run(colorizer, data, tmp_path)
    assert (outcome.status, outcome.pages) == (Status.COLORED, 0)
    with read(outcome) as file:
        assert len(file.pages) == 1
        whole, *levels = file.series[0].levels
        assert [level.shape for level in levels] == [(24, 40, 3), (12, 20, 3)]
        full = whole.asarray().astype(float)
        means = full.reshape(24, 2, 40, 2, 3).mean(axis=(1, 3))
        assert np.abs(levels[0].asarray() - means).max() <= 1
        assert file.pages[0].pages is not None
        assert all(page.subfiletype == 1 for page in file.pages[0].pages)


def test_pages_with_pyramids_keep_them(colorizer: Colorizer, tmp_path: Path) -> None:
    level = (GRAY[::2, ::2], {"subfiletype": 1})
    data = written((GRAY, {"subifds": 1}), level, (SMALL, {}))
    outcome = run(colorizer, data, tmp_path)
    assert outcome.pages == 2
    with read(outcome) as file:
        assert [page.shape for page in file.pages] == [(HEIGHT, WIDTH, 3), (30, 40, 3)]
        assert file.pages[0].pages is not None
        assert file.pages[0].pages[0].asarray().shape == (24, 40, 3)


def test_many_pages_are_joined_in_a_big_tiff() -> None:
    files = [written((SMALL, {}), bigtiff=True), written((GRAY, {}))]
    joined = io.BytesIO()
    writer = PagesWriter(joined, is_big=True)
    for each in files:
        writer.add(each)
    with tifffile.TiffFile(io.BytesIO(joined.getvalue())) as file:
        assert file.is_bigtiff
        assert np.array_equal(file.pages[1].asarray(), GRAY)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_animations_are_refused_with_their_number_of_frames(format: str) -> None:
    frames = [Image.fromarray(GRAY), Image.fromarray(GRAY[::-1].copy())]
    data = encoded(frames[0], format, save_all=True, append_images=frames[1:])
    with pytest.raises(ImageError, match=r"\b2\b"):
        Photo.of(Path("a"), data)


@pytest.mark.parametrize("cut", [0, 20, 36])
def test_a_page_whose_directory_is_cut_short_is_not_black(
    colorizer: Colorizer, tmp_path: Path, cut: int
) -> None:
    data = written((GRAY, {}), (GRAY, {}), (SMALL, {}))
    outcome = run(colorizer, data[: len(data) - cut], tmp_path)
    if outcome.status is Status.COLORED:
        with read(outcome) as file:
            assert len(file.pages) == 3
            assert file.pages[2].asarray().max() > 0
    else:
        assert outcome.status is Status.FAILED
        assert cut
