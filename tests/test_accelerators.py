"""Other accelerators by name: OpenVINO is run for real, and whatever is not there is exit code 3."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from commands import call
from conftest import MakePhoto
from drivers import compiled, run
from PIL import Image

import colorgan
from colorgan.backends import EMBEDDED_MODEL
from colorgan.backends.onnx_session import is_installed
from colorgan.config.accelerators import ACCELERATORS

OTHERS = [name for name, accelerator in ACCELERATORS.items() if not accelerator.nvidia]

ANY_PROCESSOR = """
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
typedef struct { const void *(*api)(uint32_t); const char *(*version)(void); } Base;
static const Base *onnxruntime;
static Base ours;
static void *functions[512];
static uint32_t intel(const void *device) { return 0x8086; }
static const void *api(uint32_t version) {
    const void *theirs = onnxruntime->api(version);
    if (!theirs) return 0;
    memcpy(functions, theirs, sizeof functions);
    functions[308] = intel;  /* OrtApi's HardwareDevice_VendorId: that table only ever grows */
    return functions;
}
static void *plugin(const char *name) { return dlsym(dlopen("PLUGIN", RTLD_NOW | RTLD_LOCAL), name); }
void *CreateEpFactories(
    const char *name, const Base *base, const void *log, void **made, size_t most, size_t *count) {
    void *(*create)(const char *, const Base *, const void *, void **, size_t, size_t *);
    onnxruntime = base;
    ours = *base;
    ours.api = api;
    create = plugin("CreateEpFactories");
    return create(name, &ours, log, made, most, count);
}
void *ReleaseEpFactory(void *factory) {
    void *(*release)(void *) = plugin("ReleaseEpFactory");
    return release(factory);
}
"""
"""OpenVINO runs on processors of any maker, but its plugin looks for Intel's: to it, all are."""

PROFILE = """
import json, sys
import numpy as np, onnxruntime as ort
make = ort.SessionOptions
def options():
    made = make()
    made.enable_profiling, made.profile_file_prefix = True, sys.argv[1]
    return made
ort.SessionOptions = options
from colorgan.backends import load_model
model = load_model(device="openvino")
luma = np.random.default_rng(0).integers(0, 256, (4, 1, 96, 96), dtype=np.uint8)
for count in (1, 4, 3):
    model.backend.predict(luma[:count])
print(model.backend.sessions[0].end_profiling())
"""

VERIFY = """
import json, sys
from pathlib import Path
from colorgan.export.verifying import verify_export
figures = verify_export(Path(sys.argv[1]), Path(sys.argv[2]))
print(json.dumps({name: parity.largest for name, parity in figures.items()}))
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plugin of OpenVINO that takes this machine's processors."""
    spec = find_spec("onnxruntime_ep_openvino")
    if not spec or not spec.origin:
        pytest.skip("onnxruntime-ep-openvino is not installed")
    from onnxruntime_ep_openvino import get_library_path

    folder = tmp_path_factory.mktemp("packages")
    library = compiled(ANY_PROCESSOR.replace("PLUGIN", get_library_path()), folder / "plugin.so")
    source = f"def get_library_path():\n    return {str(library)!r}\n"
    (folder / "onnxruntime_ep_openvino.py").write_text(source)
    return folder


def python(packages: Path, code: str, *arguments: Path) -> str:
    paths = [str(packages), str(Path(colorgan.__file__).parents[1])]
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=True,
    ).stdout


def chroma_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("YCbCr"), np.int16)[..., 1:]


def test_openvino_colors_a_folder_as_the_cpu_does(
    packages: Path, tmp_path: Path, make_photo: MakePhoto
) -> None:
    (tmp_path / "photos").mkdir()
    for number, size in enumerate([(200, 150), (150, 200), (96, 96)]):
        make_photo(*size, seed=number).save(tmp_path / f"photos/{number}.png")
    for device in ("openvino", "cpu"):
        done = run("batch", tmp_path / "photos", tmp_path / device, "--device", device, first=packages)
        assert done.returncode == 0, done.stderr
        assert bool(re.search(r"OpenVINO.* 100%", done.stdout)) is (device == "openvino")
    for number in range(3):
        name = f"colorized_{number}.png"
        ours, theirs = (chroma_of(tmp_path / device / name) for device in ("openvino", "cpu"))
        assert np.ptp(theirs) > 0
        assert np.abs(ours - theirs).max() <= 2


def test_openvino_takes_the_time_of_nearly_all_nodes(packages: Path, tmp_path: Path) -> None:
    report = Path(python(packages, PROFILE, tmp_path / "profile").split()[-1])
    times: dict[str, float] = {}
    for event in json.loads(report.read_text()):
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            provider = event["args"]["provider"]
            times[provider] = times.get(provider, 0) + event["dur"]
    assert times["OpenVINOExecutionProvider"] >= 0.95 * sum(times.values()), times


def test_openvino_passes_the_check_of_exports(packages: Path) -> None:
    checkpoint = Path(__file__).parents[1] / "colorgan/models/generator.pt"  # which is not installed
    largest = json.loads(python(packages, VERIFY, EMBEDDED_MODEL, checkpoint))
    assert largest["CPU"] <= 1
    assert largest["OpenVINO"] <= 1


def test_doctor_runs_on_openvino(packages: Path) -> None:
    done = run("doctor", "--json", first=packages)
    assert done.stderr == ""
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert found["runs on openvino"]["verdict"] == "ok"
    assert "qnn" in found["accelerators"]["detail"]


@pytest.mark.parametrize("device", OTHERS)
def test_an_accelerator_that_is_not_there_is_exit_code_3_with_what_to_install(
    tmp_path: Path, make_photo: MakePhoto, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    accelerator = ACCELERATORS[device]
    monkeypatch.setattr("colorgan.backends.onnx_session.ort.get_available_providers", list)
    monkeypatch.setattr("colorgan.backends.onnx_session.find_spec", lambda name: None)
    assert not is_installed(accelerator)
    make_photo(64, 48).save(tmp_path / "a.jpg")
    result = call("batch", tmp_path / "a.jpg", tmp_path / "results", "--device", device)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert accelerator.remedy in result.stderr
    assert not (tmp_path / "results").exists()


def test_a_plugin_that_finds_no_device_says_what_it_takes(tmp_path: Path, make_photo: MakePhoto) -> None:
    (tmp_path / "onnxruntime_qnn.py").write_text("def get_library_path():\n    return '/nowhere/plugin.so'\n")
    make_photo(64, 48).save(tmp_path / "a.jpg")
    done = run("batch", tmp_path / "a.jpg", tmp_path / "results", "--device", "qnn", first=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    assert "plugin" in done.stderr


@pytest.mark.parametrize("device", ["cpu", "openvino", "coreml", "qnn"])
def test_numbers_are_for_devices_that_have_them(tmp_path: Path, device: str) -> None:
    Image.new("L", (64, 48)).save(tmp_path / "a.jpg")
    result = call("batch", tmp_path / "a.jpg", tmp_path / "results", "--device", device, "--devices", "0")
    assert result.exit_code == 2
    assert f"--device {device}" in result.stderr


def test_other_kinds_of_models_are_not_for_them(exports: dict[str, Path], tmp_path: Path) -> None:
    options = ("--model", exports["torchscript"], "--device", "openvino")
    Image.new("L", (64, 48)).save(tmp_path / "a.jpg")
    result = call("batch", tmp_path / "a.jpg", tmp_path / "results", *options)
    assert result.exit_code == 2
    assert "ONNX" in result.stderr
