"""All kinds of networks: registry, configurations, shapes, precision and classes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import ddpm_studio
from ddpm_studio.engine import (
    SAMPLERS,
    DiffusionProcess,
    NoiseSchedule,
    PictureNoise,
    Trainer,
    TrainingConfig,
    to_bf16,
)
from ddpm_studio.engine.networks.diffusers_unet import DiffusersUNetConfig
from ddpm_studio.engine.networks.dit import DiTConfig
from ddpm_studio.engine.networks.embeddings import position_embedding
from ddpm_studio.engine.networks.network import Network, NetworkConfig
from ddpm_studio.engine.networks.openai_unet import OpenAIUNetConfig
from ddpm_studio.engine.networks.patch_unet import PatchUNetConfig
from ddpm_studio.engine.networks.presets import preset, preset_multiple
from ddpm_studio.engine.networks.registry import build, build_on_meta, common_fields, config_from
from ddpm_studio.engine.networks.unet_config import UNetConfig
from ddpm_studio.engine.samplers.run_sampler import run_sampler
from ddpm_studio.engine.tables import NETWORKS, PRESETS, NetworkInfo, UnknownNameError
from tests.parity.networks import randomised

NARROW: dict[str, NetworkConfig] = {
    config.kind: config
    for config in (
        UNetConfig(8, 8, 3, 8, (1, 2), 1, (4,), norm_groups=4),
        PatchUNetConfig(8, 8, 3, 16, (1, 2), 1, (2,), norm_groups=4),
        OpenAIUNetConfig(8, 8, 3, 8, (8, 16), 1, (4,), heads=2, norm_groups=4, dropout=0.1),
        DiffusersUNetConfig(
            *(8, 8, 3, (8, 16), (1,), 1, 4), norm_num_groups=4, resample_in_blocks=True
        ),
        DiTConfig(8, 8, 3, hidden=16, depth=2, heads=2, dropout=0.1),
    )
}
KINDS = pytest.mark.parametrize("kind", NARROW)


def test_every_kind_is_tested_here() -> None:
    assert set(NARROW) == NETWORKS.builtin_names
    for name in NETWORKS.builtin_names:
        assert NETWORKS[name].load_config().kind == name


def test_nothing_but_the_networks_and_their_converters_names_the_papers() -> None:
    package = Path(ddpm_studio.__file__).parent
    allowed = ("engine/networks/", "engine/tables/networks.py", "interop/", "engine/__init__.pyi")
    naming = {
        path.relative_to(package).as_posix()
        for pattern in ("*.py", "*.pyi")
        for path in package.rglob(pattern)
        if re.search(r"\bUNet(Config)?\b", path.read_text(encoding="utf-8"))
    }
    assert {name for name in naming if not name.startswith(allowed)} == set()


@KINDS
def test_a_config_survives_a_dict(kind: str) -> None:
    config = NARROW[kind].with_fields(num_classes=3, height=16)
    fields = config.to_dict()
    assert fields["kind"] == kind
    assert config_from(fields) == config
    with pytest.raises(ValueError, match=r"colour; there are .*height"):
        config_from({**fields, "colour": 1})
    with pytest.raises(ValueError, match="height is of another kind"):
        config_from({**fields, "height": "16"})


@KINDS
@pytest.mark.parametrize("channels", [1, 4, 5])
def test_rectangles_of_any_number_of_channels(kind: str, channels: int) -> None:
    config = NARROW[kind].with_fields(height=8, width=24, channels=channels, learned_variance=True)
    network = randomised(build(config))
    x = torch.randn(2, *config.shape, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        y = network(x, torch.tensor([3, 70]))
    assert y.shape == (2, 2 * channels, 8, 24)
    # The far corner of the input affects the output: more than a square was computed.
    x[:, :, -1, -1] += 1
    with torch.inference_mode():
        assert not torch.allclose(network(x, torch.tensor([3, 70]))[..., -1, -1], y[..., -1, -1])


@KINDS
def test_a_side_that_is_no_multiple_is_refused(kind: str) -> None:
    multiple = NARROW[kind].size_multiple
    with pytest.raises(ValueError, match=f"9 × 8 is not a multiple of {multiple}"):
        NARROW[kind].with_fields(width=9)


@KINDS
@pytest.mark.parametrize("shape", [(1, 4, 8, 8), (1, 3, 8, 9), (3, 8, 8), (1, 3, 7, 8)])
def test_what_are_no_pictures_for_it_is_refused(kind: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"the network takes \(N, 3, H, W\), both sides multiples"):
        build(NARROW[kind])(torch.zeros(shape), torch.tensor([3]))


@KINDS
def test_the_prediction_depends_on_every_input(kind: str) -> None:
    config = NARROW[kind].with_fields(num_classes=2)
    network = randomised(build(config))
    x, t = torch.randn(1, 3, 8, 8), torch.tensor([5])
    base = network(x, t, torch.tensor([0]))
    assert not torch.allclose(base, network(x, t + 1, torch.tensor([0])))
    assert not torch.allclose(base, network(x, t, torch.tensor([1])))
    assert torch.equal(network(x, t), network(x, t, torch.tensor([2])))
    with pytest.raises(ValueError, match="without labels"):
        build(NARROW[kind])(x, t, torch.tensor([0]))


@KINDS
def test_the_first_prediction_is_about_zero(kind: str) -> None:
    torch.manual_seed(0)
    network = build(NARROW[kind]).eval()
    with torch.inference_mode():
        first = network(torch.randn(2, 3, 8, 8), torch.tensor([3, 70]))
    assert float(first.abs().max()) < 1e-3


@KINDS
def test_in_bf16_only_the_embedding_of_t_stays_float32(kind: str) -> None:
    network = randomised(build(NARROW[kind].with_fields(num_classes=2)))
    half = to_bf16(network)
    assert (network.precision, half.precision) == ("float32", "bf16")
    for name, weight in half.state_dict().items():
        kept = name.startswith(("time1.", "time2.", "label."))
        assert weight.dtype == (torch.float32 if kept else torch.bfloat16), name
    x, t = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1)), torch.tensor([3, 7])
    with torch.inference_mode():
        exact, close = network(x, t), half(x, t)
    assert close.dtype == torch.float32
    assert float((close - exact).norm() / exact.norm()) < 0.03


@KINDS
def test_each_kind_interpolates_between_classes(kind: str) -> None:
    network = randomised(build(NARROW[kind].with_fields(num_classes=2))).eval()
    x, t = torch.randn(3, 3, 8, 8), torch.tensor([3, 3, 3])
    shares = torch.tensor([[1.0, 0, 0], [0.5, 0.5, 0], [0, 0, 1]])
    assert network.mixes_classes
    with torch.no_grad():
        mixed = network(x, t, shares)
        whole = network(x, t, torch.tensor([0, 0, 2]))
        # Halfway between two embeddings, compared with a class whose embedding is that midpoint.
        table = network.get_parameter("label.weight")
        table[1] = (table[0] + table[1]) / 2
        between = network(x, t, torch.tensor([1, 1, 1]))
    torch.testing.assert_close(mixed[[0, 2]], whole[[0, 2]])
    torch.testing.assert_close(mixed[1], between[1])
    assert not torch.allclose(mixed[1], whole[1], atol=1e-3)


@KINDS
def test_each_kind_trains(kind: str) -> None:
    torch.manual_seed(0)
    config = NARROW[kind]
    pictures = np.full((4, 8, 8, 3), 200, np.uint8)
    pictures[:, 2:5] = 30
    process = DiffusionProcess(NoiseSchedule.linear(20), "x0")
    training = TrainingConfig(batch_size=4, learning_rate=5e-3, warmup_steps=0, flip=False)
    trainer = Trainer(build(config), process, pictures, training)
    losses = [float(trainer.step().loss) for _ in range(8)]
    assert losses[-1] < 0.8 * losses[0]
    again = Trainer(build(config), process, pictures, training)
    again.load(
        trainer.step_number,
        trainer.model.state_dict(),
        trainer.ema.model.state_dict(),
        trainer.optimizer_tensors(),
    )
    assert float(again.step().loss) == float(trainer.step().loss)


@KINDS
@pytest.mark.parametrize(
    ("parameterization", "choice"), [("edm", "log_normal"), ("flow", "uniform")]
)
def test_each_kind_is_told_any_sigma(kind: str, parameterization: str, choice: str) -> None:
    process = DiffusionProcess(NoiseSchedule.named(parameterization, 20), parameterization)
    pictures = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    training = TrainingConfig(batch_size=4, warmup_steps=0, timestep_sampling=choice)
    trainer = Trainer(build(NARROW[kind]), process, pictures, training)
    for _ in range(2):
        assert bool(trainer.step().loss.isfinite())
    network = randomised(build(NARROW[kind]))
    x = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        # Labels truncated to integers would be the same for all three.
        sigma = torch.tensor([0.3, 0.3003, 0.9])
        near, next_to_it, far = (process.predict(network, x, one[None]) for one in sigma)
        assert 0 < float((near - next_to_it).norm()) < float((near - far).norm())
        noise = PictureNoise(0, [0], "cpu")
        *_, last = run_sampler(SAMPLERS["heun"], process, to_bf16(network), x, noise, 4)
    assert last.x_t.shape == x.shape
    assert bool(last.x_t.isfinite().all())


@pytest.mark.slow
@KINDS
def test_each_kind_compiles_without_a_break(kind: str) -> None:
    config = NARROW[kind].with_fields(num_classes=2)
    network = randomised(build(config))
    with torch.inference_mode():
        compiled = torch.compile(network, backend="eager", fullgraph=True, dynamic=False)
        x, t, y = torch.randn(2, 3, 8, 8), torch.tensor([3, 70]), torch.tensor([0, 1])
        torch.testing.assert_close(compiled(x, t, y), network(x, t, y))


def test_without_a_kind_it_is_the_papers_network_of_one_side() -> None:
    first = {"image_size": 16, "channels": 1, "base_channels": 32, "channel_mult": [1, 2]}
    config = config_from(first)
    assert type(config) is UNetConfig
    assert (config.shape, config.dropout, config.attention_resolutions) == ((1, 16, 16), 0.1, (16,))
    assert common_fields(first).shape == (1, 16, 16)


def test_the_weights_of_a_seed_do_not_change() -> None:
    """A seed gives the weights of version 0.1.0; the sums are those of commit 12d560b."""
    torch.manual_seed(7)
    weights = build(UNetConfig.tiny(8).with_fields(base_channels=8, norm_groups=4)).state_dict()
    total = sum(float(w.double().abs().sum()) for w in weights.values())
    assert total == pytest.approx(7969.972487049817, rel=1e-9)
    assert float(torch.rand(())) == pytest.approx(0.9485050439834595, abs=1e-7)


def test_attention_of_a_rectangle_goes_by_its_longer_side() -> None:
    config = UNetConfig.ddpm32((64, 96))
    assert config.attention_resolutions == (12,)
    assert config.attends == (False, False, False, True)
    assert PatchUNetConfig.patches((8, 32)).attends == (False, True)


def test_a_rectangles_positions_are_part_of_the_squares() -> None:
    square = position_embedding(4, 4, 8, torch.device("cpu")).reshape(4, 4, 8)
    part = position_embedding(2, 3, 8, torch.device("cpu")).reshape(2, 3, 8)
    assert torch.equal(part, square[:2, :3])
    assert len(square.reshape(16, 8).unique(dim=0)) == 16


@pytest.mark.parametrize("name", PRESETS)
def test_presets_take_rectangles(name: str) -> None:
    multiple = preset_multiple(name)
    config = preset(name, (4, multiple, 3 * multiple))
    assert config.shape == (4, multiple, 3 * multiple)
    assert config_from(config.to_dict()) == config


def test_the_preset_on_patches_is_as_large_as_the_tiny_one() -> None:
    sizes = [
        sum(p.numel() for p in build_on_meta(preset(name, (1, 28, 28))).parameters())
        for name in ("patches", "tiny")
    ]
    assert sizes == [2_796_740, 2_734_945]


def test_an_unknown_preset_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="'huge'; there are tiny, small, ddpm32"):
        preset("huge", (3, 32, 32))


@dataclass(frozen=True)
class ToyConfig(NetworkConfig):
    kind: ClassVar[str] = "toy"
    scale: int = 2


class Toy(Network):
    config: ToyConfig

    def __init__(self, config: ToyConfig) -> None:
        super().__init__(config)
        self.mix = nn.Conv2d(config.channels, config.out_channels, 1)

    def forward(self, x: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
        """Predict."""
        out: Tensor = self.mix(x) * self.config.scale
        return out


@pytest.fixture
def _toy() -> Iterator[None]:
    code = f"{__name__}:Toy"
    NETWORKS.add(NetworkInfo("toy", "Toy", "one layer", code, config=f"{code}Config"))
    yield
    NETWORKS.remove("toy")


@pytest.mark.usefixtures("_toy")
def test_a_kind_can_be_added() -> None:
    fields = ToyConfig(8, 8, 1, scale=3).to_dict()
    config = config_from(fields)
    assert config == ToyConfig(8, 8, 1, scale=3)
    assert isinstance(build(config), Toy)


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    fields: dict[str, Any] = ToyConfig(8, 8, 1).to_dict()
    with pytest.raises(UnknownNameError, match="no network 'toy'; there are unet, patch-unet"):
        config_from(fields)
    with pytest.raises(UnknownNameError):
        build(ToyConfig())
    assert common_fields(fields).shape == (1, 8, 8)
    for kind in ("", 3, None):
        with pytest.raises(ValueError, match="must be a name"):
            config_from({**fields, "kind": kind})
