"""One optimiser step after another [DDPM Algorithm 1, appendix B]."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ddpm_studio.engine.device.captured import UNRECORDED, Captured, captured
from ddpm_studio.engine.device.layout import Precision, memory_format
from ddpm_studio.engine.ema import EMA
from ddpm_studio.engine.guidance import check_labels
from ddpm_studio.engine.losses import TrainingLoss, check_loss
from ddpm_studio.engine.networks.network import Network
from ddpm_studio.engine.noise import derive_seed
from ddpm_studio.engine.pixels import to_model
from ddpm_studio.engine.process import Denoiser, DiffusionProcess
from ddpm_studio.engine.timesteps import timestep_sampler

# Separate streams of random numbers, so that one never shifts another.
_ORDER, _STEP = 1, 2
_TIMESTEPS = "timesteps."
# Devices whose kernel of Adam reads the flag that weights and moments should stay as they are.
# Apple's does not: there the step waits for the device to see for itself.
_LOOK_AT_FOUND_INF = ("cpu", "cuda")


class PictureRows(Protocol):
    """uint8 (N, H, W, C): an array, or what reads the rows that it is asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, H, W, C)."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: npt.NDArray[np.int64], /) -> npt.NDArray[Any]: ...


@dataclass(frozen=True)
class TrainingConfig:
    """What decides each step.

    Args:
        batch_size: pictures in one step.
        learning_rate: Adam's, after the warm-up.
        warmup_steps: linear rise of the learning rate from 0.
        grad_clip: largest norm of the gradient.
        ema_decay: final decay of the averaged weights.
        flip: mirror pictures at random.
        precision: of the network's forward and backward pass; noising, loss and weights are
            float32 always.
        seed: of the order, the flips, t, ε and dropout.
        loss: see :class:`~ddpm_studio.engine.losses.TrainingLoss`.
        timestep_sampling: a name of :data:`ddpm_studio.engine.tables.TIMESTEP_SAMPLING`.
        label_dropout: chance that a picture's class is withheld, so that guidance has a
            prediction without a class to compare with; of no effect without labels.
    """

    batch_size: int = 128
    learning_rate: float = 2e-4
    warmup_steps: int = 5000
    grad_clip: float = 1.0
    ema_decay: float = 0.9999
    flip: bool = True
    precision: Precision = "float32"
    seed: int = 0
    loss: str = "simple"
    timestep_sampling: str = "uniform"
    label_dropout: float = 0.1


@dataclass(frozen=True)
class StepResult:
    """What one step measured, still on the device: reading it waits for the device.

    Args:
        loss: mean loss of the batch, weighted where t is not uniform, shape ().
        grad_norm: norm of the gradient before clipping, shape ().
        losses: loss of each picture, shape (N,).
        index: t − 1 of each picture, shape (N,).
        lr: the learning rate used.
    """

    loss: Tensor
    grad_norm: Tensor
    losses: Tensor
    index: Tensor
    lr: float


