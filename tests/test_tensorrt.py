"""What TensorRT is told, and where its engines are kept; runs without it."""

from dataclasses import replace
from pathlib import Path

import pytest

from colorgan.backends import EMBEDDED_MODEL
from colorgan.backends.tensorrt import engine_cache, tensorrt_options
from colorgan.export.verifying import read_metadata


def test_profiles_cover_the_batches_that_come() -> None:
    metadata = read_metadata(EMBEDDED_MODEL)
    for batch in (1, 16, 100):
        options = tensorrt_options(metadata, batch, None)
        sizes = {
            name: int(options[f"trt_profile_{name}_shapes"].removeprefix("luma:").split("x")[0])
            for name in ("min", "opt", "max")
        }
        assert sizes["min"] == 1
        assert sizes["opt"] == batch
        assert sizes["max"] >= 1 << (batch - 1).bit_length()  # to which batches are padded


def test_a_fixed_shape_is_its_only_profile() -> None:
    options = tensorrt_options(replace(read_metadata(EMBEDDED_MODEL), shape=(8, 64, 96)), 16, None)
    assert {options[f"trt_profile_{name}_shapes"] for name in ("min", "opt", "max")} == {"luma:8x1x64x96"}


@pytest.mark.parametrize(("precision", "half"), [("fp16", True), ("fp32", False), ("int8", False)])
def test_half_precision_is_for_models_that_have_it(precision: str, half: bool) -> None:
    options = tensorrt_options(replace(read_metadata(EMBEDDED_MODEL), precision=precision), 16, None)
    assert bool(options.get("trt_fp16_enable")) is half


def test_each_model_and_device_has_engines_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    folders = {engine_cache(model, number) for model in ("a", "b") for number in (0, 1)}
    assert len(folders) == 4
    assert all(folder and folder.is_dir() and tmp_path in folder.parents for folder in folders)


def test_without_a_home_to_write_to_engines_are_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "file"))
    assert engine_cache("a", 0) is None
    assert "trt_engine_cache_path" not in tensorrt_options(read_metadata(EMBEDDED_MODEL), 16, None)
