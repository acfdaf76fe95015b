"""Scheduler configurations of diffusers: reading, writing and rejecting unsupported fields."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from ddpm_studio.engine.parameterizations.named import parameterization
from ddpm_studio.engine.process import DiffusionProcess
from ddpm_studio.engine.schedules.betas import cosine, linear, quadratic, sigmoid
from ddpm_studio.engine.schedules.schedule import NoiseSchedule
from ddpm_studio.engine.tables.schedules import BETA_END, BETA_START

Config = Mapping[str, Any]

_MAX_TIMESTEPS = 10_000
_MAX_TEXT = 60

_PREDICTIONS: dict[str, str] = {
    "epsilon": "eps",
    "sample": "x0",
    "v_prediction": "v",
}
# Schedulers for the forward process of DDPM, whatever sampler they implement, with the defaults of
# β_1 and β_T of their class. Those of consistency models and of latent models are not among them.
_PAPER_BETAS, _STABLE_DIFFUSION_BETAS = (BETA_START, BETA_END), (0.00085, 0.012)
_BY_BETAS: dict[str, tuple[float, float]] = {
    **dict.fromkeys(
        (
            "DDPMScheduler",
            "DDPMParallelScheduler",
            "DDIMScheduler",
            "DDIMParallelScheduler",
            "DDIMInverseScheduler",
            "DEISMultistepScheduler",
            "DPMSolverMultistepScheduler",
            "DPMSolverMultistepInverseScheduler",
            "DPMSolverSinglestepScheduler",
            "EulerDiscreteScheduler",
            "EulerAncestralDiscreteScheduler",
            "LMSDiscreteScheduler",
            "PNDMScheduler",
            "RePaintScheduler",
            "SASolverScheduler",
            "UniPCMultistepScheduler",
        ),
        _PAPER_BETAS,
    ),
    **dict.fromkeys(
        (
            "DPMSolverSDEScheduler",
            "HeunDiscreteScheduler",
            "KDPM2DiscreteScheduler",
            "KDPM2AncestralDiscreteScheduler",
        ),
        _STABLE_DIFFUSION_BETAS,
    ),
}
_BY_SIGMAS = ("EDMEulerScheduler", "EDMDPMSolverMultistepScheduler")
_BY_FLOW = ("FlowMatchEulerDiscreteScheduler", "FlowMatchHeunDiscreteScheduler")
# Fields of EDM schedulers with the only value that the engine supports, also their default.
_EDM: dict[str, Any] = {
    "sigma_min": 0.002,
    "sigma_max": 80.0,
    "sigma_data": 0.5,
    "sigma_schedule": "karras",
    "rho": 7.0,
    "prediction_type": "epsilon",
}
# Fields whose other values would make another process of the same β, with the supported value.
_REQUIRED_VALUES: dict[str, Any] = {
    "thresholding": False,
    "timestep_type": "discrete",
    "use_flow_sigmas": False,
    "snr_shift_scale": 1.0,
}
_VARIANCES: dict[str, str] = {
    "fixed_small": "fixed_small",
    "fixed_small_log": "fixed_small",
    "fixed_large": "fixed_large",
    "fixed_large_log": "fixed_large",
    "learned_range": "learned_range",
}


class UnsupportedFieldError(ValueError):
    """Raised for a field of a diffusers configuration whose value the engine cannot express."""

    def __init__(self, field: str, value: object, allowed: object) -> None:
        text = repr(value)
        text = text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"
        super().__init__(f"{field} is {text}; only {allowed} is supported")


def process_from(fields: Config, learned_variance: bool) -> DiffusionProcess:
    """Return the diffusion process of a scheduler_config.json; its sampler is ignored.

    Args:
        fields: the fields of the file.
        learned_variance: whether the network also predicts the variance.

    Raises:
        UnsupportedFieldError: naming the first field that the engine cannot express.
        ValueError: if T or the βs are impossible, or the variance does not fit the network.
    """
    name = fields.get("_class_name", "DDPMScheduler")
    if name in _BY_SIGMAS:
        for field, value in _EDM.items():
            require(field, fields.get(field, value), (value,))
        return _continuous(fields, "edm", learned_variance)
    if name in _BY_FLOW:
        require("num_train_timesteps", fields.get("num_train_timesteps", 1000), (1000,))
        return _continuous(fields, "flow", learned_variance)
    if not isinstance(name, str) or name not in _BY_BETAS:
        raise UnsupportedFieldError(
            "_class_name", name, "a scheduler of β, of EDM or of flow matching"
        )
    for field, value in _REQUIRED_VALUES.items():
        require(field, fields.get(field, value), (value,))
    clip = bool(fields.get("clip_sample", True))
    if clip:
        require("clip_sample_range", fields.get("clip_sample_range", 1.0), (1.0,))
    prediction = fields.get("prediction_type", "epsilon")
    require("prediction_type", prediction, tuple(_PREDICTIONS))
    default = "learned_range" if learned_variance else "fixed_small"
    variance = fields.get("variance_type", default)
    # Schedulers of solvers, such as DPM-Solver, name a variance only if it is learned.
    variance = default if variance is None else variance
    require("variance_type", variance, tuple(_VARIANCES))
    if (variance == "learned_range") != learned_variance:
        raise ValueError(f"variance_type {variance!r} does not fit the network's out_channels")
    schedule = _schedule(fields, *_BY_BETAS[name])
    if fields.get("rescale_betas_zero_snr", False):
        if not parameterization(_PREDICTIONS[prediction]).supports_zero_terminal_snr:
            raise UnsupportedFieldError(
                "rescale_betas_zero_snr", True, f"False with {prediction!r}"
            )
        schedule = schedule.with_zero_terminal_snr()
    return DiffusionProcess(schedule, _PREDICTIONS[prediction], _VARIANCES[variance], clip)


def is_sampling_scheduler(fields: Config) -> bool:
    """Whether the scheduler is not DDPM's or DDIM's, and was probably swapped in for sampling."""
    return fields.get("_class_name", "DDPMScheduler") not in ("DDPMScheduler", "DDIMScheduler")


def scheduler_fields(process: DiffusionProcess) -> dict[str, Any]:
    """Return the scheduler_config.json that makes ``DDPMScheduler`` equal to a process.

    Raises:
        UnsupportedFieldError: if diffusers does not support the parameterisation or the variance.
    """
    predictions = {name: prediction_type for prediction_type, name in _PREDICTIONS.items()}
    require("parameterization", process.parameterization, tuple(predictions))
    require("variance", process.variance, ("fixed_small", "fixed_large", "learned_range"))
    return {
        "_class_name": "DDPMScheduler",
        "num_train_timesteps": process.schedule.T,
        **_beta_fields(process.schedule),
        "clip_sample": process.clip_x0,
        "clip_sample_range": 1.0,
        "prediction_type": predictions[str(process.parameterization)],
        "variance_type": process.variance,
        # The only spacing that includes both end points, as NoiseSchedule.strided does.
        "timestep_spacing": "linspace",
        "thresholding": False,
        "steps_offset": 0,
    }


def _continuous(fields: Config, name: str, learned_variance: bool) -> DiffusionProcess:
    """Return the process of a network conditioned on σ (EDM) or flow time (flow matching)."""
    if learned_variance:
        raise ValueError("a learned variance does not go with its scheduler")
    return DiffusionProcess(NoiseSchedule.named(name, _num_timesteps(fields)), name, "fixed_small")


def _num_timesteps(fields: Config) -> int:
    T = int(fields.get("num_train_timesteps", 1000))
    if not 2 <= T <= _MAX_TIMESTEPS:
        raise ValueError(f"num_train_timesteps must be 2..{_MAX_TIMESTEPS}, not {T:.6g}")
    return T


def _schedule(fields: Config, first: float, last: float) -> NoiseSchedule:
    betas = fields.get("trained_betas")
    if betas is not None:
        if not isinstance(betas, list) or len(betas) > _MAX_TIMESTEPS:
            raise ValueError(f"trained_betas is no list of at most {_MAX_TIMESTEPS:,}")
        given = [float(beta) for beta in betas]
        return NoiseSchedule.from_betas(given, zero_terminal_snr=given[-1:] == [1.0])
    T = _num_timesteps(fields)
    start = float(fields.get("beta_start", first))
    end = float(fields.get("beta_end", last))
    match fields.get("beta_schedule", "linear"):
        case "linear":
            return NoiseSchedule.from_betas(linear(T, start, end))
        case "scaled_linear":
            return NoiseSchedule.from_betas(quadratic(T, start, end))
        case "squaredcos_cap_v2":
            return NoiseSchedule.from_betas(cosine(T))
        case "sigmoid":
            return NoiseSchedule.from_betas(sigmoid(T, start, end))
        case other:
            allowed = "linear, scaled_linear, squaredcos_cap_v2 or sigmoid"
            raise UnsupportedFieldError("beta_schedule", other, allowed)


def _beta_fields(schedule: NoiseSchedule) -> dict[str, Any]:
    """Return the fields of a schedule: by name where diffusers knows it, else as trained_betas."""
    betas, T = schedule.betas, schedule.T
    start, end = float(betas[0]), float(betas[-1])
    if torch.allclose(betas, linear(T, start, end), rtol=1e-12, atol=0):
        return {"beta_schedule": "linear", "beta_start": start, "beta_end": end}
    if torch.allclose(betas, cosine(T), rtol=1e-12, atol=0):
        return {"beta_schedule": "squaredcos_cap_v2"}
    return {"beta_schedule": "linear", "trained_betas": betas.tolist()}


def require(field: str, value: Any, allowed: tuple[Any, ...]) -> None:
    """Check that a field has one of the allowed values; floats may differ by a relative 1e-6.

    Raises:
        UnsupportedFieldError: the value is not allowed; the message names the field.
    """
    for option in allowed:
        if isinstance(option, float) and isinstance(value, int | float):
            if math.isclose(value, option, rel_tol=1e-6):
                return
        elif value == option:
            return
    raise UnsupportedFieldError(field, value, " or ".join(repr(option) for option in allowed))
