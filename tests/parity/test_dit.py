"""Parity of our DiT with diffusers' DiTTransformer2DModel, with the same weights."""

from __future__ import annotations

import pytest
import torch
from diffusers import DiTTransformer2DModel
from torch import Tensor

from ddpm_studio.engine.networks.dit import DiT, DiTConfig
from tests.parity.networks import randomised

CONFIG = DiTConfig(16, 16, 3, patch=2, hidden=24, depth=2, heads=3, num_classes=5)


def _to_theirs(ours: dict[str, Tensor], config: DiTConfig) -> dict[str, Tensor]:
    """Rename our weights to diffusers' names; there each block has its own timestep embedding."""
    p, out = config.patch, config.out_channels
    patches = ours["patches.weight"].reshape(-1, config.channels, p, p)
    # Rows are (channel, row, column) here, and (row, column, channel) there.
    last = ours["out.weight"].reshape(out, p, p, -1).permute(1, 2, 0, 3).flatten(0, 2)
    theirs = {
        "pos_embed.proj.weight": patches,
        "pos_embed.proj.bias": ours["patches.bias"],
        "proj_out_1.weight": ours["modulation.weight"],
        "proj_out_1.bias": ours["modulation.bias"],
        "proj_out_2.weight": last,
        "proj_out_2.bias": ours["out.bias"].reshape(out, p, p).permute(1, 2, 0).flatten(),
    }
    layers = {
        "modulation": "norm1.linear",
        "proj": "attn1.to_out.0",
        "mlp1": "ff.net.0.proj",
        "mlp2": "ff.net.2",
    }
    for k in range(config.depth):
        block = f"transformer_blocks.{k}"
        embedder = f"{block}.norm1.emb"
        theirs[f"{embedder}.class_embedder.embedding_table.weight"] = ours["label.weight"]
        for kind in ("weight", "bias"):
            for number in (1, 2):
                name = f"{embedder}.timestep_embedder.linear_{number}.{kind}"
                theirs[name] = ours[f"time{number}.{kind}"]
            for our_layer, their_layer in layers.items():
                theirs[f"{block}.{their_layer}.{kind}"] = ours[f"blocks.{k}.{our_layer}.{kind}"]
            for part, rows in zip("qkv", ours[f"blocks.{k}.qkv.{kind}"].chunk(3), strict=True):
                theirs[f"{block}.attn1.to_{part}.{kind}"] = rows
    return theirs


@pytest.mark.parametrize(
    "config", [CONFIG, CONFIG.with_fields(learned_variance=True, channels=1, patch=4)]
)
def test_dit(config: DiTConfig) -> None:
    ours = randomised(DiT(config))
    theirs = DiTTransformer2DModel(
        num_attention_heads=config.heads,
        attention_head_dim=config.hidden // config.heads,
        in_channels=config.channels,
        out_channels=config.out_channels,
        num_layers=config.depth,
        sample_size=config.height,
        patch_size=config.patch,
        num_embeds_ada_norm=config.num_classes,
        norm_eps=1e-6,
    ).eval()
    weights = _to_theirs(ours.state_dict(), config)
    missing, unexpected = theirs.load_state_dict(weights, strict=False)
    assert not unexpected
    assert set(missing) <= {"pos_embed.pos_embed"}
    for block in theirs.transformer_blocks:
        # As in the authors' code; diffusers divides by half the dimension minus 1.
        block.norm1.emb.time_proj.downscale_freq_shift = 0
    x = torch.randn(2, *config.shape, generator=torch.Generator().manual_seed(1))
    t, y = torch.tensor([3, 987]), torch.tensor([2, 5])
    with torch.inference_mode():
        a, b = ours(x, t, y), theirs(x, t, y).sample
    assert float(b.std()) > 0.1
    assert float((a - b).abs().max()) < 1e-5 * max(1.0, float(b.abs().max()))
