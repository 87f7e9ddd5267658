"""The rules of the architecture, read from the sources."""

import ast
from pathlib import Path

import pytest

import colorgan

ROOT = Path(__file__).parents[1]
SOURCES = [path for folder in ("colorgan", "cli", "export") for path in (ROOT / folder).rglob("*.py")]
SOURCES = sorted({path.resolve() for path in SOURCES})

LIGHT = {
    "__init__",
    "backends/__init__",
    "backends/kinds",
    "backends/model_metadata",
    "backends/onnx_file",
    "backends/onnx_runtime",
    "batch/__init__",
    "batch/job",
    "batch/manifest",
    "batch/manifest_mirror",
    "batch/outcome",
    "batch/pipeline",
    "batch/progress",
    "batch/sharding",
    "batch/sources",
    "batch/timing",
    "cluster/__init__",
    "cluster/driver",
    "cluster/worker",
    "colorizer",
    "config/__init__",
    "config/base",
    "config/cluster",
    "config/colorize",
    "config/export",
    "config/training",
    "devices",
    "doctor",
    "errors",
    "photo/__init__",
    "photo/color",
    "photo/encode",
    "photo/icc",
    "photo/image",
    "photo/jpeg",
    "photo/jpeg_join",
    "photo/keep_luma",
    "photo/metadata",
    "photo/png",
    "photo/tiff",
    "photo/xmp",
    "report/__init__",
    "report/thumbnails",
    "restore",
    "storage/__init__",
    "storage/files",
    "storage/paths",
    "turns",
    "version",
}
"""Modules of the ONNX path: they must work where PyTorch is not installed."""

HEAVY = {"torch", "torchvision", "skimage", "lightning_fabric"} | {
    f"colorgan.{name}" for name in ("networks", "checkpoint", "training", "evaluation")
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix().removeprefix("colorgan/")


def imports(path: Path, *, top_level_only: bool) -> set[str]:
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def belongs_to(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_sources_are_described_and_of_a_size_to_read(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", [path for path in SOURCES if name_of(path) in LIGHT], ids=name_of)
def test_the_onnx_path_imports_nothing_of_pytorch(path: Path) -> None:
    assert not [module for module in imports(path, top_level_only=True) if belongs_to(module, HEAVY)]


@pytest.mark.parametrize("path", [path for path in SOURCES if name_of(path).startswith("cli/")], ids=name_of)
def test_commands_import_nothing_heavy_before_they_run(path: Path) -> None:
    heavy = HEAVY | {"onnx", "onnxruntime", "numpy", "PIL", "tqdm", "colorgan.colorizer", "colorgan.export"}
    assert not [module for module in imports(path, top_level_only=True) if belongs_to(module, heavy)]


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if not name_of(path).startswith("cli/")], ids=name_of
)
def test_only_the_commands_talk_to_the_user(path: Path) -> None:
    assert not [
        m for m in imports(path, top_level_only=False) if belongs_to(m, {"click", "tqdm", "colorgan.cli"})
    ]
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call, ast.Name) and call.id == "print"]


def test_training_and_colorizing_never_meet() -> None:
    for name in ("colorizer", "backends/__init__", "backends/pytorch", "backends/onnx_runtime"):
        found = imports(ROOT / "colorgan" / f"{name}.py", top_level_only=False)
        assert not [module for module in found if belongs_to(module, {"colorgan.training"})]
    for path in (ROOT / "colorgan/training").glob("*.py"):
        assert "colorgan.colorizer" not in imports(path, top_level_only=False)


def test_public_names_are_those_of_all() -> None:
    public = {name for name in vars(colorgan) if not name.startswith("_")}
    classes = {name for name in public if isinstance(getattr(colorgan, name), type)}
    assert classes | {"Colorizer"} == set(colorgan.__all__) - {"__version__"}  # which is imported when needed
    assert all(hasattr(colorgan, name) for name in colorgan.__all__)
    assert not hasattr(colorgan, "Decolorizer")


def test_cli_and_export_live_inside_the_package() -> None:
    import colorgan.cli
    import colorgan.export

    assert colorgan.cli.__name__ == "colorgan.cli"
    assert colorgan.export.__name__ == "colorgan.export"
