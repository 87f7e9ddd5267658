"""The rules of the architecture, read from the sources."""

import ast
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

import colorgan

ROOT = Path(__file__).parents[1]
SOURCES = [path for folder in ("colorgan", "cli", "export") for path in (ROOT / folder).rglob("*.py")]
SOURCES = sorted({path.resolve() for path in SOURCES})

RANKS: tuple[set[str], ...] = (
    {"errors", "version"},
    {"config", "devices", "storage"},
    {"photo"},
    {"corrections"},
    {"batch", "networks"},
    {"evaluation", "report"},
    {"backends"},
    {"painting"},
    {"colorizer", "training"},
    {"cluster", "doctor", "export", "service", "processes"},
    {"colorgan"},  # what `import colorgan` gives
    {"cli"},
)
"""The rooms, and the files at the front door. Each may import itself and what stands in earlier lines."""

NEED_TORCH = {
    "colorgan.backends.pytorch",
    "colorgan.backends.torch_archive",
    "colorgan.evaluation",
    "colorgan.export",
    "colorgan.networks",
    "colorgan.training",
}
"""Where PyTorch, or what is installed with it, may be imported at top level."""

TORCH = {"lightning_fabric", "skimage", "timm", "torch", "torch_fidelity", "torchmetrics", "torchvision"}

RANK_OF = {room: rank for rank, rooms in enumerate(RANKS) for room in rooms}


