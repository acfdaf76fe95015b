"""Training: exact resumption, no hidden random state, learning."""

from __future__ import annotations

import ast
import copy
import inspect
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pytest
import torch

from ddpm_studio.engine import (
    DiffusionProcess,
    NoiseSchedule,
    Trainer,
    TrainingConfig,
    UNet,
    training,
)
from ddpm_studio.engine.ema import EMA, ema_decay
from ddpm_studio.engine.networks.unet import UNetConfig
from ddpm_studio.engine.networks.unet_blocks import ResidualBlock
from ddpm_studio.engine.tables import OPTIMIZERS

NET = UNetConfig(8, 8, 1, 32, (1, 2), 1, (4,), dropout=0.3)


def _images(count: int = 10) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)


def _trainer(config: TrainingConfig, net: UNetConfig = NET) -> Trainer:
    torch.manual_seed(0)
    return Trainer(UNet(net), DiffusionProcess(NoiseSchedule.linear(100)), _images(), config)


CONFIG = TrainingConfig(batch_size=4, warmup_steps=4, ema_decay=0.9)


def _assert_equal(a: Trainer, b: Trainer) -> None:
    for x, y in ((a.model, b.model), (a.ema.model, b.ema.model)):
        for key, value in x.state_dict().items():
            assert torch.equal(value, y.state_dict()[key]), key
    for key, value in {**a.optimizer_tensors(), **a.average_tensors()}.items():
        assert torch.equal(value, {**b.optimizer_tensors(), **b.average_tensors()}[key]), key


LABELS = np.arange(10) % 3
CLASSES = NET.with_fields(num_classes=3, learned_variance=True)
AWARE = TrainingConfig(
    batch_size=8,
    warmup_steps=4,
    ema_decay=0.9,
    loss="hybrid",
    timestep_sampling="loss_second_moment",
)


@pytest.mark.parametrize("kind", ["plain", "all options", "adamw", "muon", "immiscible"])
def test_three_and_three_steps_are_six(kind: str) -> None:
    # Two timesteps, so that the loss-aware sampler of t has learned by the third step.
    def build() -> Trainer:
        torch.manual_seed(0)
        if kind == "plain":
            return _trainer(CONFIG)
        if kind == "immiscible":
            return _trainer(replace(CONFIG, immiscible=True))
        if kind in OPTIMIZERS:
            config = replace(CONFIG, optimizer=kind, accumulation=2, power_ema=(0.05, 0.1))
            return _trainer(replace(config, learning_rate_schedule="cosine", steps=6))
        process = DiffusionProcess(NoiseSchedule.linear(2), variance="learned_range")
        return Trainer(UNet(CLASSES), process, _images(), AWARE, LABELS)

    through = build()
    losses = [float(through.step().loss) for _ in range(6)]

    first = build()
    again = [float(first.step().loss) for _ in range(3)]
    saved = [
        {k: v.clone() for k, v in tensors.items()}
        for tensors in (
            first.model.state_dict(),
            first.ema.model.state_dict(),
            first.optimizer_tensors(),
            first.average_tensors(),
        )
    ]
    second = build()
    torch.manual_seed(12345)
    model, ema, optimizer, averages = saved
    second.load(3, model, ema, optimizer, averages)
    again += [float(second.step().loss) for _ in range(3)]

    assert again == losses
    _assert_equal(through, second)


def test_steps_do_not_touch_or_read_the_global_generator() -> None:
    a, b = _trainer(CONFIG), _trainer(CONFIG)
    a.step()
    state = torch.get_rng_state()
    a.step()
    assert torch.equal(state, torch.get_rng_state())
    b.step()
    torch.manual_seed(99)
    b.step()
    _assert_equal(a, b)


def test_each_picture_once_an_epoch() -> None:
    trainer = _trainer(TrainingConfig(batch_size=5))
    rows_of = partial(trainer.batches.rows, config=trainer.config)
    epochs = [np.concatenate([rows_of(2 * e), rows_of(2 * e + 1)]) for e in range(3)]
    for rows in epochs:
        assert sorted(rows.tolist()) == list(range(10))
    assert not np.array_equal(epochs[0], epochs[1])


def test_batches_of_another_size_go_on_where_the_order_was() -> None:
    trainer = _trainer(TrainingConfig(batch_size=3))
    rows_of = trainer.batches.rows
    before = np.concatenate([rows_of(step, trainer.config) for step in range(2)])
    changed = replace(trainer.config, batch_size=2, accumulation=2, first_step=2, first_picture=6)
    epoch = np.concatenate([before, rows_of(2, changed)])
    assert sorted(epoch.tolist()) == list(range(10))
    through = replace(trainer.config, batch_size=10)
    assert np.array_equal(epoch, rows_of(0, through))


def test_accumulated_passes_are_one_batch() -> None:
    net = NET.with_fields(dropout=0.0)
    whole = _trainer(replace(CONFIG, batch_size=6), net)
    parts = _trainer(replace(CONFIG, batch_size=2, accumulation=3), net)
    sizes: list[int] = []
    parts.model.register_forward_hook(lambda _, given, __: sizes.append(len(given[0])))
    a, b = whole.step(), parts.step()
    assert sizes == [2, 2, 2]
    torch.testing.assert_close(b.losses, a.losses, rtol=1e-4, atol=1e-5)
    assert torch.equal(b.index, a.index)
    assert float(b.grad_norm) == pytest.approx(float(a.grad_norm), rel=1e-3)


