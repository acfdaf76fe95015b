"""The engine on a GPU: the CPU's numbers, CUDA graphs, no waiting for the device."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ddpm_studio.engine import (
    DiffusionProcess,
    NoiseSchedule,
    PictureNoise,
    Precision,
    Trainer,
    TrainingConfig,
    UNet,
    UNetConfig,
    ancestral,
    to_bf16,
)
from ddpm_studio.engine.device.accelerator import Accelerator
from ddpm_studio.engine.device.cuda_graph import GraphedDenoiser
from ddpm_studio.engine.losses import l_simple
from ddpm_studio.engine.tables import LOSSES, OPTIMIZERS

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

NET = UNetConfig(16, 16, 3, 32, (1, 2), 1, (8,), dropout=0.2)
PICTURES = np.random.default_rng(0).integers(0, 256, (10, 16, 16, 3), dtype=np.uint8)
LABELS = np.arange(10) % 3
CUDA = torch.device("cuda")


@pytest.fixture(autouse=True)
def _exact_float32() -> Iterator[None]:
    """Disable TF32 in cuDNN, whose products have ten bits."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32 = before


@pytest.fixture
def _deterministic() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        yield
        torch.use_deterministic_algorithms(False)


def _network(config: UNetConfig = NET) -> UNet:
    torch.manual_seed(0)
    network = UNet(config)
    for p in network.parameters():
        # Zero-initialised layers would hide those before them.
        torch.nn.init.normal_(p, 0, 0.1) if p.ndim > 1 else None
    return network


def _trainer(
    precision: Precision = "float32",
    config: UNetConfig = NET,
    optimizer: str = "adam",
    micro_batch: int | None = None,
) -> Trainer:
    settings = TrainingConfig(
        batch_size=4,
        warmup_steps=4,
        ema_decay=0.9,
        precision=precision,
        optimizer=optimizer,
        power_ema=(0.05, 0.1),
    )
    process = DiffusionProcess(NoiseSchedule.linear(100))
    labels = LABELS if config.num_classes else None
    trainer = Trainer(_network(config).to(CUDA), process, PICTURES, settings, labels)
    trainer.accelerator.micro_batch = micro_batch
    return trainer


def _distance(a: torch.Tensor, b: torch.Tensor) -> float:
    a, b = a.double().cpu(), b.double().cpu()
    return float((a - b).norm() / b.norm())


def _weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    ema = {f"ema.{k}": v for k, v in trainer.ema.model.state_dict().items()}
    told = {**trainer.model.state_dict(), **ema, **trainer.optimizer_tensors()}
    told |= {f"power.{k}": v for k, v in trainer.average_tensors().items()}
    return {key: value.detach().clone() for key, value in told.items()}


def test_the_network_predicts_what_it_does_on_the_cpu() -> None:
    network = _network().eval()
    there = copy.deepcopy(network).to(CUDA)
    x, t = torch.randn(3, 3, 16, 16), torch.tensor([0, 500, 999])
    with torch.no_grad():
        expected = network(x, t)
        assert _distance(there(x.to(CUDA), t.to(CUDA)), expected) < 1e-4
        assert _distance(to_bf16(there)(x.to(CUDA), t.to(CUDA)), expected) < 5e-2


def test_loss_and_gradient_are_those_of_the_cpu() -> None:
    process = DiffusionProcess(NoiseSchedule.linear(100))
    x0, noise, index = torch.rand(4, 3, 16, 16) * 2 - 1, torch.randn(4, 3, 16, 16), torch.arange(4)
    network = _network().eval()
    there = copy.deepcopy(network).to(CUDA)
    expected = l_simple(process, network, x0, index, noise)
    expected.mean().backward()
    losses = l_simple(process, there, *(tensor.to(CUDA) for tensor in (x0, index, noise)))
    losses.mean().backward()
    assert _distance(losses.detach(), expected.detach()) < 1e-4
    # Compared together: the gradient of a bias before a norm is zero plus rounding errors.
    ours, theirs = (
        torch.cat([p.grad.flatten().cpu() for p in net.parameters() if p.grad is not None])
        for net in (there, network)
    )
    assert _distance(ours, theirs) < 1e-3