class Import(NamedTuple):
    module: str
    when: str
    """`loading` the module, `later` in a function, or while `checking` types."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix().removeprefix("colorgan/")


def module_of(path: Path) -> str:
    parts = name_of(path).removesuffix("__init__").strip("/").split("/")
    return ".".join(["colorgan", *filter(None, parts)])


MODULES = {module_of(path): path.read_text() for path in SOURCES if "examples" not in path.parts}


def room_of(module: str) -> str:
    return [*module.split("."), module][1]


@cache
def imports_of(source: str) -> list[Import]:
    """All imports of a source, wherever they stand; raises if one is relative."""
    found = []
    places: list[tuple[ast.AST, str]] = [(ast.parse(source), "loading")]
    while places:
        node, when = places.pop()
        match node:
            case ast.Import():
                found += [Import(alias.name, when) for alias in node.names]
            case ast.ImportFrom(module=str(module), level=0):
                names = {f"{module}.{alias.name}" for alias in node.names} & MODULES.keys()
                rest = [module] if len(names) < len(node.names) else []
                found += [Import(name, when) for name in [*names, *rest]]
            case ast.ImportFrom():
                raise AssertionError(f"a relative import: {ast.unparse(node)}")
            case ast.Call(args=[ast.Constant(value=str(name)), *_]) if "import_module" in ast.unparse(
                node.func
            ):
                found.append(Import(name, when))
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() if when == "loading":
                when = "later"
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            places += [(child, "checking") for child in node.body]
            places += [(child, when) for child in node.orelse]
        else:
            places += [(child, when) for child in ast.iter_child_nodes(node)]
    return found


def wrong_imports(modules: Mapping[str, str]) -> list[str]:
    """The imports that lead upward, or to a neighbor on the same line of RANKS."""
    return [
        f"{module} imports {found.module}"
        for module, source in modules.items()
        for found in imports_of(source)
        if belongs_to(found.module, {"colorgan"})
        and room_of(found.module) != room_of(module)
        and RANK_OF[room_of(found.module)] >= RANK_OF[room_of(module)]
    ]


@cache
def loaded_with(module: str) -> frozenset[str]:
    """A module and what loading it loads, with the packages that these are in, through all of colorgan."""
    found, rest = set[str](), [module]
    while rest:
        name = rest.pop()
        if name in found:
            continue
        found.add(name)
        if name in MODULES:
            rest += [each.module for each in imports_of(MODULES[name]) if each.when == "loading"]
            rest += [name.rpartition(".")[0]] if "." in name else []
    return frozenset(found)


def belongs_to(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def needs(module: str, packages: set[str]) -> bool:
    return any(belongs_to(name, packages) for name in loaded_with(module))


LIGHT = sorted(module for module in MODULES if not needs(module, TORCH))
"""Modules that must work where PyTorch is not installed: all of the ONNX path, and more."""


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_sources_are_described_and_of_a_size_to_read(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))
    assert len(path.read_text().splitlines()) <= 300


def test_pages_tests_and_benchmarks_are_of_a_size_to_read() -> None:
    others = [*(ROOT / "tests").glob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    for ending in ("js", "css", "j2"):
        others += (ROOT / "colorgan").rglob(f"*.{ending}")
    assert not [path for path in others if len(path.read_text().splitlines()) > 300]


def test_every_room_has_a_rank() -> None:
    assert sorted(RANK_OF) == sorted({room_of(module) for module in MODULES})
    assert len(RANK_OF) == sum(map(len, RANKS))


def test_imports_lead_down_only() -> None:
    assert wrong_imports(MODULES) == []


@pytest.mark.parametrize(
    ("module", "source", "target"),
    [
        ("photo.planted", "from colorgan.batch.job import Job", "batch.job"),
        ("photo.planted", "def late():\n    import colorgan.batch", "batch"),
        ("photo.planted", "class A:\n    def late(self):\n        from colorgan import batch", "batch"),
        ("photo.planted", "if TYPE_CHECKING:\n    from colorgan.batch.job import Job", "batch.job"),
        ("photo.planted", "try:\n    x = import_module('colorgan.batch')\nfinally:\n    pass", "batch"),
        ("networks.planted", "from colorgan.evaluation import metrics", "evaluation.metrics"),
        ("training.planted", "from colorgan.colorizer import Colorizer", "colorizer"),
        ("backends.planted", "from colorgan import Colorizer", ""),
        ("export.planted", "from colorgan.cli.main import main", "cli.main"),
    ],
)
def test_an_import_that_leads_up_or_aside_is_seen(module: str, source: str, target: str) -> None:
    """Fault 42: a test that cannot fail tests nothing."""
    wrong = f"colorgan.{module} imports {f'colorgan.{target}'.removesuffix('.')}"
    assert wrong_imports({**MODULES, f"colorgan.{module}": source}) == [wrong]


def test_pytorch_is_imported_in_its_rooms_only() -> None:
    heavy = MODULES.keys() - set(LIGHT)
    assert not [module for module in heavy if not belongs_to(module, NEED_TORCH)]
    assert not [place for place in NEED_TORCH if not any(belongs_to(module, {place}) for module in heavy)]


def test_what_needs_no_pytorch_can_be_imported_without_it() -> None:
    assert len(LIGHT) >= 30
    assert {"colorgan.colorizer", "colorgan.backends.onnx_runtime", "colorgan.batch.restoring"} <= set(LIGHT)
    names = [name for name in LIGHT if find_spec("ray") or not needs(name, {"ray"})]
    code = (
        "import sys; from importlib import import_module\n"
        f"sys.modules.update(dict.fromkeys({sorted(TORCH)}))\n"
        f"for name in {names}: import_module(name)\n"
        "print(len({name for name in sys.modules if name.partition('.')[0] == 'colorgan'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(names)


KIND_OF_PATH = {"colorgan.storage.paths"}
"""Where alone it is asked whether a path is on disk or in a store; all others use a Storage."""
PATH_OR_BYTES = {"colorgan.photo.source", "colorgan.backends"}
"""Where it is asked whether something is a path, or bytes."""


def test_the_kind_of_a_path_is_asked_for_in_one_place() -> None:
    asking = {
        module
        for module, source in MODULES.items()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("isinstance", "type", "issubclass")
        and any(name in ast.unparse(node) for name in ("Path", "PurePath", "ObjectPath"))
    }
    assert not [module for module in asking if not belongs_to(module, KIND_OF_PATH | PATH_OR_BYTES)]


@pytest.mark.parametrize("module", [module for module in MODULES if room_of(module) == "cli"])
def test_commands_import_nothing_heavy_before_they_run(module: str) -> None:
    heavy = TORCH | {"onnx", "onnxruntime", "numpy", "PIL", "tqdm", "colorgan.colorizer", "colorgan.export"}
    assert not [name for name in loaded_with(module) if belongs_to(name, heavy)]


@pytest.mark.parametrize("module", [module for module in MODULES if room_of(module) != "cli"])
def test_only_the_commands_talk_to_the_user(module: str) -> None:
    found = imports_of(MODULES[module])
    assert not [each for each in found if belongs_to(each.module, {"click", "tqdm"})]
    calls = [node.func for node in ast.walk(ast.parse(MODULES[module])) if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call, ast.Name) and call.id == "print"]


def test_training_and_colorizing_never_meet() -> None:
    """RANKS keep the two apart, this those who use either: only commands import the trainer."""
    trainer = {"colorgan.training"}
    users = {
        module
        for module in MODULES
        for each in imports_of(MODULES[module])
        if belongs_to(each.module, trainer)
    }
    assert {room_of(module) for module in users} == {"training", "cli"}


def test_public_names_are_those_of_all() -> None:
    names = set(colorgan.__all__) - {"__version__"}
    assert names == colorgan._PLACE_OF.keys()
    assert all(callable(getattr(colorgan, name)) for name in names)
    for name in names:  # as its home has it, whatever was imported before
        assert getattr(colorgan, name).__name__ == name
    assert not hasattr(colorgan, "Decolorizer")
