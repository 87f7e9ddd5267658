"""Scans that are larger than --memory are colored by bands, to the same pixels as others."""

import errno
import hashlib
import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from colorgan import ColorizeConfig, Colorizer, RunError, Status
from colorgan.photo import need, tiff
from colorgan.photo.image import Photo

HEIGHT, WIDTH = 700, 530
ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH]
GRAY = (60 + 120 * COLUMNS / WIDTH + 40 * np.sin(ROWS / 37) * np.cos(COLUMNS / 23)).astype(np.uint8)
DEEP = GRAY.astype(np.uint16) << 8 | GRAY[::-1, ::-1]
TONED = np.dstack([DEEP // 256 * 250, DEEP // 256 * 240, DEEP // 256 * 235]).astype(np.uint16)
ALPHA = np.dstack([DEEP, np.broadcast_to(COLUMNS * 100, DEEP.shape).astype(np.uint16)])


def written(*pages: tuple[np.ndarray, dict[str, Any]], **options: Any) -> bytes:
    file = io.BytesIO()
    with tifffile.TiffWriter(file, **options) as writer:
        for pixels, more in pages:
            named = {"photometric": "rgb" if pixels.ndim == 3 and pixels.shape[2] > 2 else "minisblack"}
            writer.write(pixels, metadata=None, **named | more)
    return file.getvalue()


def by_pillow(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "TIFF", **options)
    return file.getvalue()


def turned(orientation: int, pixels: np.ndarray = DEEP) -> bytes:
    return written((pixels, {"extratags": [(274, 3, 1, orientation, True)], "rowsperstrip": 11}))


LZW = by_pillow(Image.fromarray(GRAY), compression="tiff_lzw")
CMYK = Image.fromarray(np.dstack([255 - GRAY] * 3 + [np.zeros_like(GRAY)]), "CMYK")
FILES = (
    {
        "one strip": written((DEEP, {})),
        "8 bits": written((GRAY, {})),
        "8 bits, LZW": LZW,
        "strips": written((DEEP, {"rowsperstrip": 7})),
        "white is zero": written((65535 - DEEP, {"photometric": "miniswhite", "rowsperstrip": 300})),
        "big-endian": written((DEEP, {"compression": "zlib", "rowsperstrip": 64}), byteorder=">"),
        "BigTIFF, tiled": written((DEEP, {"tile": (48, 64), "compression": "zlib"}), bigtiff=True),
        "48 bits": written((TONED, {"compression": "zlib", "predictor": True})),
        "48 bits, planes, tiled": written(
            (TONED.transpose(2, 0, 1), {"planarconfig": "separate", "tile": (80, 96)})
        ),
        "alpha": written((ALPHA, {"extrasamples": ["unassalpha"], "compression": "zlib"})),
        "multiplied": written((ALPHA, {"extrasamples": ["assocalpha"]})),
        "8 bits, tiled": written((GRAY, {"tile": (16, 16)})),
        "JPEG": by_pillow(Image.fromarray(GRAY).convert("RGB"), compression="jpeg", quality=95),
        "fax": by_pillow(Image.fromarray(GRAY > 120), compression="group4"),
        "palette": by_pillow(Image.fromarray(GRAY).convert("P")),
        "CMYK": by_pillow(CMYK, compression="tiff_adobe_deflate"),
        "thumbnail": written(
            (DEEP, {"subifds": 2}),
            (DEEP[::2, ::2], {"subfiletype": 1}),
            (DEEP[:1, ::7], {"subfiletype": 1}),
        ),
    }
    | {f"orientation {number}": turned(number) for number in range(2, 9)}
    | {
        "orientation 6, alpha": written(
            (ALPHA, {"extrasamples": ["unassalpha"], "extratags": [(274, 3, 1, 6, True)], "rowsperstrip": 50})
        ),
    }
)


@pytest.fixture(scope="module")
def model(exports: dict[str, Path]) -> Path:
    return exports["onnx"]


def run(
    model: Path, data: bytes, tmp_path: Path, memory: int, monkeypatch: pytest.MonkeyPatch, **config: Any
) -> Any:
    """The outcome of a file, and its result."""
    folder = tmp_path / f"{memory}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "a.tif").write_bytes(data)
    monkeypatch.setattr(need, "EACH_BY_BANDS", 1)  # so that files may be small
    colorizer = Colorizer(model, ColorizeConfig(memory=memory, **config))
    (outcome,) = colorizer.colorize_folder(folder / "in", folder / "out")
    assert not [path for path in (folder / "out").iterdir() if path.name.endswith("partial")]
    return outcome


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Photographs that are colored by bands."""
    paths, first = list[Path](), Photo.streamed

    def note(path: Path, *rest: Any) -> Photo:
        paths.append(path)
        return first(path, *rest)

    monkeypatch.setattr(Photo, "streamed", note)
    return paths


@pytest.mark.parametrize("kind", FILES)
def test_a_scan_by_bands_is_byte_for_byte_the_same(
    kind: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[Path]
) -> None:
    data = FILES[kind]
    config = {"if_color": "recolor"} if kind == "palette" else {}
    whole = run(model, data, tmp_path, 100, monkeypatch, **config)
    assert not opened
    bands = run(model, data, tmp_path, 1, monkeypatch, **config)
    assert len(opened) == 1
    assert whole.status is bands.status is Status.COLORED, (whole.error, bands.error)
    assert bands.output.read_bytes() == whole.output.read_bytes()
    assert bands.written.sha256 == hashlib.sha256(bands.output.read_bytes()).hexdigest()
    assert bands.sha256 == hashlib.sha256(data).hexdigest()
    assert (bands.note, bands.left_out) == (whole.note, whole.left_out)


def test_pages_by_bands_are_the_same(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[Path]
) -> None:
    """Of several depths and sizes; one in color, one with a pyramid, one that is short."""
    color = np.dstack([GRAY, GRAY[::-1], GRAY[:, ::-1]])
    data = written(
        (DEEP, {"rowsperstrip": 7}),
        (color, {"compression": "zlib"}),
        (GRAY[:300], {"compression": "zlib", "subifds": 1, "extratags": [(274, 3, 1, 8, True)]}),
        (GRAY[:150, ::2], {"subfiletype": 1}),
        (DEEP[:20], {}),
    )
    whole = run(model, data, tmp_path, 100, monkeypatch)
    bands = run(model, data, tmp_path, 1, monkeypatch)
    assert len(opened) == 1
    assert (bands.pages, bands.pages_copied) == (whole.pages, whole.pages_copied) == (4, 1)
    assert bands.output.read_bytes() == whole.output.read_bytes()
    with tifffile.TiffFile(bands.output) as file:
        assert np.array_equal(file.pages[1].asarray(), color)
        assert file.pages[0].dtype == np.uint16
        assert file.pages[2].pages is not None


def test_a_color_scan_is_copied_and_a_damaged_one_is_named(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[Path]
) -> None:
    color = written((np.dstack([GRAY, GRAY[::-1], GRAY[:, ::-1]]), {"rowsperstrip": 9}))
    outcome = run(model, color, tmp_path, 1, monkeypatch)
    assert outcome.status is Status.COPIED
    assert outcome.output.read_bytes() == color
    damaged = bytearray(FILES["big-endian"])
    damaged[20_000:40_000] = bytes(20_000)
    outcome = run(model, bytes(damaged), tmp_path, 1, monkeypatch)
    assert outcome.status is Status.FAILED
    assert len(outcome.error.splitlines()) == 1
    assert len(opened) == 2
    assert not list((tmp_path / "1" / "out").glob("colorized*"))


def test_a_result_that_may_be_too_large_is_a_big_tiff(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiff, "CLASSIC_LIMIT", 1_000_000)
    whole = run(model, FILES["thumbnail"], tmp_path, 100, monkeypatch)
    bands = run(model, FILES["thumbnail"], tmp_path, 1, monkeypatch)
    assert bands.output.read_bytes() == whole.output.read_bytes()
    with tifffile.TiffFile(bands.output) as file:
        assert file.is_bigtiff
        assert file.pages[0].asarray().shape == (*DEEP.shape, 3)
        assert file.pages[0].pages is not None
        assert [page.shape for page in file.pages[0].pages] == [(350, 265, 3), (1, 76, 3)]


def test_a_scan_that_changes_while_it_is_read_fails(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Photo.reduced

    def reduced(self: Photo, width: int, height: int) -> Image.Image:
        if self.source:
            assert isinstance(self.path, Path)
            self.path.write_bytes(FILES["strips"] + b"more")
        return first(self, width, height)

    monkeypatch.setattr(Photo, "reduced", reduced)
    outcome = run(model, FILES["strips"], tmp_path, 1, monkeypatch)
    assert outcome.status is Status.FAILED
    assert not list((tmp_path / "1" / "out").glob("colorized*"))


def test_a_full_disk_ends_the_run(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: tiff.TiffWriter, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tiff.TiffWriter, "write", full)
    with pytest.raises(RunError):
        run(model, FILES["strips"], tmp_path, 1, monkeypatch)
