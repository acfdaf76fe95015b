"""DINOv2 against PyTorch's transformer layers, and the names of weights in published files."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ddpm_studio.engine.generators import finish
from ddpm_studio.metrics.features.dinov2 import DinoShape, DinoV2, published_names
from ddpm_studio.metrics.features.space import Basis
from ddpm_studio.metrics.features.weights import WeightsFile
from ddpm_studio.metrics.spaces import feature_space

_PARTS = ("weight", "bias")
WIDTH, DEPTH, PATCH, GRID = 128, 2, 14, 16
PICTURES = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 3), dtype=np.uint8)


def made(registers: int = 0, gated: bool = False, grid: int = GRID) -> DinoV2:
    """Return a small DINOv2 with random weights, none left at an initial 0 or 1."""
    shape = DinoShape(WIDTH, DEPTH, PATCH, grid, registers, gated, 4 * WIDTH)
    network = DinoV2(shape).eval().requires_grad_(False)
    noise = torch.Generator().manual_seed(7)
    for parameter in network.parameters():
        parameter.copy_(0.2 * torch.randn(parameter.shape, generator=noise) + 0.1)
    return network


def by_torch(network: DinoV2, x: Tensor) -> Tensor:
    """Return features by ``nn.TransformerEncoderLayer``, with LayerScale folded into weights."""
    state = network.state_dict()
    patches = nn.functional.conv2d(
        x, state["patch_embed.proj.weight"], state["patch_embed.proj.bias"], stride=PATCH
    )
    tokens = torch.cat([state["cls_token"].expand(len(x), -1, -1), patches.flatten(2).mT], 1)
    tokens = tokens + state["pos_embed"]
    if "register_tokens" in state:
        extra = state["register_tokens"].expand(len(x), -1, -1)
        tokens = torch.cat([tokens[:, :1], extra, tokens[:, 1:]], 1)
    for k in range(DEPTH):
        layer = nn.TransformerEncoderLayer(
            WIDTH,
            WIDTH // 64,
            4 * WIDTH,
            0.0,
            "gelu",
            layer_norm_eps=1e-6,
            batch_first=True,
            norm_first=True,
        ).eval()
        of = {n.removeprefix(f"blocks.{k}."): v for n, v in state.items()}
        first, second = of["ls1.gamma"], of["ls2.gamma"]
        layer.load_state_dict(
            {
                "self_attn.in_proj_weight": of["attn.qkv.weight"],
                "self_attn.in_proj_bias": of["attn.qkv.bias"],
                "self_attn.out_proj.weight": first[:, None] * of["attn.proj.weight"],
                "self_attn.out_proj.bias": first * of["attn.proj.bias"],
                "linear1.weight": of["mlp.fc1.weight"],
                "linear1.bias": of["mlp.fc1.bias"],
                "linear2.weight": second[:, None] * of["mlp.fc2.weight"],
                "linear2.bias": second * of["mlp.fc2.bias"],
                **{f"{n}.{p}": of[f"{n}.{p}"] for n in ("norm1", "norm2") for p in _PARTS},
            }
        )
        tokens = layer(tokens)
    normed = nn.functional.layer_norm(
        tokens, (WIDTH,), state["norm.weight"], state["norm.bias"], 1e-6
    )
    return normed[:, 0]


@pytest.mark.parametrize("registers", [0, 4])
def test_it_is_a_transformer_of_torch(registers: int) -> None:
    network = made(registers)
    x = torch.randn((2, 3, 224, 224), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(network(x), by_torch(network, x), rtol=1e-4, atol=1e-4)


def keys(x: float) -> float:
    """Return the cubic convolution kernel with a = −3/4, used for the published positions."""
    x, a = abs(x), -0.75
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0


def test_positions_of_another_grid_are_those_of_the_published_step() -> None:
    """Positions of another grid are interpolated with the published step.

    Without registers it is 37/16.1, and four learnt positions on each axis make one.
    """
    network = made(grid=37)
    learnt = torch.randn(37, generator=torch.Generator().manual_seed(3))
    network.pos_embed[0, 1:] = learnt[:, None].expand(37, 37).flatten()[:, None]
    found = network.positions(16, 16)[0, :, 0].unflatten(0, (16, 16))
    for row in range(2, 14):
        place = (row + 0.5) * 37 / 16.1 - 0.5
        near = range(int(place) - 1, int(place) + 3)
        expected = sum(float(learnt[k]) * keys(place - k) for k in near)
        assert float(found[row, 5]) == pytest.approx(expected, abs=1e-5)


def test_with_registers_positions_are_averaged_over_when_they_shrink() -> None:
    network = made(registers=4, grid=48)
    network.pos_embed[0, 1:] = torch.tensor([1.0, -1.0]).repeat(48 * 24)[:, None]
    inside = network.positions(16, 16)[0, :, 0].unflatten(0, (16, 16))[:, 1:-1]
    # Without antialiasing, every third would be sampled as it is, 1 or −1.
    assert inside.abs().max() < 0.05


def given(network: DinoV2) -> WeightsFile:
    return WeightsFile(network.state_dict(), "dinov2.pth", "0" * 64)


def test_a_space_of_it_says_which_it_is() -> None:
    for registers, gated, name in ((0, False, ""), (4, True, " with 4 registers")):
        network = made(registers, gated, grid=37)
        space = finish(feature_space("dinov2", Basis(PICTURES, weights=given(network))))
        assert space.title == f"128 features of DINOv2 ViT/14{name}"
        found = space(PICTURES)
        assert found.shape == (3, WIDTH)
        np.testing.assert_allclose(space(PICTURES[1:2]), found[1:2], atol=1e-4)
        assert np.abs(found[0] - found[1]).max() > 1e-3


def transformers_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights with the names that Hugging Face's ``Dinov2Model`` saves."""
    names = {
        "cls_token": "embeddings.cls_token",
        "pos_embed": "embeddings.position_embeddings",
        "patch_embed.proj.weight": "embeddings.patch_embeddings.projection.weight",
        "patch_embed.proj.bias": "embeddings.patch_embeddings.projection.bias",
        "norm.weight": "layernorm.weight",
        "norm.bias": "layernorm.bias",
    }
    told = {"embeddings.mask_token": torch.zeros(1, WIDTH)}
    for name, tensor in state.items():
        if name in names:
            told[names[name]] = tensor
            continue
        block = name.replace("blocks.", "encoder.layer.")
        if ".attn.qkv." in name:
            for part, third in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                told[block.replace("attn.qkv", f"attention.attention.{part}")] = third
            continue
        block = block.replace(".attn.proj.", ".attention.output.dense.")
        for k in "12":
            block = block.replace(f".ls{k}.gamma", f".layer_scale{k}.lambda1")
        told[block] = tensor
    return told


