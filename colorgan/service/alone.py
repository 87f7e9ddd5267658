"""Write the page that colors in the browser alone: static files, with the model and onnxruntime-web."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from colorgan.backends import EMBEDDED_MODEL, load_model
from colorgan.backends.kinds import Kind, kind_of
from colorgan.errors import ModelError, RunError, UsageError
from colorgan.photo.color import TONED
from colorgan.service.page_files import IN_BROWSER, page_of
from colorgan.storage.files import atomic_file
from colorgan.storage.objects import FOR_MODELS
from colorgan.storage.paths import LOCAL, local_copy, locate

PACKAGE = "onnxruntime-web@1.30.0"
RUNTIME = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
"""Of its folder dist/: all that it takes on the CPU."""
ABOUT = "model.json"
NOTICE = b"""The files ort* are those of onnxruntime-web: Copyright (c) Microsoft Corporation, MIT License,
https://github.com/microsoft/onnxruntime. All others are of colorgan: Apache License 2.0.
"""


def write_page(folder: Path, runtime: Path | None = None, model: str | PurePath | None = None) -> Path:
    """Write the page into a folder, a new one or that of an earlier page, and say where it is.

    `runtime` is a folder with the package onnxruntime-web; without it, npm brings it.
    """
    is_full = LOCAL.is_folder(folder) and not _is_page(folder) and any(folder.iterdir())
    if is_full or LOCAL.is_file(folder):
        raise UsageError(f"{folder}: holds other files; name a new folder for the page")
    with local_copy(locate(model, FOR_MODELS) if model else EMBEDDED_MODEL) as path, _from(runtime) as dist:
        pages = page_of("alone", IN_BROWSER) | {
            ABOUT: _about(path),
            "model.onnx": path.read_bytes(),
            "NOTICE.txt": NOTICE,
        }
        try:
            pages |= {name: (dist / name).read_bytes() for name in RUNTIME}
        except OSError as error:
            raise UsageError(
                f"{error.filename}: cannot be read ({error.strerror}); name the package's folder"
            ) from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in pages.items():
            with atomic_file(folder / name) as temporary:
                temporary.write_bytes(data)
    except OSError as error:
        raise RunError(f"{folder}: the page cannot be written ({error.strerror or error})") from error
    return folder / "index.html"


def _is_page(folder: Path) -> bool:
    return (folder / ABOUT).is_file() and (folder / "worker.js").is_file()


def _about(path: Path) -> bytes:
    """What the page has to know of the model."""
    if kind_of(path) is not Kind.ONNX:
        raise ModelError(path, "is no ONNX file, which browsers need; colorgan-export makes one")
    model = load_model(path, device="cpu")
    if any(model.shape):
        raise ModelError(path, "is fixed to one size; export it without fixed sizes")
    return json.dumps(
        {
            "native_size": model.native_size,
            "stride": model.stride,
            "credit": model.credit.properties,
            "license": model.license,
            "toned": TONED,
        },
        indent=1,
    ).encode()


@contextmanager
def _from(runtime: Path | None) -> Iterator[Path]:
    """The folder dist/ of onnxruntime-web."""
    if runtime:
        if not runtime.is_dir():
            raise UsageError(f"{runtime}: there is no such folder")
        yield runtime / "dist" if (runtime / "dist").is_dir() else runtime
        return
    npm = shutil.which("npm")
    if not npm:
        raise UsageError(
            f"npm is not installed, which brings {PACKAGE}; or name its folder: --onnxruntime-web"
        )
    with TemporaryDirectory() as name:
        done = subprocess.run([npm, "pack", PACKAGE, "--silent"], cwd=name, capture_output=True, text=True)
        archives = list(Path(name).glob("*.tgz"))
        if done.returncode or not archives:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise RunError(f"npm cannot bring {PACKAGE} ({reason}); or name its folder: --onnxruntime-web")
        with tarfile.open(archives[0]) as archive:
            wanted = [archive.getmember(f"package/dist/{file}") for file in RUNTIME]
            archive.extractall(name, wanted, filter="data")
        yield Path(name, "package", "dist")