def test_the_rate_follows_the_schedule() -> None:
    config = replace(CONFIG, warmup_steps=2, learning_rate_schedule="linear", steps=6)
    trainer = _trainer(config)
    rates = [trainer.step().lr for _ in range(6)]
    assert rates == pytest.approx([1e-4, 2e-4, 2e-4, 1.5e-4, 1e-4, 0.5e-4])
    with pytest.raises(ValueError, match="needs the number of steps"):
        _trainer(replace(config, steps=None))
    with pytest.raises(ValueError, match="there are constant"):
        _trainer(replace(config, learning_rate_schedule="step"))


def test_a_step_is_short_enough_to_be_read() -> None:
    """A training step, with all functions of its own file that it calls, is short."""
    source = inspect.getsource(training)
    functions = {
        node.name: node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)
    }
    seen: set[str] = set()
    waiting = ["step"]
    while waiting:
        name = waiting.pop()
        seen.add(name)
        called = {
            node.attr if isinstance(node, ast.Attribute) else node.id
            for node in ast.walk(functions[name])
            if isinstance(node, ast.Attribute | ast.Name)
        }
        waiting += (called & functions.keys()) - seen
    lines = {name: functions[name].end_lineno - functions[name].lineno + 1 for name in seen}  # type: ignore[operator]
    assert {"step", "_loss", "_dropout"} <= seen
    assert lines["step"] <= 60
    assert sum(lines.values()) <= 120


def test_warm_up_and_clip() -> None:
    trainer = _trainer(TrainingConfig(batch_size=4, warmup_steps=4, learning_rate=1e-3))
    assert [trainer.step().lr for _ in range(6)] == pytest.approx(
        [0.25e-3, 0.5e-3, 0.75e-3, 1e-3, 1e-3, 1e-3]
    )
    assert TrainingConfig(warmup_steps=0).rate(0) == 2e-4


def test_ema_warm_up() -> None:
    assert ema_decay(1, 0.9999) == pytest.approx(2 / 11)
    assert ema_decay(90, 0.9999) == pytest.approx(0.91)
    assert ema_decay(10**6, 0.9999) == 0.9999
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(model.weight, 0.0)
    ema = EMA(model, 0.9)
    expected = 0.0
    for step in range(1, 200):
        torch.nn.init.constant_(model.weight, float(step))
        ema.update(step)
        d = min(0.9, (1 + step) / (10 + step))
        expected = d * expected + (1 - d) * step
    average = next(ema.model.parameters())
    assert float(average.detach()) == pytest.approx(expected, rel=1e-5)
    assert not average.requires_grad


def test_it_learns() -> None:
    net = UNetConfig(8, 8, 1, 32, (1, 2), 1, (4,), dropout=0.0)
    config = TrainingConfig(batch_size=16, warmup_steps=0, learning_rate=2e-3)
    trainer = _trainer(config, net)
    losses = [float(trainer.step().loss) for _ in range(60)]
    assert np.mean(losses[-10:]) < 0.75 * np.mean(losses[:3])


def test_result_belongs_to_the_step() -> None:
    result = _trainer(CONFIG).step()
    assert result.losses.shape == result.index.shape == (4,)
    assert float(result.loss) == pytest.approx(float(result.losses.mean()))
    assert 0 <= int(result.index.min()) <= int(result.index.max()) < 100


def test_pictures_that_do_not_fit_are_refused() -> None:
    process = DiffusionProcess(NoiseSchedule.linear(100))
    for images in (_images()[:, :4], _images(0)):
        with pytest.raises(ValueError, match="pictures have shape"):
            Trainer(UNet(NET), process, images, CONFIG)


def test_a_damaged_checkpoint_is_refused() -> None:
    trainer = _trainer(CONFIG)
    trainer.step()
    model, ema = trainer.model.state_dict(), trainer.ema.model.state_dict()
    moments = trainer.optimizer_tensors()
    with pytest.raises(ValueError, match="do not fit"):
        trainer.load(1, {k: v for k, v in model.items() if k != "conv_in.bias"}, ema, moments)
    with pytest.raises(ValueError, match="optimiser state"):
        trainer.load(1, model, ema, {})


def test_withheld_labels_teach_the_row_of_no_label() -> None:
    process = DiffusionProcess(NoiseSchedule.linear(100))
    net = NET.with_fields(num_classes=3)
    for dropout, taught in ((0.0, [True, True, True, False]), (1.0, [False, False, False, True])):
        torch.manual_seed(0)
        model = UNet(net)
        # The last convolution is near zero at first and would block gradients to earlier layers.
        torch.nn.init.normal_(model.conv_out.weight)
        for block in model.modules():
            if isinstance(block, ResidualBlock):
                torch.nn.init.normal_(block.conv2.weight)
        config = TrainingConfig(batch_size=10, warmup_steps=0, label_dropout=dropout)
        trainer = Trainer(model, process, _images(), config, LABELS)
        assert model.label is not None
        before = model.label.weight.detach().clone()
        trainer.step()
        moved = (model.label.weight.detach() != before).any(1)
        assert moved.tolist() == taught