class Trainer:
    """Holds the network, its average and the optimiser; each :meth:`step` advances them.

    The random numbers of a step depend on the seed and the step's number alone, so training on
    from step k equals training through, bit for bit on the CPU.

    Args:
        model: the network, on the device.
        process: q and the parameterisation.
        images: uint8 (N, H, W, C), an array or what reads its rows.
        config: see :class:`TrainingConfig`.
        labels: class of each picture, shape (N,), for a class-conditional network alone.

    Raises:
        ValueError: if the pictures or labels do not fit the network, or the loss does not fit
            the process.
    """

    def __init__(
        self,
        model: Network,
        process: DiffusionProcess,
        images: PictureRows,
        config: TrainingConfig,
        labels: npt.NDArray[np.integer] | None = None,
    ) -> None:
        channels, height, width = model.config.shape
        shape = (height, width, channels)
        if len(images) == 0 or images.shape[1:] != shape:
            raise ValueError(f"pictures have shape {images.shape[1:]}, the network takes {shape}")
        check_loss(process, config.loss)
        if model.config.learned_variance != process.learned:
            raise ValueError(
                f"variance {process.variance!r} does not fit a network with "
                f"{model.config.out_channels} output channels"
            )
        self.device = next(model.parameters()).device
        self.layout = memory_format(self.device, config.precision)
        self.model: Network = model.to(memory_format=self.layout)  # type: ignore[call-overload]
        self.process = process
        self.images = images
        self.config = config
        self.labels = _checked_labels(labels, len(images), model.config.num_classes)
        self.loss = TrainingLoss(config.loss)
        self.timesteps = timestep_sampler(config.timestep_sampling, process.schedule.T, self.device)
        self.step_number = 0
        #: Pictures in one pass of the network, whose gradients add up to the batch's; None: all.
        self.micro_batch: int | None = None
        #: False where a step was broken off while it changed the weights.
        self.whole = True
        self.ema = EMA(self.model, config.ema_decay)
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), lr=config.learning_rate, fused=True
        )
        self._network: Denoiser = self.model
        self._recorded: _Recorded | None = None
        self._unrecorded = 0
        self._order: tuple[int, npt.NDArray[np.int64]] | None = None
        self._generator = torch.Generator(self.device)

    def step(self) -> StepResult:
        """Take one optimiser step [DDPM Algorithm 1].

        Where loss or gradient are no finite numbers, the step counts but changes no weight. After
        an error the same step can be taken again, unless it came while the weights changed.
        """
        seed = derive_seed(self.config.seed, _STEP, self.step_number)
        self._generator.manual_seed(seed)
        rows = self._rows(self.step_number)
        x0 = self._batch(rows)
        index, weights = self.timesteps.draw(len(x0), self._generator)
        noise = torch.empty_like(x0).normal_(generator=self._generator)
        y = self._classes(rows)

        self.model.train()
        with self._dropout_seeded(seed):
            loss, losses, grad_norm = self._gradient(x0, y, index, noise, weights)
        lr = self.learning_rate(self.step_number)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.whole = False
        self._optimise(torch.isfinite(loss) & torch.isfinite(grad_norm))
        self.step_number += 1
        self.ema.update(self.step_number)
        self.timesteps.update(index, losses.detach())
        self.whole = True
        return StepResult(loss, grad_norm, losses, index, lr)

    def _optimise(self, finite: Tensor) -> None:
        """Let Adam change the weights, unless ``finite``, shape (), is false."""
        if self.device.type in _LOOK_AT_FOUND_INF:
            self.optimizer.found_inf = (~finite).float()  # type: ignore[attr-defined]
            self.optimizer.step()
        elif bool(finite):
            self.optimizer.step()

    def _gradient(self, *batch: Tensor | None) -> tuple[Tensor, ...]:
        """See :meth:`_accumulate`; on a GPU its kernels are recorded and then replayed."""
        if self.device.type != "cuda" or self._unrecorded < UNRECORDED:
            self._unrecorded += 1
            return self._accumulate(*batch)  # type: ignore[arg-type]
        recorded, key = self._recorded, (self.micro_batch, self.config.batch_size)
        if recorded is None or recorded.key != key:
            # The memory of the old ones first.
            self._recorded = recorded = None
            self.optimizer.zero_grad(set_to_none=True)
            replay = captured(self._accumulate, batch)
            grads = [p.grad for p in self.model.parameters()] if replay else []
            self._recorded = recorded = _Recorded(replay, key, grads)
        if recorded.replay is None:
            return self._accumulate(*batch)  # type: ignore[arg-type]
        for p, grad in zip(self.model.parameters(), recorded.grads, strict=True):
            p.grad = grad
        return recorded.replay(*batch)

    def _accumulate(
        self, x0: Tensor, y: Tensor | None, index: Tensor, noise: Tensor, weights: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Add up the gradient of the batch's mean loss, ``micro_batch`` pictures at once; clip it.

        Returns:
            The mean loss, shape (), the loss of each picture, shape (N,), and the gradient's norm
            before clipping, shape ().
        """
        self.optimizer.zero_grad(set_to_none=True)
        count = len(x0)
        size = self.micro_batch or count
        means, losses = [], []
        for start in range(0, count, size):
            part = slice(start, start + size)
            network = self._denoiser(None if y is None else y[part])
            with self.autocast():
                each = self.loss(self.process, network, x0[part], index[part], noise[part])
            mean = each.mean() if weights is None else (each * weights[part]).mean()
            # Of a whole batch the share is 1, and the numbers are those of one pass.
            mean = mean * (len(each) / count)
            mean.backward()  # type: ignore[no-untyped-call]
            means.append(mean.detach())
            losses.append(each.detach())
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.grad_clip)
        return torch.stack(means).sum(), torch.cat(losses), norm.detach()

    def compile(self) -> None:
        """Let torch compile the network, which takes a minute or more, and try it once.

        Raises:
            Exception: whatever torch raises where it can't; the network stays as it was.
        """
        batch = self.config.batch_size
        x0 = torch.zeros(batch, *self.model.config.shape, device=self.device)
        x0 = x0.contiguous(memory_format=self.layout)
        zeros = torch.zeros(batch, dtype=torch.long, device=self.device)
        self.forget_recorded()
        self._network = compiled_network(self.model)
        devices = [self.device] if self.device.type == "cuda" else []
        try:
            self.model.train()
            with torch.random.fork_rng(devices):
                self._accumulate(x0, None if self.labels is None else zeros, zeros, x0, None)
        except BaseException:
            self.plain()
            raise
        finally:
            self.optimizer.zero_grad(set_to_none=True)

    @property
    def compiled(self) -> bool:
        """Whether it trains with the compiled network."""
        return self._network is not self.model

    def plain(self) -> None:
        """Take the network as it is, not compiled."""
        self._network = self.model
        self.forget_recorded()

    def forget_recorded(self) -> None:
        """Give back the memory of recorded kernels; the next step records them anew."""
        self._recorded = None

    def learning_rate(self, step: int) -> float:
        """Learning rate at step 0, 1, …: a linear warm-up, then constant [DDPM appendix B]."""
        if self.config.warmup_steps == 0:
            return self.config.learning_rate
        return self.config.learning_rate * min(1.0, (step + 1) / self.config.warmup_steps)

    def _classes(self, rows: npt.NDArray[np.int64]) -> Tensor | None:
        """The classes of these rows, some withheld, shape (N,); None without labels."""
        if self.labels is None:
            return None
        y = self._on_device(self.labels[torch.from_numpy(rows)])
        withheld = torch.rand(len(y), generator=self._generator, device=self.device)
        none = torch.full_like(y, self.model.config.num_classes or 0)
        return torch.where(withheld < self.config.label_dropout, none, y)

    def _denoiser(self, y: Tensor | None) -> Denoiser:
        network = cast(Network, self._network)
        return network if y is None else lambda x, t: cast(Tensor, network(x, t, y))

    def _batch(self, rows: npt.NDArray[np.int64]) -> Tensor:
        """Pictures of these rows in [−1, 1], flipped at random, shape (N, C, H, W)."""
        x0 = to_model(self._on_device(torch.from_numpy(self.images[rows])))
        if self.config.flip:
            mirrored = torch.rand(len(x0), generator=self._generator, device=self.device) < 0.5
            x0 = torch.where(mirrored[:, None, None, None], x0.flip(3), x0)
        return x0.contiguous(memory_format=self.layout)

    def _on_device(self, tensor: Tensor) -> Tensor:
        if self.device.type == "cuda":
            # From pageable memory the copy would wait for the device.
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(self.device)

    def _rows(self, step: int) -> npt.NDArray[np.int64]:
        """Rows of one batch: each picture once an epoch, in an order drawn anew each epoch."""
        start = step * self.config.batch_size
        positions = np.arange(start, start + self.config.batch_size)
        epochs, places = np.divmod(positions, len(self.images))
        rows = np.empty_like(positions)
        for epoch in np.unique(epochs):
            chosen = epochs == epoch
            rows[chosen] = self._epoch_order(int(epoch))[places[chosen]]
        return rows

    def _epoch_order(self, epoch: int) -> npt.NDArray[np.int64]:
        if self._order is None or self._order[0] != epoch:
            generator = torch.Generator().manual_seed(derive_seed(self.config.seed, _ORDER, epoch))
            order = torch.randperm(len(self.images), generator=generator).numpy()
            self._order = (epoch, order)
        return self._order[1]

    @contextlib.contextmanager
    def _dropout_seeded(self, seed: int) -> Iterator[None]:
        """Make dropout, which draws from the global generators, a function of the step too."""
        if self.model.config.dropout == 0:
            yield
            return
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            torch.manual_seed(derive_seed(seed, 1))
            yield

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """Let the network compute in the asked precision while the body runs."""
        if self.config.precision == "float32":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def optimizer_tensors(self) -> dict[str, Tensor]:
        """Adam's moments and step counts by parameter name, for a checkpoint.

        With them goes what the choice of t has learned, as ``timesteps.…``.
        """
        names: dict[Tensor, str] = {p: name for name, p in self.model.named_parameters()}
        moments = {
            f"{key}.{names[p]}": value
            for p, state in self.optimizer.state.items()
            for key, value in state.items()
        }
        learned = {f"{_TIMESTEPS}{k}": v for k, v in self.timesteps.tensors().items()}
        return moments | learned

    def load(
        self,
        step: int,
        model: dict[str, Tensor],
        ema: dict[str, Tensor],
        optimizer: dict[str, Tensor],
    ) -> None:
        """Continue from a checkpoint's tensors.

        Raises:
            ValueError: if a tensor is missing, left over or of another shape.
        """
        _load_exactly(self.model, model)
        _load_exactly(self.ema.model, ema)
        state = self.optimizer.state
        for name, p in self.model.named_parameters():
            moments = {
                key: optimizer.get(f"{key}.{name}") for key in ("step", "exp_avg", "exp_avg_sq")
            }
            for key, value in moments.items():
                if value is None or (key != "step" and value.shape != p.shape):
                    raise ValueError(f"the optimiser state lacks a fitting {key}.{name}")
                # Adam counts its steps where it computes; the count is a float32 number.
                like = torch.zeros((), device=p.device) if key == "step" else torch.empty_like(p)
                state[p][key] = like.copy_(value)
        self.timesteps.load(
            {
                key.removeprefix(_TIMESTEPS): value
                for key, value in optimizer.items()
                if key.startswith(_TIMESTEPS)
            }
        )
        self.step_number = step
        self.whole = True

    def reseed(self, seed: int) -> None:
        """Take the steps from here on with other pictures, noise and t."""
        self.config = replace(self.config, seed=seed)
        self._order = None


def compiled_network(network: Network) -> Denoiser:
    """Return the network with kernels of its own, which are made at its first call."""
    return torch.compile(network, dynamic=False, fullgraph=True)


@dataclass(frozen=True)
class _Recorded:
    """The recorded gradient for one size of batches, and where it is written.

    ``replay`` is None where it can't be recorded.
    """

    replay: Captured | None
    key: tuple[int | None, int]
    grads: list[Tensor | None]


def _load_exactly(model: torch.nn.Module, tensors: dict[str, Tensor]) -> None:
    try:
        model.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise ValueError(f"the weights do not fit the network: {error}") from error


def _checked_labels(
    labels: npt.NDArray[np.integer] | None, pictures: int, num_classes: int | None
) -> Tensor | None:
    if num_classes is None:
        if labels is not None:
            raise ValueError("labels were given to a network without classes")
        return None
    if labels is None:
        raise ValueError(f"this network needs labels of its {num_classes} classes")
    if labels.shape != (pictures,):
        raise ValueError(f"{pictures} pictures need as many labels, not {labels.shape}")
    checked = torch.from_numpy(labels.astype(np.int64))
    check_labels(checked, num_classes)
    return checked
