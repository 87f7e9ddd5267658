"""The examples for other people's programs run, and color as colorgan does."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from colorgan.config import ExportConfig
from colorgan.export.exporting import export_checkpoint

EXAMPLES = Path(__file__).parents[1] / "export" / "examples"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photograph as PGM, of sides that are no multiples of 16."""
    path = tmp_path / "photo.pgm"
    with Image.open(Path(__file__).parents[1] / "examples" / "astronaut.jpg") as image:
        image.convert("L").resize((150, 100)).save(path)
    return path


def run(*command: object, cwd: Path | None = None) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stderr


def check(result: Path, photo: Path, size: tuple[int, int]) -> None:
    """It has the photograph's gray, and colors."""
    with Image.open(result) as image, Image.open(photo) as original:
        assert image.size == size
        y, cb, cr = (np.asarray(plane, int) for plane in image.convert("YCbCr").split())
        luma = np.asarray(original, int)[: size[1], : size[0]]
    assert np.median(np.abs(y - luma)) <= 1
    assert cb.std() + cr.std() > 4


@pytest.mark.parametrize(
    ("program", "form"), [("onnx_python", "onnx"), ("torchscript_python", "torchscript")]
)
def test_python_colors_without_colorgan(
    exports: dict[str, Path], photo: Path, tmp_path: Path, program: str, form: str
) -> None:
    source = EXAMPLES / f"{program}.py"
    assert "import colorgan" not in source.read_text()
    code = [line for line in source.read_text().splitlines()[2:] if line]
    assert len(code) <= 16
    run(sys.executable, "-W", "ignore", source, exports[form], photo, tmp_path / "result.png")
    check(tmp_path / "result.png", photo, (150, 100))


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="there is no g++")
def test_cpp_colors_with_libtorch(exports: dict[str, Path], photo: Path, tmp_path: Path) -> None:
    root = Path(torch.__file__).parent
    headers = [f"-I{root / 'include'}", f"-I{root / 'include/torch/csrc/api/include'}"]
    libraries = [f"-L{root / 'lib'}", f"-Wl,-rpath,{root / 'lib'}", "-ltorch_cpu", "-lc10"]
    abi = f"-D_GLIBCXX_USE_CXX11_ABI={int(torch.compiled_with_cxx11_abi())}"
    program = tmp_path / "colorize"
    run("g++", "-std=c++20", "-w", abi, *headers, EXAMPLES / "torchscript_cpp.cpp", "-o", program, *libraries)
    run(program, exports["torchscript"], photo, tmp_path / "result.ppm", 64)
    check(tmp_path / "result.ppm", photo, (150, 100))


@pytest.mark.skipif(
    not shutil.which("node") or not (EXAMPLES / "node_modules" / "onnxruntime-web").is_dir(),
    reason="needs node, and `npm install` in export/examples",
)
def test_javascript_colors_with_onnxruntime_web(checkpoint: Path, photo: Path, tmp_path: Path) -> None:
    model = export_checkpoint(checkpoint, tmp_path, ExportConfig(signature="rgb")).path
    run("node", EXAMPLES / "onnx_javascript.mjs", model, photo, tmp_path / "result.ppm", cwd=EXAMPLES)
    check(tmp_path / "result.ppm", photo, (144, 96))
