"""Every example in README and docs runs as it stands, in a folder with what it speaks of."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import MakePhoto
from stores import Server

from colorgan.cli.main import COMMANDS
from colorgan.storage.objects import ObjectPath

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(bash|console|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)

INSTALLING = re.compile(r"(pip install|python3 -m venv|\. \.venv|pytest|mkdocs)\b.*")
"""Commands that .ci/run tries, in new virtual environments."""

QUICKLY = """#!/bin/sh
# colorgan-train, but small: of an option that is given twice, the last counts.
case "$*" in *--resume*) epochs=2 ;; *) epochs=1 ;; esac
small="--size 32 --base-channels 4 --batch-size 4 --workers 0"
exec {python} -m colorgan.cli.main train "$@" $small --epochs $epochs
"""


def examples() -> list[object]:
    """Language and text of each block, without what installs."""
    found: list[object] = []
    for page in PAGES:
        for number, (language, text) in enumerate(BLOCK.findall(page.read_text())):
            if language == "console":
                text = "".join(line[2:] + "\n" for line in text.splitlines() if line.startswith("$ "))
            if language != "python":
                commands = [command for line in text.splitlines() for command in line.split(" && ")]
                text = "\n".join(command for command in commands if not INSTALLING.match(command.strip()))
            if text.strip():
                found.append(pytest.param(language, text, id=f"{page.stem}-{number}"))
    return found


@pytest.fixture
def sandbox(tmp_path: Path, checkpoint: Path, exports: dict[str, Path], make_photo: MakePhoto) -> Path:
    """A folder with scans, photographs, a checkpoint and a model."""
    for folder, mode, count in (("scans/1911", "L", 3), ("photos", "RGB", 10), ("held_out", "RGB", 2)):
        (tmp_path / folder).mkdir(parents=True)
        for seed in range(count):
            make_photo(96, 64, mode, seed).save(tmp_path / folder / f"{seed}.jpg")
    shutil.copy(tmp_path / "scans/1911/0.jpg", tmp_path / "scans/0.jpg")
    os.utime(tmp_path / "scans/1911", (0, 0))
    shutil.copy(tmp_path / "scans/0.jpg", tmp_path / "photo.jpg")
    (tmp_path / "saved_models").mkdir()
    shutil.copy(checkpoint, tmp_path / "saved_models/best.pt")
    shutil.copy(exports["onnx"], tmp_path / "my_model.onnx")
    shutil.copy(exports["onnx"], tmp_path / "saved_models/best.onnx")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/colorgan-train").write_text(QUICKLY.format(python=sys.executable))
    (tmp_path / "bin/colorgan-train").chmod(0o755)
    return tmp_path


def environment(sandbox: Path) -> dict[str, str]:
    """Where the sandbox's commands go before those installed."""
    path = os.pathsep.join([str(sandbox / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    return os.environ | {"PATH": path, "OMP_NUM_THREADS": "1"}


@pytest.fixture
def archive(server: Server, sandbox: Path) -> None:
    """The scans in a bucket of this name."""
    server.order()
    store = ObjectPath("s3:/archive").store
    store.mkdir("archive")
    store.put(str(sandbox / "scans"), "archive/scans", recursive=True)


@pytest.mark.skipif(os.name != "posix", reason="the examples are for a POSIX shell")
@pytest.mark.parametrize(("language", "text"), examples())
def test_an_example_runs(sandbox: Path, language: str, text: str, request: pytest.FixtureRequest) -> None:
    command = (
        [sys.executable, "-c", text] if language == "python" else ["bash", "-euo", "pipefail", "-c", text]
    )
    if "restore" in text:
        subprocess.run(
            [shutil.which("colorgan") or "colorgan", "batch", "scans", "results"], cwd=sandbox, check=True
        )
    if "s3://" in text:
        request.getfixturevalue("archive")
    done = subprocess.run(command, cwd=sandbox, env=environment(sandbox), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    if "colorgan-train" in text:  # whose stand-in must not be one that does nothing
        assert (sandbox / "saved_models/metrics.jsonl").is_file()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="the recipes are for a POSIX shell")
def test_the_recipe_of_the_embedded_model_runs(sandbox: Path) -> None:
    recipe = ROOT / "colorgan/training/recipes/generator.sh"
    subprocess.run(["bash", recipe, "photos"], cwd=sandbox, env=environment(sandbox), check=True)
    assert (sandbox / "generator/generator.half.onnx").is_file()


def test_there_are_examples_of_every_kind() -> None:
    kinds = [example.values[0] for example in examples()]  # type: ignore[attr-defined]
    assert kinds.count("bash") >= 8
    assert kinds.count("python") >= 3
    assert "console" in kinds


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_command_is_in_the_reference() -> None:
    reference = (ROOT / "docs" / "commands.md").read_text()
    assert set(re.findall(r":module: colorgan\.cli\.(\w+)", reference)) == set(COMMANDS)


def test_the_architecture_names_every_room_and_only_files_that_are_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    rooms = {path.parent.name for path in (ROOT / "colorgan").glob("*/__init__.py")}
    assert set(re.findall(r"^\| `(\w+)/` \|", page, re.MULTILINE)) == rooms
    front_door = [path.name for path in (ROOT / "colorgan").glob("*.py") if path.name != "__init__.py"]
    assert not [name for name in front_door if f"`{name}`" not in page]
    files = re.findall(r"`(\w+/\w+\.py)`", page)
    assert len(files) >= 10
    assert not [
        name for name in files if not any((top / name).is_file() for top in (ROOT, ROOT / "colorgan"))
    ]


def test_readme_is_of_a_size_to_read() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize(
    ("program", "words", "offered"),
    [
        ("colorgan", "colorgan do", "doctor"),
        ("colorgan-batch", "colorgan-batch --if", "--if-color"),
        ("colorgan-batch", "colorgan-batch --if-color re", "recolor"),
        ("colorgan-batch", "colorgan-batch --model my", "my"),
        ("colorgan-export", "colorgan-export --format torchs", "torchscript"),
    ],
)
def test_the_shell_completes(program: str, words: str, offered: str) -> None:
    variable = f"_{program.upper().replace('-', '_')}_COMPLETE"
    environment = os.environ | {
        variable: "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    script = Path(sys.executable).with_name(program)
    done = subprocess.run([script], env=environment, capture_output=True, text=True, check=True)
    assert f",{offered}" in done.stdout