@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("micro_batch", [None, 3])
@pytest.mark.usefixtures("_deterministic")
def test_recorded_steps_are_those_launched_one_by_one(
    precision: Precision, micro_batch: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = NET.with_fields(num_classes=3)
    recorded, launched = (_trainer(precision, config, micro_batch=micro_batch) for _ in range(2))
    for _ in range(6):
        told = recorded.step()
        with monkeypatch.context() as patch:
            patch.setattr(Accelerator, "gradient", Accelerator.accumulate)
            expected = launched.step()
        assert torch.equal(told.loss, expected.loss)
        assert torch.equal(told.losses, expected.losses)
        assert torch.equal(told.grad_norm, expected.grad_norm)
    for key, value in _weights(launched).items():
        assert torch.equal(_weights(recorded)[key], value), key


@pytest.mark.parametrize("loss", tuple(LOSSES))
def test_each_loss_can_be_recorded(loss: str, caplog: pytest.LogCaptureFixture) -> None:
    process = DiffusionProcess(
        NoiseSchedule.linear(100), variance="learned_range" if loss == "hybrid" else "fixed_large"
    )
    network = _network(NET.with_fields(learned_variance=process.learned)).to(CUDA)
    settings = TrainingConfig(batch_size=4, loss=loss, timestep_sampling="loss_second_moment")
    trainer = Trainer(network, process, PICTURES, settings)
    for _ in range(5):
        assert torch.isfinite(trainer.step().loss)
    assert not caplog.records


@pytest.mark.usefixtures("_deterministic")
def test_a_recording_outlives_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CUDA graph survives the end of others.

    Torch has 32 streams, and a stream's cuBLAS workspace is freed with a graph recorded on it.
    """
    recorded, launched = _trainer("bf16"), _trainer("bf16")
    for k in range(40):
        told = recorded.step()
        with monkeypatch.context() as patch:
            patch.setattr(Accelerator, "gradient", Accelerator.accumulate)
            expected = launched.step()
        assert torch.equal(told.losses, expected.losses), k
        replayed = GraphedDenoiser(recorded.ema.model)
        with torch.no_grad():
            for _ in range(4):
                replayed(torch.zeros(4, 3, 16, 16, device=CUDA), told.index)
        del replayed
        torch.cuda.empty_cache()


@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.usefixtures("_deterministic")
def test_three_and_four_steps_are_seven(precision: Precision, optimizer: str) -> None:
    through, first = (_trainer(precision, optimizer=optimizer) for _ in range(2))
    for _ in range(7):
        through.step()
    for _ in range(3):
        first.step()
    second = _trainer(precision, optimizer=optimizer)
    second.load(
        3,
        first.model.state_dict(),
        first.ema.model.state_dict(),
        first.optimizer_tensors(),
        first.average_tensors(),
    )
    for _ in range(4):
        second.step()
    for key, value in _weights(through).items():
        assert torch.equal(_weights(second)[key], value), key


def test_what_a_step_told_stays_when_others_follow() -> None:
    trainer = _trainer()
    told = [trainer.step() for _ in range(6)]
    losses = [float(result.loss) for result in told]
    assert len(set(losses)) == len(losses)
    assert [float(r.losses.mean()) for r in told] == pytest.approx(losses, rel=1e-5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_steady_step_does_not_wait_for_the_device(optimizer: str) -> None:
    trainer = _trainer("bf16", NET.with_fields(num_classes=3), optimizer)
    for _ in range(4):
        trainer.step()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(3):
            trainer.step()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_step_without_a_finite_loss_changes_nothing(optimizer: str) -> None:
    trainer = _trainer(optimizer=optimizer)
    for _ in range(4):
        trainer.step()
    before = _weights(trainer)
    with torch.no_grad():
        next(iter(trainer.model.parameters())).view(-1)[0] = torch.nan
    result = trainer.step()
    assert not torch.isfinite(result.loss)
    after = _weights(trainer)
    for key in (
        "conv_out.weight",
        "mid1.conv1.weight",
        "exp_avg.conv_out.weight",
        "step.conv_out.weight",
    ):
        assert torch.equal(after[key], before[key]), key


def test_a_smaller_micro_batch_is_recorded_anew() -> None:
    trainer = _trainer()
    for _ in range(4):
        trainer.step()
    trainer.accelerator.micro_batch = 1
    assert torch.isfinite(trainer.step().loss)
    assert trainer.step().losses.shape == (4,)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.usefixtures("_deterministic")
def test_recorded_evaluations_are_those_launched_one_by_one(half: bool) -> None:
    network = _network(NET.with_fields(dropout=0.0)).to(CUDA).eval()
    network = to_bf16(network) if half else network
    replayed = GraphedDenoiser(network)
    with torch.no_grad():
        for k in range(6):
            x = torch.randn(4, 3, 16, 16, device=CUDA)
            t = torch.full((4,), 100 * k, device=CUDA)
            assert torch.equal(replayed(x, t), network(x, t))
        few = x[:2]
        assert torch.equal(replayed(few, t[:2]), network(few, t[:2]))


@pytest.mark.usefixtures("_deterministic")
def test_a_walk_is_the_same_again_and_its_pictures_do_not_know_each_other() -> None:
    network = _network(NET.with_fields(dropout=0.0)).to(CUDA).eval()
    process = DiffusionProcess(NoiseSchedule.linear(100).strided(20))

    def walk(numbers: range) -> torch.Tensor:
        noise = PictureNoise(7, numbers, CUDA)
        with torch.no_grad():
            for frame in ancestral(
                process, GraphedDenoiser(network), noise.draw((3, 16, 16)), noise
            ):
                x = frame.x_t
        return x

    four = walk(range(4))
    assert torch.equal(walk(range(4)), four)
    assert torch.allclose(walk(range(2, 4)), four[2:], atol=1e-3)


def test_a_picture_meets_the_same_noise_in_each_batch() -> None:
    one, many = PictureNoise(1, [2], CUDA), PictureNoise(1, range(4), CUDA)
    for _ in range(30):
        assert torch.equal(one.draw((3, 16, 16))[0], many.draw((3, 16, 16))[2])
    drawn = torch.stack([many.draw((3, 16, 16)) for _ in range(50)]).double()
    assert abs(float(drawn.mean())) < 0.02
    assert float(drawn.var()) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_compiled_network_trains_as_the_plain_one(precision: Precision) -> None:
    pytest.importorskip("triton")
    config = NET.with_fields(dropout=0.0)
    plain, compiled = _trainer(precision, config), _trainer(precision, config)
    compiled.compile()
    for key, value in _weights(plain).items():
        assert torch.equal(_weights(compiled)[key], value), f"compiling changed {key}"
    within = 1e-3 if precision == "float32" else 5e-2
    for _ in range(5):
        a, b = plain.step(), compiled.step()
        assert float(b.loss) == pytest.approx(float(a.loss), rel=within)
        assert float(b.grad_norm) == pytest.approx(float(a.grad_norm), rel=4 * within)
    compiled.accelerator.plain()
    assert torch.isfinite(compiled.step().loss)


def test_attention_is_the_plain_formula() -> None:
    torch.manual_seed(0)
    from ddpm_studio.engine.networks.unet_blocks import AttentionBlock, BlockStyle

    block = AttentionBlock(64, BlockStyle(0, 32, 0.0))
    torch.nn.init.normal_(block.proj.weight, 0, 0.1)
    x = torch.randn(2, 64, 4, 4)
    h = F.group_norm(x, 32, block.norm.weight, block.norm.bias, 1e-6).flatten(2).transpose(1, 2)
    q, k, v = block.qkv(h).chunk(3, dim=-1)
    mixed = torch.softmax(q @ k.transpose(1, 2) / 8, -1) @ v
    expected = x + block.proj(mixed).transpose(1, 2).reshape(x.shape)
    with torch.no_grad():
        assert _distance(block.to(CUDA)(x.to(CUDA)), expected) < 1e-5
