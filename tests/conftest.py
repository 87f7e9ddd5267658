"""Tiny seeded models and photographs, made for each test, and a server for object storage."""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from browsers import chromium
from dropping import page_alone
from onnx import helper
from PIL import Image
from reports import HOSTILE, call
from services import Running, running
from stores import Server, started

from colorgan.batch.job import Job
from colorgan.batch.outcome import How, Outcome, Status, Written
from colorgan.batch.sharding import Shard
from colorgan.config import ExportConfig, GeneratorConfig, TrainingConfig
from colorgan.networks.checkpoint import save_checkpoint
from colorgan.networks.generator import UNetGenerator
from colorgan.storage.objects import OBJECTS, ObjectPath
from colorgan.storage.paths import AnyPath, locate
from colorgan.storage.protocol import Stamp

torch.set_num_threads(1)  # for generators this small, more threads cost more than they bring

MakePhoto = Callable[..., Image.Image]


@pytest.fixture(scope="session")
def make_photo() -> MakePhoto:
    """Make an image with soft shapes, gray or in color, different for each seed."""

    def make(width: int = 64, height: int = 48, mode: str = "L", seed: int = 0) -> Image.Image:
        noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
        return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC).convert(mode)

    return make


def job_into(results: AnyPath, shard: Shard | None = None) -> Job:
    """A job whose files nobody looks at."""
    return Job(Path("/scans"), results, shard=shard)


def told(results: AnyPath, name: str, status: Status = Status.COLORED, error: str = "") -> Outcome:
    """What became of a file of `job_into`."""
    output = results / f"colorized_{name}" if status is Status.COLORED else None
    how = How.ENCODED if output else How.NOT_WRITTEN
    written = Written(7, "b" * 64, 30) if output else None
    return Outcome(
        Path("/scans") / name, status, output, how, error=error, stamp=Stamp(10, 20), written=written
    )


def to_tensor(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)[None].float() / 127.5 - 1


def contents(folder: Path) -> dict[str, bytes]:
    """The JPEGs in a folder and below."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.jpg")}


WHITE = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)  # D50, in 1/65536


def linear_gray_profile() -> bytes:
    """An ICC profile for gray with gamma 1: the header, a white point and a tone curve (ICC.1:2001-04)."""
    return _gray_profile(b"mntrGRAYXYZ ", wtpt=WHITE, kTRC=b"curv" + bytes(8))


def gray_table_profile() -> bytes:
    """One whose tones are in a table, not in a curve."""
    table = b"mft1" + bytes((0, 0, 0, 0, 1, 3, 2, 0))
    table += struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536) + bytes(range(256))
    table += bytes((0, 128, 128, 255, 128, 128)) + 3 * bytes(range(256))
    return _gray_profile(b"prtrGRAYLab ", wtpt=WHITE, A2B0=table + bytes(-len(table) % 4))


def _gray_profile(kind: bytes, **tags: bytes) -> bytes:
    at, body, table = 128 + 4 + 12 * len(tags), b"", struct.pack(">I", len(tags))
    for name, value in tags.items():
        table += struct.pack(">4sII", name.encode(), at + len(body), len(value))
        body += value
    header = bytearray(128)
    header[0:4] = struct.pack(">I", at + len(body))
    header[8:12], header[12:24], header[36:40] = b"\x02\x40\0\0", kind, b"acsp"
    header[68:80] = WHITE[8:]
    return bytes(header) + table + body


@pytest.fixture
def photo_folder(tmp_path: Path, make_photo: MakePhoto) -> Path:
    """A folder with ten small color photographs."""
    folder = tmp_path / "dataset"
    folder.mkdir()
    for seed in range(10):
        make_photo(48, 40, "RGB", seed).save(folder / f"{seed:05}.png")
    return folder


def seeded_generator(head: str = "chroma", base_channels: int = 4, seed: int = 0) -> UNetGenerator:
    """A generator whose batch norms are not the identity, as after training."""
    torch.manual_seed(seed)
    generator = UNetGenerator(GeneratorConfig(base_channels=base_channels, head=head))
    generator.train()
    with torch.no_grad():
        for _ in range(3):
            generator(torch.rand(2, 1, 32, 32) * 2 - 1)
    return generator.eval()


def write_checkpoint(path: Path, generator: UNetGenerator) -> Path:
    """Save what an export needs of a checkpoint."""
    save_checkpoint(
        path,
        {
            "mean_generator": generator.state_dict(),
            "generator_config": generator.config.to_dict(),
            "training_config": TrainingConfig(size=64).to_dict(),
        },
    )
    return path


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a tiny generator."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint") / "best.pt", seeded_generator())


EXPORTS = {
    "onnx": ExportConfig(),
    "half": ExportConfig(half_weights=True, native_size=96, license="CC0-1.0"),
    "fp16": ExportConfig(precision="fp16"),
    "torchscript": ExportConfig(format="torchscript"),
    "torch-export": ExportConfig(format="torch-export"),
}


class Exports(dict[str, Path]):
    """A generator's exports by name, each made when a test first asks for it."""

    def __init__(self, checkpoint: Path, folder: Path) -> None:
        super().__init__(checkpoint=checkpoint)
        self.folder = folder

    def __missing__(self, name: str) -> Path:
        from colorgan.export.exporting import export_checkpoint

        exported = export_checkpoint(self["checkpoint"], self.folder / name, EXPORTS[name])
        return self.setdefault(name, exported.path)


