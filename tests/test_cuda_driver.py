"""A driver of NVIDIA without a device, or without CUDA: one line, the right exit code, and a clean stdout."""

import json
from ctypes.util import find_library
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from conftest import MakePhoto
from drivers import DRIVER, NEW_DRIVER, NOBODY, compiled, run, without_cuda
from onnxruntime.capi.onnxruntime_pybind11_state import EPFail

from colorgan.backends import EMBEDDED_MODEL, load_model
from colorgan.errors import PredictError

pytestmark = pytest.mark.skipif(
    "CUDAExecutionProvider" not in ort.get_available_providers(), reason="onnxruntime is built without CUDA"
)
needs_libraries = pytest.mark.skipif(
    not find_spec("nvidia"), reason="the libraries of CUDA are not installed as packages"
)


@pytest.fixture(scope="module")
def drivers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A driver that is new enough, and one that is not."""
    folder = tmp_path_factory.mktemp("drivers")
    compiled(NEW_DRIVER, folder / "new/libcuda.so.1")
    compiled(DRIVER, folder / "old/libcuda.so.1")
    return folder


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_library("cublasLt"):
        pytest.skip("CUDA is installed in the system")
    return without_cuda(tmp_path_factory.mktemp("bare") / "packages")


@pytest.fixture
def photos(tmp_path: Path, make_photo: MakePhoto) -> Path:
    (tmp_path / "photos").mkdir()
    make_photo(64, 48).save(tmp_path / "photos/a.jpg")
    return tmp_path / "photos"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--device", "cuda"], "libcublas"),
        (["--devices", "7"], "colorgan[cuda]"),
        (["--device", "tensorrt"], "libnvinfer"),
    ],
)
def test_cuda_without_its_libraries_is_exit_code_3(
    drivers: Path, bare: Path, photos: Path, options: list[str], named: str
) -> None:
    home = photos.parent / "home"
    home.mkdir()
    results = photos.parent / "results"
    done = run(
        "batch",
        photos,
        results,
        *options,
        driver=drivers / "new",
        packages=bare,
        environment={"HOME": str(home)},
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    assert named in done.stderr
    assert not results.exists()
    assert not list(home.rglob("tensorrt"))


@pytest.mark.parametrize("home", ["a folder", "a device", "none"])
def test_auto_runs_on_the_cpu_and_says_why_in_one_line(
    drivers: Path, bare: Path, photos: Path, home: str
) -> None:
    environment = {"HOME": str(photos.parent if home == "a folder" else "/dev/null")}
    if home == "none":  # and the user is not known to the system
        nobody = compiled(NOBODY, photos.parent / "nobody.so")
        environment = {"LD_PRELOAD": str(nobody), "HOME": ""}
    results = photos.parent / "results"
    done = run("batch", photos, results, driver=drivers / "new", packages=bare, environment=environment)
    assert done.returncode == 0, done.stderr
    assert (results / "colorized_a.jpg").exists()
    said = done.stdout + done.stderr
    assert said.count("libcublas") == said.count("colorgan[cuda]") == said.count("CPU") == 1
    assert not list(photos.parent.rglob("tensorrt"))


@needs_libraries
@pytest.mark.parametrize(
    ("driver", "options", "named"),
    [
        ("new", ["--device", "cuda"], "device 0"),
        ("new", ["--devices", "7"], "device 7"),
        ("old", ["--device", "cuda"], "driver"),
    ],
)
def test_a_driver_without_a_device_or_too_old_is_exit_code_3(
    drivers: Path, photos: Path, driver: str, options: list[str], named: str
) -> None:
    done = run("batch", photos, photos.parent / "results", *options, driver=drivers / driver)
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    assert named in done.stderr


@pytest.mark.parametrize("libraries", [True, False])
def test_the_report_of_doctor_is_json_whatever_onnxruntime_prints(
    drivers: Path, bare: Path, tmp_path: Path, libraries: bool
) -> None:
    packages = None if libraries else bare
    done = run(
        "doctor", "--json", driver=drivers / "new", packages=packages, environment={"HOME": str(tmp_path)}
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert found["NVIDIA driver"]["verdict"] == "ok"
    assert {found[f"runs on {name}"]["verdict"] for name in ("cuda", "tensorrt")} == {"note"}
    if not libraries:
        assert found["CUDA libraries"]["verdict"] == "note"
        assert "colorgan[cuda]" in found["CUDA libraries"]["remedy"]
    assert not list(tmp_path.rglob("tensorrt"))


def test_a_provider_that_fails_while_it_runs_is_an_error_and_never_the_cpu(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    calls = []

    class Failing:
        """What onnxruntime calls below its own fallback."""

        def run(self, *arguments: object) -> None:
            calls.append(arguments)
            raise EPFail("the device is gone")

        def __getattr__(self, name: str) -> object:
            return getattr(inner, name)

    model = load_model(EMBEDDED_MODEL, device="cpu")
    (session,) = set(model.backend.sessions)  # type: ignore[attr-defined]
    inner = session._sess
    monkeypatch.setattr(session, "_sess", Failing())
    with pytest.raises(PredictError, match="the device is gone"):
        model.backend.predict(np.zeros((1, 1, 32, 32), np.uint8))
    assert len(calls) == 1
    assert capfd.readouterr() == ("", "")
