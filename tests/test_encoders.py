"""Pretrained encoders compute what their weights expect, and generators on one do all that others do."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from conftest import MakePhoto, write_checkpoint
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from torch import nn

from colorgan.backends import load_model
from colorgan.config import ExportConfig, GeneratorConfig, TrainingConfig
from colorgan.errors import ModelError, UsageError
from colorgan.export.exporting import export_checkpoint
from colorgan.export.folding import fold_batch_norm
from colorgan.networks.chroma_classes import ClassHead, class_centers
from colorgan.networks.encoders import (
    ENCODERS,
    IMAGENET,
    SamePadding,
    build_encoder,
    compute_like_tensorflow,
    fill,
    load_weights,
    packaged_weights,
    read_weights,
)
from colorgan.networks.generator import UNetGenerator
from colorgan.training.photographs import find_photographs, split
from colorgan.training.trainer import Trainer

LITE = "efficientnet_lite0"
PHOTOS = Path(__file__).parents[1] / "export" / "photos"


def small_generator(encoder: str = LITE, head: str = "classes", seed: int = 0) -> UNetGenerator:
    """A generator on a pretrained network without its weights, whose norms have seen something."""
    torch.manual_seed(seed)
    generator = UNetGenerator(GeneratorConfig(encoder=encoder, head=head, up_channels="16,12,8,8"))
    generator.train()
    with torch.no_grad():
        for _ in range(3):
            generator(torch.rand(2, 1, 64, 64) * 2 - 1)
        for weight in generator.head.parameters():
            weight.mul_(12)  # colors that a comparison can see
    return generator.eval()


def classifier(like_tensorflow: bool = True) -> nn.Module:
    network: nn.Module = timm.create_model(LITE, pretrained=False)
    if like_tensorflow:
        compute_like_tensorflow(network)
    network.load_state_dict(read_weights(packaged_weights(LITE), network))
    return network.eval()


@pytest.fixture(scope="module")
def reference() -> nn.Module:
    weights = str(packaged_weights(LITE))
    network: nn.Module = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights)
    return network.eval()


@torch.inference_mode()
def test_the_port_gives_the_logits_of_the_original(reference: nn.Module) -> None:
    rgb = torch.rand(2, 3, 224, 192, generator=torch.Generator().manual_seed(0)) * 2 - 1
    expected = reference(rgb)
    assert (classifier()(rgb) - expected).abs().max() < 1e-3
    assert (classifier(like_tensorflow=False)(rgb) - expected).abs().max() > 0.1  # even padding


@pytest.mark.parametrize(
    ("photo", "classes"),
    [("chelsea.jpg", {281, 282, 285}), ("coffee.jpg", {504, 967, 968}), ("camera.jpg", {872})],
)
@torch.inference_mode()
def test_the_encoder_knows_what_is_in_a_gray_photograph(photo: str, classes: set[int]) -> None:
    with Image.open(PHOTOS / photo) as image:
        gray = np.asarray(image.convert("L").resize((224, 224)), np.float32) / 127.5 - 1
    found = classifier()(torch.from_numpy(gray).expand(1, 3, -1, -1))
    assert int(found.argmax()) in classes


@torch.inference_mode()
def test_an_encoder_of_gray_gives_the_features_that_equal_channels_give() -> None:
    encoder, channels = build_encoder(LITE)
    weights = read_weights(packaged_weights(LITE), encoder)
    load_weights(encoder, LITE, "package")
    rgb_encoder = timm.create_model(LITE, pretrained=False, features_only=True)
    compute_like_tensorflow(rgb_encoder)
    rgb_encoder.load_state_dict({name: weights[name] for name in rgb_encoder.state_dict()})
    gray = torch.rand(1, 1, 96, 64) * 2 - 1
    features = encoder.eval()(gray)
    assert [feature.shape[1] for feature in features] == channels
    assert [feature.shape[2] for feature in features] == [48, 24, 12, 6, 3]
    for mine, expected in zip(features, rgb_encoder.eval()(gray.expand(-1, 3, -1, -1)), strict=True):
        assert torch.allclose(mine, expected, atol=1e-3)


@pytest.mark.parametrize("name", [name for name in ENCODERS if name != LITE])
@torch.inference_mode()
def test_weights_for_other_normalizations_are_turned_into_those_of_gray(name: str) -> None:
    torch.manual_seed(0)
    original = timm.create_model(name, pretrained=False, features_only=True).eval()
    encoder, _ = build_encoder(name)
    fill(encoder, IMAGENET, original.state_dict(), Path("weights.pth"))
    gray = torch.full((1, 1, 256, 256), 0.3)
    mean, std = (torch.tensor(values)[:, None, None] for values in IMAGENET)
    expected = original(((gray + 1) / 2).expand(-1, 3, -1, -1).sub(mean).div(std))[0]
    found = encoder.eval()(gray)[0]
    assert torch.allclose(found[..., 8:-8, 8:-8], expected[..., 8:-8, 8:-8], atol=1e-3)


@pytest.mark.parametrize("kernel", [3, 5])
def test_padding_is_tensorflows(kernel: int) -> None:
    convolution = SamePadding(1, 1, kernel, stride=2, bias=False)
    nn.init.zeros_(convolution.weight)
    convolution.weight.data[0, 0, 0, 0] = 1  # shows what is under the first tap
    image = torch.arange(1.0, 65).reshape(1, 1, 8, 8)
    found = convolution(image)
    assert found.shape == (1, 1, 4, 4)
    before = (kernel - 2) // 2
    assert found[0, 0, 0, 0] == (0 if before else 1)
    assert found[0, 0, 1, 1] == image[0, 0, 2 - before, 2 - before]


def test_weights_that_cannot_be_had_are_one_clear_error(tmp_path: Path, exports: dict[str, Path]) -> None:
    encoder, _ = build_encoder(LITE)
    with pytest.raises(ModelError, match=r"gone\.pth"):
        load_weights(encoder, LITE, str(tmp_path / "gone.pth"))
    (tmp_path / "bad.pth").write_bytes(b"PK no")
    with pytest.raises(ModelError, match=r"bad\.pth"):
        load_weights(encoder, LITE, str(tmp_path / "bad.pth"))
    torch.save(timm.create_model("resnet18", pretrained=False).state_dict(), tmp_path / "other.pth")
    with pytest.raises(ModelError, match=r"other\.pth"):
        load_weights(encoder, LITE, str(tmp_path / "other.pth"))
    with pytest.raises(ModelError, match=r"best\.pt"):
        load_weights(encoder, LITE, str(exports["checkpoint"]))
    with pytest.raises(UsageError):
        load_weights(build_encoder("resnet34")[0], "resnet34", "package")


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("head", ["chroma", "classes", "rgb"])
@torch.inference_mode()
def test_every_encoder_takes_every_head_and_folds_exactly(encoder: str, head: str) -> None:
    generator = small_generator(encoder, head)
    gray = torch.rand(1, 1, 64, 96) * 2 - 1
    assert generator(gray).shape == (1, 3, 64, 96)
    assert generator.config.stride == 32
    folded = fold_batch_norm(generator)
    assert not [module for module in folded.modules() if isinstance(module, nn.BatchNorm2d)]
    assert torch.allclose(folded.chroma(gray), generator.chroma(gray), atol=1e-4)


def test_up_channels_are_four_numbers() -> None:
    assert GeneratorConfig(encoder=LITE).up_widths == (96, 64, 48, 32)
    assert GeneratorConfig(base_channels=2).up_widths == (16, 8, 4, 2)
    for wrong in ("96", "96,64,48", "1,2,3,x", "1,2,3,0"):
        with pytest.raises(UsageError):
            GeneratorConfig(up_channels=wrong)


FORMS: dict[str, ExportConfig] = {
    "onnx": ExportConfig(half_weights=True),
    "fixed": ExportConfig(static_size="64x96", static_batch=2),
    "torchscript": ExportConfig(format="torchscript"),
    "torch-export": ExportConfig(format="torch-export"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_export_runs_and_knows_its_stride(
    form: str, tmp_path: Path, make_photo: MakePhoto
) -> None:
    checkpoint = write_checkpoint(tmp_path / "lite.pt", small_generator())
    model = load_model(export_checkpoint(checkpoint, tmp_path, FORMS[form]).path, device="cpu")
    assert model.stride == load_model(checkpoint, device="cpu").stride == 32
    height, width = (64, 96) if form == "fixed" else model.input_shape(300, 200)
    luma = np.asarray(make_photo(width, height))
    expected = load_model(checkpoint, device="cpu").predict(luma)
    assert model.predict(luma).shape == (2, height, width)
    assert np.abs(model.predict(luma).astype(int) - expected).max() <= 1


def test_a_fixed_size_that_the_network_does_not_take_is_refused(tmp_path: Path) -> None:
    checkpoint = write_checkpoint(tmp_path / "lite.pt", small_generator())
    with pytest.raises(UsageError, match=r"48x64.*\b32\b"):
        export_checkpoint(checkpoint, tmp_path, ExportConfig(static_size="48x64"))


def make_trainer(photos: Path, **settings: Any) -> Trainer:
    training, _ = split(find_photographs(photos), 2, seed=0)
    config = TrainingConfig(**{"size": 64, "batch_size": 4, "workers": 0, "epochs": 3} | settings)
    network = GeneratorConfig(base_channels=4, encoder=LITE, head="classes", up_channels="8,8,8,8")
    return Trainer(config, network, training)


def test_a_run_on_an_encoder_goes_on_bit_for_bit(photo_folder: Path) -> None:
    settings: dict[str, Any] = {"warmup_epochs": 1, "frozen_epochs": 1, "ramp_steps": 2, "decay_epochs": 1}
    settings |= {"optimizer": "adamw", "encoder_rate": 0.5, "l1_weight": 10.0}
    whole = make_trainer(photo_folder, **settings)
    whole.load_encoder("package")
    steps = whole.steps()
    before = {name: value.clone() for name, value in whole.generator.encoder.state_dict().items()}  # type: ignore[union-attr]
    for _ in range(2):
        next(steps)
    assert whole.generator.encoder is not None
    frozen = whole.generator.encoder.state_dict()
    assert all(torch.equal(value, before[name]) for name, value in frozen.items())
    state = {
        name: value if name in ("step", "steps_per_epoch") else _copied(value)
        for name, value in whole.state().items()
    }
    for _ in steps:
        pass
    again = make_trainer(photo_folder, **settings)
    again.restore(state)
    for _ in again.steps():
        pass
    for mine, other in zip(
        whole.mean_generator.state_dict().values(), again.mean_generator.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, other)
    moved = whole.generator.encoder.state_dict()
    assert any(not torch.equal(value, before[name]) for name, value in moved.items())


def _copied(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.clone()
    if isinstance(value, dict):
        return {name: _copied(inner) for name, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value


def test_training_goes_on_from_a_stronger_model_with_the_centers_of_the_targets(photo_folder: Path) -> None:
    stronger = small_generator()
    weights = stronger.state_dict() | {"head.centers": 1.5 * class_centers()}
    training, _ = split(find_photographs(photo_folder), 2, seed=0)
    trainer = Trainer(TrainingConfig(size=64, batch_size=4, workers=0), stronger.config, training)
    trainer.start_from(weights)
    for generator in (trainer.generator, trainer.mean_generator):
        assert isinstance(generator.head, ClassHead)
        assert torch.equal(generator.head.centers, class_centers())


def test_a_size_that_the_encoder_does_not_take_is_refused(photo_folder: Path) -> None:
    with pytest.raises(UsageError, match=r"48.*\b32\b"):
        make_trainer(photo_folder, size=48)


def test_the_mean_of_sure_classes_is_their_center() -> None:
    head = ClassHead(4)
    logits = torch.full((1, len(head.centers), 1), -50.0)
    logits[0, 7] = 50
    assert torch.allclose(head.mean(logits)[0, :, 0], head.centers[7])
