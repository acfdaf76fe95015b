"""Validation in all that the engine exports: wrong names, shapes and numbers are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ddpm_studio import engine
from ddpm_studio.engine import (
    EDM,
    EMA,
    SAMPLERS,
    BoundSums,
    DiffusionProcess,
    GuidedDenoiser,
    NoiseSchedule,
    PictureNoise,
    Trainer,
    TrainingConfig,
    TrainingLoss,
    UNet,
    UNetConfig,
    finish,
)
from ddpm_studio.engine.ema import ema_decay
from ddpm_studio.engine.guidance import rescale_guidance
from ddpm_studio.engine.learning_rates import learning_rate
from ddpm_studio.engine.losses import min_snr_weights
from ddpm_studio.engine.networks.presets import preset
from ddpm_studio.engine.optimizers import optimizer
from ddpm_studio.engine.power_ema import PowerEMA, Snapshot, coefficients, gamma, relative_width
from ddpm_studio.engine.samplers import grid
from ddpm_studio.engine.samplers.run_sampler import run_sampler, timestep_grid
from ddpm_studio.engine.schedules import betas, sigmas
from ddpm_studio.engine.sigma_sampling import LogNormalSigma
from ddpm_studio.engine.tables import TABLES, Option
from ddpm_studio.engine.timesteps import timestep_sampler
from ddpm_studio.engine.toy import draw_points

NAN, INF = float("nan"), float("inf")
LINEAR = NoiseSchedule.linear(100)
EPS = DiffusionProcess(LINEAR)
X, INDEX = torch.zeros(2, 1, 4, 4), torch.tensor([0, 99])
NOISE = PictureNoise(0, range(2), "cpu")
TINY = UNetConfig.tiny(8, 1)
CLASSES = TINY.with_fields(num_classes=3)
LAYER = nn.Linear(2, 2)
IMAGES = np.zeros((4, 8, 8, 1), np.uint8)
Wrong = Callable[[], object]


def model(x: Tensor, t: Tensor) -> Tensor:
    return x


def calls(function: Callable[..., Any], *given: tuple[Any, ...] | dict[str, Any]) -> list[Wrong]:
    """Return a call with each of these arguments, run to its end where it is a generator."""

    def call(one: tuple[Any, ...] | dict[str, Any]) -> object:
        made = function(**one) if isinstance(one, dict) else function(*one)
        if isinstance(made, Iterator):
            return finish(made)  # type: ignore[arg-type]
        return made

    return [partial(call, one) for one in given]


def fields(function: Callable[..., Any], **wrong: tuple[Any, ...]) -> list[Wrong]:
    """Return a call for each wrong value, each with a single wrong argument."""
    return calls(function, *({key: one} for key, values in wrong.items() for one in values))


def walk(name: str, *given: tuple[Any, ...] | dict[str, Any]) -> list[Wrong]:
    """Return calls with arguments that every sampler refuses, and with these of its own."""
    sampler = getattr(engine, name)
    wrong = [(EPS, model, x, NOISE) for x in (X[0], X.long(), X[:1])]
    return calls(sampler, *wrong) + calls(partial(sampler, EPS, model, X, NOISE), *given)


def bound(**more: Any) -> Iterator[object]:
    sums = BoundSums(100, 3, [0])
    return engine.measure_bound(EPS, lambda _: model, lambda _: X[:1], sums, **more)


def trainer(
    images: Any = IMAGES, labels: Any = None, process: DiffusionProcess = EPS, **more: Any
) -> Trainer:
    return Trainer(UNet(TINY), process, images, TrainingConfig(**more), labels)


schedule = NoiseSchedule.named
WHOLE = (0, -1, 1.5, NAN)

WRONG: dict[str, list[Wrong]] = {
    "TrainingConfig": fields(
        TrainingConfig,
        batch_size=(0, -1, 1.5, True, NAN),
        learning_rate=(0, -1, NAN, INF),
        warmup_steps=(-1, 1.5, NAN),
        grad_clip=(0, -1, NAN),
        ema_decay=(-0.1, 1.1, NAN),
        flip=("yes", None),
        precision=("fp16", None),
        seed=(-1, 1.5, 2**63),
        loss=("VLB",),
        timestep_sampling=("often",),
        label_dropout=(-0.1, 1.1, NAN),
        optimizer=("sgd",),
        weight_decay=(-1, 2, NAN),
        optimizer_options=({"momentum": 1},),
        learning_rate_schedule=("step",),
        steps=WHOLE,
        accumulation=WHOLE,
        power_ema=((0.5,), (NAN,)),
        first_step=(-1, 1.5),
        first_picture=(-1, 1.5),
    ),
    "Trainer": fields(
        trainer,
        images=(IMAGES[:, :4], IMAGES[:0]),
        labels=(np.zeros(4, np.int64),),
        process=(DiffusionProcess(LINEAR, variance="learned"),),
        loss=("hybrid",),
        timestep_sampling=("log_normal",),
        learning_rate_schedule=("cosine",),
    ),
    "EMA": calls(EMA, (LAYER, -1), (LAYER, 1.5), (LAYER, NAN)),
    "EDM": calls(EDM, (-1,), (0,), (NAN,), (INF,)),
    "NoiseSchedule": [
        *(
            one
            for name in ("linear", "cosine", "vp_sde")
            for T in WHOLE
            for one in calls(getattr(NoiseSchedule, name), (T,))
        ),
        *calls(schedule, ("square",), *(("linear", T) for T in WHOLE)),
        *calls(schedule, ("cosine", 9, (0.1, 0.2)), ("linear", 9, (NAN, 0.2))),
        *calls(NoiseSchedule.linear, (10, NAN), (10, -1), (10, 0.1, 2)),
        *calls(NoiseSchedule.cosine, (10, NAN), (10, -1), (10, 0.008, 1.5), (10, 0.008, NAN)),
        *calls(NoiseSchedule.vp_sde, (10, NAN), (10, -1), (10, 1, 0.5)),
        *calls(NoiseSchedule.from_betas, ([NAN],), ([],), ([[0.1]],), ([0.0],), ([1.0],)),
        *calls(
            LINEAR.keep,
            *(
                (torch.tensor(one),)
                for one in ([5, 3], [-1, 5], [100], [3, 3], [1.5], [[1, 2]], [])
            ),
            (torch.arange(99, -1, -1),),
        ),
        *calls(LINEAR.strided, (0,), (101,), (5, 0), (5, 101), (2.5,), (5, 50.5), (True,)),
        *calls(
            partial(NoiseSchedule, LINEAR.betas),
            (LINEAR.timesteps.float(), 100),
            (LINEAR.timesteps, 50),
            (LINEAR.timesteps - 1, 100),
            (LINEAR.timesteps[1:], 100),
        ),
    ],
    "DiffusionProcess": [
        *calls(
            partial(DiffusionProcess, LINEAR), ("epsilon",), (5,), (None,), ("eps", "fixedlarge")
        ),
        *calls(EPS.x0_from_eps, (X, INDEX, X[:1]), (X, INDEX, X[:, :, :2])),
        *calls(EPS.eps_from_x0, (X, INDEX, X[:1]), (X, INDEX, X[:, :, :2])),
        *calls(EPS.index_of, (torch.tensor([NAN]),), (-torch.ones(1),), (torch.tensor([500]),)),
        *calls(partial(EPS.predict, model, X), (NAN,), (1.5,), (torch.tensor([NAN, 1.0]),)),
        *calls(EPS.split, (X[:1], X), (X[..., :2], X), (X[:, :0], X)),
        *calls(EPS.log_variance, (500, None, X), (-1, None, X), (INDEX + 1, None, X)),
        *calls(EPS.log_variance, (torch.ones(2), None, X), (INDEX[:1], None, X)),
        *calls(EPS.posterior_log_variance, (500, X), (-1, X), (torch.ones(2), X)),
    ],
    "PictureNoise": calls(
        PictureNoise,
        *((seed, [0], "cpu") for seed in (-1, 1.5, NAN, 2**63)),
        *((0, numbers, "cpu") for numbers in ([], [-1], [0.5])),
    ),
    "TrainingLoss": calls(TrainingLoss, ("VLB",), ("min_snr", -1), ("min_snr", NAN)),
    "l_simple": calls(
        partial(engine.l_simple, EPS, model, X), (INDEX, X[:1]), (INDEX.float(), X), (INDEX[:1], X)
    ),
    "l_min_snr": calls(
        partial(engine.l_min_snr, EPS, model, X), (INDEX, X, NAN), (INDEX[:1], X), (INDEX + 1, X)
    )
    + calls(min_snr_weights, (DiffusionProcess(LINEAR, "edm"), torch.tensor([-1.0, 1.0]), X)),
    "l_vlb": calls(partial(engine.l_vlb, EPS, model, X), (torch.ones(2), X), (INDEX, X[:1])),
    "l_hybrid": calls(partial(engine.l_hybrid, EPS, model, X), (INDEX + 1, X), (INDEX, X[:1])),
    "encode": calls(
        partial(engine.encode, EPS),
        (X, NAN, X),
        (X, -1, X),
        (X, 0, X[:, :, :2]),
        (X, 1, X[:, :, :2]),
    ),
    "mix": calls(
        engine.mix,
        (X[0], X[0], torch.tensor([NAN])),
        (X[0].long(), X[0].long(), torch.ones(1)),
        (X[0], X[0], torch.ones(1), "cubic"),
    ),
    "mix_corners": calls(engine.mix_corners, (X, torch.ones(1)), (X[0], torch.ones(1))),
    "mix_between": calls(
        engine.mix_between,
        (X, torch.ones(1, 2)),
        (X[0], torch.ones(1, 2)),
        (torch.cat([X] * 4)[:4], torch.ones(2)),
        (torch.cat([X] * 4)[:4], torch.ones(1, 3)),
        (torch.cat([X] * 4)[:4], torch.full((1, 2), NAN)),
    ),
    "ancestral": walk("ancestral"),
    "ddim": walk("ddim", (-0.1,), (1.1,), (NAN,)),
    "dpm_solver": walk("dpm_solver", (0,), (4,), (3.5,), (True,), (NAN,)),
    "unipc": walk("unipc"),
    "euler": walk("euler"),
    "heun": walk("heun"),
    "euler_maruyama": walk("euler_maruyama"),
    "edm_churn": walk(
        "edm_churn",
        *({"s_churn": one} for one in (-1, NAN)),
        *({"s_tmin": one} for one in (-1, NAN, 60)),
        *({"s_noise": one} for one in (0, NAN)),
        *({"frame_indices": one} for one in ([100], [-1], [1.5])),
        {"s_tmax": NAN},
    ),
    "annealed_langevin": walk("annealed_langevin", (0,), (1.5,), (NAN,), (1, NAN), (1, 0)),
    "predictor_corrector": walk("predictor_corrector", (-1,), (1.5,), (NAN,), (1, NAN), (1, 0)),
    "probability_flow": walk("probability_flow", ([100],), ([1.5],), (None, NAN), (None, 0)),
    "inpaint": calls(
        partial(engine.inpaint, EPS, model, X, NOISE),
        (X[:1], X),
        (X, X + 0.5),
        (X, torch.zeros(3, 1, 4, 4)),
        *((X, X, jump) for jump in WHOLE),
        *((X, X, 1, again) for again in WHOLE),
        (X * NAN, X + 1),
    ),
    "ddim_inversion": calls(
        partial(engine.ddim_inversion, EPS, model), (X[0],), (X.long(),), *((X, n) for n in WHOLE)
    ),
    "flow_time": calls(engine.flow_time, (-torch.ones(1),), (torch.tensor([NAN]),)),
    "sigma_of_flow_time": calls(
        engine.sigma_of_flow_time, *((torch.tensor([one]),) for one in (1.0, 2.0, -0.5, NAN))
    ),
    "density_bits": calls(
        engine.density_bits, *((torch.zeros(2), n) for n in WHOLE), (torch.zeros(2, 2), 4)
    ),
    "dequantise": calls(engine.dequantise, (X, X[:1]), (X, X + 2), (X, X - 1), (X, X * NAN)),
    "noise_dequantised_bits": calls(
        partial(engine.noise_dequantised_bits, EPS, model, X), (X[:1], torch.zeros(2)), (X, X)
    ),
    "flow_log_likelihood": calls(
        partial(engine.flow_log_likelihood, EPS, model), (X, X[:1]), (X, X, 0), (X, X, NAN)
    ),
    "BoundSums": calls(
        BoundSums,
        *((T, None, [0]) for T in WHOLE),
        *((100, steps, [0]) for steps in (2, 101, 3.5, NAN)),
        (100, None, []),
        (100, None, [-1]),
    ),
    "measure_bound": calls(
        bound,
        *({"seed": 0, "batch": batch} for batch in WHOLE),
        *({"seed": seed, "batch": 4} for seed in (-1, 1.5, NAN)),
    ),
    "bound_terms": calls(
        partial(engine.bound_terms, EPS, model, X),
        (100, X),
        (-1, X),
        (torch.ones(2), X),
        (3, X[:1]),
    ),
    "prior_bits": calls(partial(engine.prior_bits, EPS), (torch.zeros(3),), (X.long(),)),
    "progressive_decoding": calls(
        partial(engine.progressive_decoding, EPS, model),
        *((X[:1], [t], 0) for t in (0, 101, 1.5)),
        (X, [5], 0),
        (X[:1], [5], -1),
    ),
    "to_model": calls(engine.to_model, (X,), (torch.zeros(4, 4, 1, dtype=torch.uint8),)),
    "to_uint8": calls(engine.to_uint8, (X[0],), (X.long(),), (X, 0), (X, NAN)),
    "GuidedDenoiser": calls(
        partial(GuidedDenoiser, lambda x, t, y: x),
        *((CLASSES, INDEX // 99, scale) for scale in (-1, NAN, INF)),
        *((CLASSES, INDEX // 99, 2, share) for share in (-1, 2, NAN)),
        (TINY, INDEX // 99),
        (CLASSES, INDEX),
        (CLASSES, INDEX[None]),
        (CLASSES, torch.zeros(2)),
    )
    + calls(rescale_guidance, (X, X[:1], 0.5), (X, X, NAN), (X, X, 2)),
    "UNetConfig": fields(
        UNetConfig,
        height=(0, -8, 30, 1.5),
        channels=(0, -1),
        base_channels=(33, 0),
        channel_mult=((), (1, 1.5), (0,)),
        blocks_per_level=WHOLE,
        norm_groups=(0, 7),
        dropout=(-1.0, 1.0, NAN),
        num_classes=(0, -1),
        learned_variance=("no",),
    ),
    "UNet": calls(UNet(TINY), (X[:, :, :3], INDEX), (torch.zeros(2, 3, 8, 8), INDEX)),
    "derive_seed": calls(engine.derive_seed, (1.5,), (NAN,)),
    # Not exported by the engine itself, but by its subpackages.
    "optimizer": calls(optimizer, ("sgd", LAYER), ("adamw", LAYER, -1), ("adamw", LAYER, NAN)),
    "learning_rate": calls(
        learning_rate,
        ("step", 0, 0, 1),
        ("cosine", 0, 0, None),
        *(("cosine", 0, 0, steps) for steps in WHOLE),
        *(("constant", *one, 10) for one in ((-1, 0), (NAN, 0), (0, -1), (0, 1.5))),
    ),
    "ema_decay": calls(ema_decay, (0, 0.9), (1.5, 0.9), (1, NAN), (1, 1.5)),
    "power_ema": [
        *calls(gamma, (NAN,), (0,), (0.5,)),
        *calls(relative_width, (NAN,), (-1,), (-2,), (INF,)),
        *calls(PowerEMA, (LAYER, NAN), (LAYER, 0.5)),
        *calls(coefficients, ([], Snapshot(0.1, 5))),
        *calls(coefficients, *(([Snapshot(0.1, n)], Snapshot(0.1, 5)) for n in (0, -1, 6))),
    ],
    "timestep_sampler": calls(
        timestep_sampler, ("often", 10, "cpu"), *(("uniform", T, "cpu") for T in WHOLE)
    )
    + calls(LogNormalSigma, *((10, "cpu", *one) for one in ((NAN,), (0, 0), (0, NAN)))),
    "betas": [
        *(
            one
            for name in (
                "linear",
                "linear_scaled",
                "quadratic",
                "constant",
                "reciprocal",
                "cosine",
                "sigmoid",
                "warmup10",
                "warmup50",
            )
            for one in calls(getattr(betas, name), *((T,) for T in WHOLE))
        ),
        *(
            one
            for name in (
                "linear",
                "linear_scaled",
                "quadratic",
                "constant",
                "sigmoid",
                "warmup10",
                "warmup50",
            )
            for one in calls(getattr(betas, name), (2000, NAN), (2000, -1), (2000, 2))
        ),
    ],
    "sigmas": [
        *calls(sigmas.edm, *((T,) for T in WHOLE), (9, -1), (9, NAN), (9, 1, 0.5), (9, 1, 9, 0)),
        *calls(sigmas.flow, *((T,) for T in WHOLE)),
        *calls(
            sigmas.betas_of_sigmas,
            *((torch.tensor(one).double(),) for one in ([NAN, 1], [2, 1], [1, INF], [0, 1])),
        ),
    ],
    "timestep_grid": [
        *fields(
            partial(timestep_grid, SAMPLERS["ddim"], LINEAR),
            steps=(*WHOLE, 101, torch.tensor([5, 3]), torch.tensor([100])),
            t=(*WHOLE, 101),
            through=(-1, 101),
        ),
        *(
            one
            for name in ("uniform", "log_snr", "karras")
            for one in calls(
                partial(getattr(grid, name), LINEAR),
                (0, 100),
                (101, 100),
                (5, 0),
                (5, 101),
                (1.5, 100),
                (5, 50.5),
            )
        ),
        *calls(
            grid.space_timesteps,
            *((100, text) for text in ("x", "", "ddim0", "ddim101", "0", "-5")),
        ),
    ],
    "run_sampler": fields(
        partial(run_sampler, SAMPLERS["ddpm"], EPS, model, X, NOISE), churn=(1,), eta=(0.5,)
    ),
    "Option": calls(
        partial(Option, "a", "A", "a"), (2.0, 0.0, 1.0), (NAN, 0.0, 1.0), (0.0, 1.0, -1.0)
    ),
    "preset": calls(preset, ("huge", (3, 32, 32)), ("tiny", (3, 30, 30)), ("tiny", (0, 32, 32))),
    "draw_points": calls(draw_points, *((one, 5, torch.Generator()) for one in ("star", "")))
    + calls(draw_points, *(("spiral", n, torch.Generator()) for n in WHOLE)),
    **{
        table.kind: calls(table.__getitem__, ("nonsense",), (5,), (None,), ([],))
        for table in TABLES
    },
}

#: Results, protocols, types, and functions that accept anything.
NOTHING_TO_REFUSE = {
    *(
        "BoundTerms",
        "Bound",
        "Reverse",
        "Frame",
        "Frames",
        "Denoiser",
        "Precision",
        "Parameterization",
    ),
    *("Network", "NetworkConfig", "SamplerInfo", "Flow", "finish", "to_bf16"),
}


def test_all_that_the_engine_exports_is_looked_at() -> None:
    exported = set(vars(engine)["__all__"])
    tables = {
        "LOSSES",
        "PARAMETERIZATIONS",
        "SAMPLERS",
        "SCHEDULES",
        "TIMESTEP_SAMPLING",
        "VARIANCES",
    }
    assert exported - tables - NOTHING_TO_REFUSE <= set(WRONG)
    assert not NOTHING_TO_REFUSE & set(WRONG)
    assert exported >= NOTHING_TO_REFUSE


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_with_a_reason(name: str) -> None:
    for number, call in enumerate(WRONG[name]):
        with pytest.raises((ValueError, TypeError), match=r"\w"):
            assert call() is None, f"{number}: {call} is accepted"


@pytest.mark.parametrize(
    ("call", "right"),
    [
        (WRONG["TrainingConfig"][0], "batch_size must be 1 or more, not 0"),
        (lambda: TrainingConfig(precision="fp16"), "there are float32, bf16"),  # type: ignore[arg-type]
        (lambda: TrainingConfig(loss="VLB"), "there are simple, min_snr, vlb, hybrid"),
        (lambda: TrainingConfig(optimizer="sgd"), "there are adam, adamw, muon"),
        (lambda: TrainingConfig(learning_rate_schedule="step"), "there are constant, cosine"),
        (lambda: TrainingConfig(optimizer_options={"x": 1}), "adam has no x"),
        (lambda: TrainingConfig(ema_decay=2), r"ema_decay must be 0\.\.1, not 2"),
        (lambda: LINEAR.keep(torch.tensor([5, 3])), r"ascend within 0\.\.99"),
        (lambda: EPS.log_variance(-1, None, X), r"must be 0\.\.99, not -1"),
        (lambda: PictureNoise(-1, [0], "cpu"), r"the seed must be 0\.\.9223372036854775807"),
    ],
)
def test_the_reason_tells_what_is_right(call: Wrong, right: str) -> None:
    with pytest.raises(ValueError, match=right):
        call()
