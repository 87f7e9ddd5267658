"""The architecture is what the README says, and the color arithmetic is Pillow's."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import MakePhoto, seeded_generator, to_tensor
from torch import nn

from colorgan.config import GeneratorConfig
from colorgan.networks.color_space import compose, extract_chroma, prepare_input
from colorgan.networks.discriminator import Discriminator
from colorgan.networks.generator import ConvBlock, UNetGenerator
from colorgan.networks.predictors import ChromaPredictor


@pytest.mark.parametrize("head", ["chroma", "rgb"])
@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 32, 80), (2, 64, 48)])
def test_generator_returns_rgb_of_the_same_size(head: str, shape: tuple[int, int, int]) -> None:
    count, height, width = shape
    gray = torch.rand(count, 1, height, width) * 2 - 1
    generator = seeded_generator(head)
    assert generator(gray).shape == (count, 3, height, width)
    assert generator.chroma(gray).shape == (count, 2, height, width)


def test_generator_has_five_blocks_and_four_up_blocks_with_64_channels_by_default() -> None:
    with torch.device("meta"):
        generator = UNetGenerator(GeneratorConfig())
    blocks = [generator.stem, *(down[1] for down in generator.downs)]  # type: ignore[index]
    widths = [next(m for m in block.modules() if isinstance(m, nn.Conv2d)).out_channels for block in blocks]
    assert widths == [64, 128, 256, 512, 1024]
    assert sum(isinstance(m, nn.MaxPool2d) for m in generator.modules()) == 4
    ups = [m for m in generator.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [(up.kernel_size, up.stride) for up in ups] == [((2, 2), (2, 2))] * 4
    assert sum(isinstance(m, ConvBlock) for m in generator.modules()) == 9


def test_chroma_head_keeps_the_gray_it_was_given() -> None:
    gray = torch.rand(2, 1, 32, 32) * 2 - 1
    assert torch.allclose(prepare_input(seeded_generator("chroma")(gray)), gray, atol=1e-5)


def test_prepare_input_is_the_l_of_pillow(make_photo: MakePhoto) -> None:
    image = make_photo(mode="RGB")
    gray = (prepare_input(to_tensor(image)) + 1) * 127.5
    assert np.abs(gray[0, 0].numpy() - np.asarray(image.convert("L"), dtype=float)).max() < 0.51


def test_extract_chroma_is_the_cb_and_cr_of_pillow(make_photo: MakePhoto) -> None:
    image = make_photo(mode="RGB")
    chroma = extract_chroma(to_tensor(image))[0] * 127.5 + 128
    expected = np.asarray(image.convert("YCbCr"), dtype=float)[..., 1:].transpose(2, 0, 1)
    assert np.abs(chroma.numpy() - expected).max() < 1.01  # Pillow rounds


def test_compose_undoes_extract_chroma() -> None:
    rgb = torch.rand(2, 3, 8, 8) * 2 - 1
    assert torch.allclose(compose(prepare_input(rgb), extract_chroma(rgb)), rgb, atol=1e-5)


def test_chroma_of_the_rgb_head_is_that_of_its_rgb() -> None:
    generator, gray = seeded_generator("rgb"), torch.rand(1, 1, 32, 32) * 2 - 1
    assert torch.equal(generator.chroma(gray), extract_chroma(generator(gray)))


def test_predictor_maps_bytes_to_bytes_around_128() -> None:
    predictor = ChromaPredictor(seeded_generator())
    for weight in predictor.generator.head.parameters():
        nn.init.zeros_(weight)
    chroma = predictor(torch.randint(0, 256, (2, 1, 16, 32), dtype=torch.uint8))
    assert chroma.dtype == torch.uint8
    assert chroma.shape == (2, 2, 16, 32)
    assert (chroma == 128).all()


@pytest.mark.parametrize("size", [16, 48, 100])
def test_discriminator_gives_one_score_an_image(size: int) -> None:
    assert Discriminator(4)(torch.rand(3, 3, size, size + 16)).shape == (3, 1)


def test_the_plain_generator_and_its_checkpoints_need_no_timm() -> None:
    code = (
        "import sys; sys.modules['timm'] = None; import colorgan.networks.checkpoint, colorgan.training.run; "
        "from colorgan.config import GeneratorConfig; from colorgan.networks.generator import UNetGenerator; "
        "UNetGenerator(GeneratorConfig(base_channels=2))"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False).returncode == 0
