"""An NVIDIA driver that is not there, compiled by the system's compiler, for processes that look for one."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest

import colorgan

DRIVER = """
int cuInit(unsigned flags) { return 100; }
int cuDriverGetVersion(int *version) { *version = 13000; return 0; }
int cuDeviceGetCount(int *count) { *count = 0; return 100; }
"""
"""Of a driver, what is asked of it before it says that there is no device (CUDA_ERROR_NO_DEVICE, 100)."""

NEW_DRIVER = DRIVER + "int cuTensorMapEncodeTiled(void) { return 100; }\n"
"""With what onnxruntime's CUDA provider links to."""

NOBODY = """
#include <pwd.h>
struct passwd *getpwuid(uid_t user) { return 0; }
int getpwuid_r(uid_t user, struct passwd *entry, char *buffer, size_t size, struct passwd **found) {
    *found = 0;
    return 0;
}
"""
"""What a user without an entry in /etc/passwd gets, as one of `docker run --user`."""


def compiled(source: str, library: Path) -> Path:
    """Compile C to a shared library; skip the test where that cannot be done."""
    if not sys.platform.startswith("linux"):
        pytest.skip("shared libraries of Linux")
    if not (compiler := shutil.which("cc")):
        pytest.skip("there is no C compiler (cc)")
    library.parent.mkdir(parents=True, exist_ok=True)
    library.with_suffix(".c").write_text(source)
    sources = [str(library), str(library.with_suffix(".c"))]
    subprocess.run([compiler, "-shared", "-fPIC", "-o", *sources], check=True, capture_output=True)
    return library


def without_cuda(folder: Path) -> Path:
    """Make a folder of all packages that are installed but the libraries of CUDA, to be imported from."""
    folder.mkdir()
    (folder / "colorgan").symlink_to(Path(colorgan.__file__).parent)  # wherever it is installed
    for package in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if not package.name.startswith("nvidia") and package.name != "colorgan" and package.suffix != ".pth":
            (folder / package.name).symlink_to(package)
    return folder


def run(
    *arguments: str | Path,
    driver: Path | None = None,
    packages: Path | None = None,
    first: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `colorgan` in a process of its own.

    It finds this `driver`, only these `packages` if they are given, and what is in the folder `first` first.
    """
    paths = [first, packages or Path(colorgan.__file__).parents[1]]
    places = {"PYTHONPATH": os.pathsep.join(str(path) for path in paths if path), "NO_COLOR": "1"}
    if driver:
        places["LD_LIBRARY_PATH"] = str(driver)
    return subprocess.run(
        [sys.executable, *(["-S"] if packages else []), "-m", "colorgan.cli.main", *map(str, arguments)],
        env=os.environ | places | dict(environment or {}),
        capture_output=True,
        text=True,
        timeout=300,
    )