@pytest.mark.parametrize(
    ("net", "labels", "message"),
    [
        (NET, LABELS, "without classes"),
        (NET.with_fields(num_classes=3), None, "needs labels of its 3 classes"),
        (NET.with_fields(num_classes=3), LABELS[:5], "10 pictures need as many labels"),
        (NET.with_fields(num_classes=2), LABELS, r"class 2 is not one of 0\.\.1"),
        (NET.with_fields(learned_variance=True), None, "does not fit a network with 2 output"),
    ],
)
def test_labels_and_outputs_that_do_not_fit_are_refused(
    net: UNetConfig, labels: npt.NDArray[np.int64] | None, message: str
) -> None:
    process = DiffusionProcess(NoiseSchedule.linear(100))
    with pytest.raises(ValueError, match=message):
        Trainer(UNet(net), process, _images(), CONFIG, labels)


def test_a_loss_that_does_not_fit_the_process_is_refused() -> None:
    process = DiffusionProcess(NoiseSchedule.linear(100))
    with pytest.raises(ValueError, match="hybrid"):
        Trainer(UNet(NET), process, _images(), TrainingConfig(loss="hybrid"))


@pytest.mark.parametrize("weighted", [False, True])
def test_a_batch_in_pieces_has_the_gradient_of_the_whole(weighted: bool) -> None:
    config = AWARE if weighted else CONFIG
    results = []
    for micro_batch in (None, 3, 1):
        torch.manual_seed(0)
        net = CLASSES.with_fields(dropout=0.0)
        process = DiffusionProcess(NoiseSchedule.linear(2), variance="learned_range")
        config = replace(config, loss="hybrid", grad_clip=1e9)
        trainer = Trainer(UNet(net), process, _images(), config, LABELS)
        trainer.accelerator.micro_batch = micro_batch
        for _ in range(3 if weighted else 1):
            result = trainer.step()
        results.append((result, [p.grad for p in trainer.model.parameters()]))
    whole, gradients = results[0]
    for result, of_pieces in results[1:]:
        torch.testing.assert_close(result.losses, whole.losses, rtol=1e-3, atol=1e-5)
        torch.testing.assert_close(result.loss, whole.loss, rtol=1e-3, atol=1e-5)
        torch.testing.assert_close(of_pieces, gradients, rtol=1e-3, atol=1e-4)


def test_pictures_are_copied_at_once_unless_they_are_pinned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only pinned memory is copied asynchronously: an Apple GPU would read what has replaced it."""
    plain = torch.Tensor.to

    def to(tensor: torch.Tensor, *given: object, **named: object) -> torch.Tensor:
        # Adam's own flag, which is on the device already, is not a picture.
        assert not named.get("non_blocking") or tensor.ndim == 0 or tensor.is_pinned()
        return plain(tensor, *given, **named)  # type: ignore[call-overload, no-any-return]

    trainer = _trainer(CONFIG)
    monkeypatch.setattr(torch.Tensor, "to", to)
    trainer.step()


@pytest.mark.parametrize("kernel_looks", [True, False])
@pytest.mark.parametrize("spoiled", ["loss", "gradient"])
def test_a_step_without_finite_numbers_changes_no_weight(
    spoiled: str, kernel_looks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not kernel_looks:
        # As Adam's kernel for Apple GPUs, which accepts the flag and ignores it.
        fused = torch._fused_adam_
        blind = lambda *given, found_inf, **named: fused(*given, **named)  # noqa: E731
        monkeypatch.setattr(torch, "_fused_adam_", blind)
        monkeypatch.setattr("ddpm_studio.engine.optimizers.adam._FOUND_INF_DEVICES", ())
    trainer = _trainer(replace(CONFIG, timestep_sampling="loss_second_moment"))
    trainer.step()
    before = copy.deepcopy(trainer)
    first = next(trainer.model.parameters())
    with monkeypatch.context() as patch:
        if spoiled == "loss":
            loss = trainer.loss
            patch.setattr(trainer, "loss", lambda *given: loss(*given) * torch.nan)
        else:
            hook = first.register_hook(lambda grad: grad * torch.inf)
        result = trainer.step()
    assert not torch.isfinite(result.loss if spoiled == "loss" else result.grad_norm)
    assert trainer.step_number == 2
    for name, value in before.model.state_dict().items():
        assert torch.equal(value, trainer.model.state_dict()[name]), name
    for name, value in before.optimizer_tensors().items():
        if not name.startswith("timesteps."):
            assert torch.equal(value, trainer.optimizer_tensors()[name]), name
    learned = trainer.timesteps.tensors()
    assert all(bool(value.isfinite().all()) for value in learned.values())
    if spoiled == "gradient":
        hook.remove()
    assert torch.isfinite(trainer.step().loss)
    assert not torch.equal(first, next(before.model.parameters()))
