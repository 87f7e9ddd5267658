"""The files to deploy with: what the Dockerfile does works without Docker, and systemd takes the units."""

import configparser
import fnmatch
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from conftest import MakePhoto

ROOT = Path(__file__).parents[1]
UNITS = ROOT / "docs/systemd"
STRANGER = 54_321
"""A user and group that /etc/passwd knows nothing of."""


def instructions(target: str = "batch") -> list[tuple[str, str]]:
    """The Dockerfile's instructions for a target, in their order: those of `common`, then its own."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    stages: dict[str, list[tuple[str, str]]] = {}
    for name, _, rest in (line.partition(" ") for line in lines):
        if name == "FROM":
            stage = stages[rest.split()[-1]] = []
        else:
            stage.append((name, rest))
    assert list(stages)[-1] == "batch"  # what is built without a target
    return stages["common"] + stages[target]


def context() -> list[Path]:
    """The files that .dockerignore sends: the last line that fits a file, or a folder above it, wins."""
    found = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    def is_sent(path: Path) -> bool:
        sent = True
        for rule in rules:
            pattern = rule.removeprefix("!").removeprefix("**/")
            if any(fnmatch.fnmatchcase(str(each), pattern) for each in (path, *path.parents[:-1])):
                sent = rule.startswith("!")
        return sent

    return [path for path in map(Path, filter(None, found.stdout.split("\0"))) if is_sent(path)]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def open_python() -> Path:
    """A Python that every user can run, unlike one in a home."""
    works = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"
    for path in (Path(sys.base_prefix, "bin/python3"), Path("/usr/bin/python3")):
        try:
            run_as_a_stranger([path, "-c", works], {}).check_returncode()
        except (OSError, subprocess.CalledProcessError):
            continue
        return path
    pytest.skip("no Python here can be run by others")


def run_as_a_stranger(
    command: Sequence[str | Path], variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=variables,
        user=STRANGER,
        group=STRANGER,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("target", "command"),
    [("batch", ["colorgan-batch"]), ("serve", ["colorgan", "serve", "--host", "0.0.0.0"])],
)
def test_the_container_runs_the_command_as_a_user_by_number_who_is_not_root(
    target: str, command: list[str]
) -> None:
    last = dict(instructions(target))
    user, _, group = last["USER"].partition(":")
    assert int(user) > 0  # Kubernetes' runAsNonRoot takes no names
    assert int(group) > 0
    assert json.loads(last["ENTRYPOINT"]) == command


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="the files are listed by git")
def test_a_build_is_sent_the_package_alone() -> None:
    top = {path.parts[0] for path in context()}
    assert top == {"LICENSE", "README.md", "cli", "colorgan", "export", "pyproject.toml", "setup.cfg"}


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="the files are listed by git")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another user")
def test_what_the_dockerfile_does_leaves_a_command_that_any_user_can_run(
    open_folder: Path, open_python: Path, make_photo: MakePhoto
) -> None:
    for path in context():
        (open_folder / "src" / path).parent.mkdir(parents=True, exist_ok=True)
        if not (ROOT / path).is_dir():  # the links to cli and export, which the build does not need
            shutil.copy(ROOT / path, open_folder / "src" / path)
    subprocess.run([open_python, "-m", "venv", open_folder / "venv"], check=True)
    places = {"/src": str(open_folder / "src"), "/home/colorgan": str(open_folder / "home")}
    variables = {"PATH": f"{open_folder}/venv/bin:{os.environ['PATH']}", "EXTRAS": ""}
    command: list[str] = []
    for name, rest in instructions():
        for place, stand_in in places.items():
            rest = rest.replace(place, stand_in)
        if name == "RUN":
            subprocess.run(["sh", "-ec", rest], env=variables, check=True)
        elif name == "ENV":
            variables |= dict(word.split("=", 1) for word in shlex.split(rest))
        elif name == "ENTRYPOINT":
            command = json.loads(rest)
    (open_folder / "in").mkdir()
    make_photo().save(open_folder / "in/photo.jpg")
    (open_folder / "out").mkdir()
    os.chown(open_folder / "out", STRANGER, STRANGER)
    line = f'touch "$HOME/cache" && exec {command[0]} {open_folder}/in {open_folder}/out'
    done = run_as_a_stranger(["sh", "-ec", line], variables)
    assert done.returncode == 0, done.stderr
    assert (open_folder / "out/colorized_photo.jpg").stat().st_uid == STRANGER


def units() -> dict[str, configparser.ConfigParser]:
    """The units, by their names."""
    parsed = {}
    for path in UNITS.iterdir():
        parser = configparser.ConfigParser(interpolation=None, comment_prefixes=("#",), delimiters=("=",))
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read(path)
        parsed[path.name] = parser
    return parsed


def test_the_timer_starts_the_service_and_no_two_runs_overlap() -> None:
    service, timer = units()["colorgan.service"], units()["colorgan.timer"]
    assert timer["Timer"].get("Unit", "colorgan.service") == "colorgan.service"
    assert "OnUnitInactiveSec" in timer["Timer"]
    assert service["Service"]["Type"] == "oneshot"
    assert service["Service"]["User"] != "root"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    program = shlex.split(units()["colorgan.service"]["Service"]["ExecStart"])[0]
    for unit in UNITS.iterdir():
        (tmp_path / unit.name).write_text(unit.read_text().replace(program, "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", *tmp_path.iterdir()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "colorgan" not in done.stderr  # it warns of keys that it does not know