@pytest.fixture(scope="session")
def exports(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same generator in every form, and as it is."""
    return Exports(checkpoint, tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server in a process of its own, which the environment names."""
    with started(tmp_path_factory.mktemp("s3") / "port") as server:
        yield server


SCANS = 6
"""Photographs in the bucket of `scans`."""


@pytest.fixture
def bucket(server: Server, request: pytest.FixtureRequest) -> ObjectPath:
    """A new bucket, with no faults ordered."""
    server.order()
    name = f"bucket-{abs(hash(request.node.nodeid)):x}"
    bucket = locate(f"s3://{name}")
    assert isinstance(bucket, ObjectPath)
    bucket.store.mkdir(name)
    server.order()  # forgets the requests of that
    return bucket


@pytest.fixture
def scans(bucket: ObjectPath, tmp_path: Path, make_photo: MakePhoto) -> ObjectPath:
    """Photographs in a bucket, which are in the folder `scans`, too."""
    for number in range(SCANS):
        path = tmp_path / "scans" / str(1900 + number % 2) / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        make_photo(64, 48, seed=number).save(path)
        OBJECTS.write(bucket / path.relative_to(tmp_path), path.read_bytes())
    return bucket / "scans"


@pytest.fixture
def hostile_photos(tmp_path: Path, make_photo: MakePhoto) -> Path:
    """Photographs of hostile names and plain ones, in folders, in color and broken."""
    folder = tmp_path / "photos"
    (folder / "1911" / "may").mkdir(parents=True)
    for seed, name in enumerate([*HOSTILE, "1911/a.jpg", "1911/may/b.jpg"]):
        (folder / name).parent.mkdir(exist_ok=True)  # "</script>.jpg" is in the folder "<"
        make_photo(600, 450, seed=seed).save(folder / name)
    make_photo(256, 256, "RGB").save(folder / "in color.jpg")
    Image.open(folder / "in color.jpg").convert("RGB").save(folder / "c.png")
    make_photo(64, 48).convert("RGB").save(folder / "1911" / "gray.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8<script>alert(1)</script>")
    return folder


@pytest.fixture
def hostile_results(exports: dict[str, Path], hostile_photos: Path, tmp_path: Path) -> Path:
    """Their results with a report, by a model whose card is hostile, too."""
    model = onnx.load(exports["onnx"])
    strings = {entry.key: entry.value for entry in model.metadata_props}
    helper.set_model_props(
        model, strings | {"model_card": "<script>alert('card')</script>", "license": "<i>"}
    )
    onnx.save(model, tmp_path / "<b>model.onnx")
    out = call(
        "batch", hostile_photos, tmp_path / "results", "--model", tmp_path / "<b>model.onnx", "--report"
    )
    assert str(tmp_path / "results/report/index.html") in out
    return tmp_path / "results"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, the system's or Playwright's own; open no longer, as no event loop can run meanwhile."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    """`colorgan serve` as it is without options."""
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the page that colors in the browser alone."""
    with page_alone(tmp_path_factory.mktemp("alone") / "page") as address:
        yield address


@pytest.fixture
def photos(tmp_path: Path, make_photo: MakePhoto) -> Path:
    """A folder with three small gray photographs."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        make_photo(80, 60, seed=number).save(folder / f"{number}.jpg")
    return folder