def test_a_file_with_the_names_of_transformers_is_the_same_network() -> None:
    state = made().state_dict()
    read = published_names(transformers_names(state))
    assert read.keys() - {"mask_token"} == state.keys()
    assert all(torch.equal(read[name], state[name]) for name in state)
    # DINOv2's own names are left unchanged.
    assert published_names(state).keys() == state.keys()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("pos_embed"), "pos_embed is missing"),
        (lambda s: s.pop("blocks.1.norm2.bias"), r"blocks\.1\.norm2\.bias is missing"),
        (lambda s: s.update(pos_embed=torch.zeros(1, 11, WIDTH)), "positions are others"),
        (lambda s: s.update({"patch_embed.proj.weight": torch.zeros(100, 3, 16, 16)}), "100 feat"),
        (lambda s: s.clear(), r"patch_embed\.proj\.weight is missing"),
    ],
)
def test_another_network_is_told_as_that(
    change: Callable[[dict[str, Tensor]], object], words: str
) -> None:
    state = dict(made().state_dict())
    change(state)
    weights = WeightsFile(state, "some.pth", "0" * 64)
    with pytest.raises(ValueError, match=words):
        finish(feature_space("dinov2", Basis(PICTURES, weights=weights)))


def test_pictures_with_bands_have_no_colours() -> None:
    basis = Basis(np.zeros((3, 8, 8, 5), np.uint8), weights=given(made()))
    with pytest.raises(ValueError, match="5 bands have no colours"):
        finish(feature_space("dinov2", basis))
