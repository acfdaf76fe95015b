"""Table of samplers of the reverse process."""

from __future__ import annotations

from dataclasses import dataclass, field

from ddpm_studio.engine.tables.entry import Entry, Option, Table

_PACKAGE = "ddpm_studio.engine.samplers"
UNIFORM = f"{_PACKAGE}.grid:uniform"
LOG_SNR = f"{_PACKAGE}.grid:log_snr"
KARRAS = f"{_PACKAGE}.grid:karras"
CONSISTENCY = f"{_PACKAGE}.grid:consistency"

ETA = Option("eta", "η", "ddim's noise: 0 deterministic, 1 as ancestral.", 0.0, 0.0, 1.0)
# The defaults are the paper's for ImageNet [EDM table 5].
S_CHURN = Option("s_churn", "S_churn", "New noise of all steps; 0: none.", 40.0, 0.0, 100.0)
S_TMIN = Option("s_tmin", "S_tmin", "The lowest σ with new noise.", 0.05, 0.0, 100.0)
S_TMAX = Option("s_tmax", "S_tmax", "The highest σ with new noise.", 50.0, 0.0, 100.0)
S_NOISE = Option("s_noise", "S_noise", "Size of the new noise; 1: as σ asks.", 1.003, 0.5, 2.0)


@dataclass(frozen=True, eq=False)
class SamplerInfo(Entry):
    """Sampler; its code is a :class:`ddpm_studio.engine.samplers.run_sampler.Sampler`.

    Args:
        deterministic: x_0 is a function of x_T (with η = 0).
        default_steps: default number of steps; None: all T.
        evaluations: approximate evaluations of the network per step; 0: adaptive.
        grid: reference to the timestep grid, a function of (schedule, steps, t).
        adaptive: evaluates the network also between its steps. It gets the schedule of all
            timesteps up to t; its steps, or the points at which to yield frames if it chooses its
            own steps, are passed as ``frame_indices``.
        uses_variance: its noise has the process's variance.
        needs_signal: needs σ or ln ᾱ, hence can't start from T under zero terminal SNR.
        few_step: only for few-step students, which support no other sampler; takes all its steps
            from any t.
        featured: one of the few that the playground shows side by side.
    """

    deterministic: bool = field(kw_only=True)
    default_steps: int | None = field(default=None, kw_only=True)
    evaluations: int = field(default=1, kw_only=True)
    grid: str = field(default=UNIFORM, kw_only=True)
    adaptive: bool = field(default=False, kw_only=True)
    uses_variance: bool = field(default=False, kw_only=True)
    needs_signal: bool = field(default=False, kw_only=True)
    few_step: bool = field(default=False, kw_only=True)
    featured: bool = field(default=False, kw_only=True)

    @property
    def uses_eta(self) -> bool:
        """Whether it has the option η: deterministic at 0, with noise above."""
        return self.accepts(ETA.name)

    def accepts(self, option: str) -> bool:
        """Whether a request's field of this name has an effect on the sampler."""
        return self.uses_variance if option == "variance" else super().accepts(option)


#: The best sampler at few evaluations early in a training: its noise corrects the errors of the
#: network, whose pictures by deterministic samplers are still half noise.
FEW_STEPS = "dpm++2m-sde"

_DPM = f"{_PACKAGE}.dpm_solver:dpm_solver"

SAMPLERS = Table(
    "sampler",
    SamplerInfo,
    (
        SamplerInfo(
            "ddpm",
            "DDPM",
            "ancestral (Algorithm 2)",
            f"{_PACKAGE}.ancestral:ancestral",
            deterministic=False,
            uses_variance=True,
            featured=True,
        ),
        SamplerInfo(
            "ddim",
            "DDIM",
            "fewer steps, without noise unless η is above 0",
            f"{_PACKAGE}.ddim:ddim",
            options=(ETA,),
            deterministic=True,
            default_steps=50,
            featured=True,
        ),
        SamplerInfo(
            "dpm++2m",
            "DPM-Solver++ 2M",
            "second order in λ, without noise",
            _DPM,
            arguments={"order": 2},
            deterministic=True,
            default_steps=25,
            grid=LOG_SNR,
            featured=True,
        ),
        SamplerInfo(
            "dpm++2m-sde",
            "DPM-Solver++ 2M SDE",
            "second order in λ; its noise mends what the network gets wrong",
            _DPM,
            arguments={"order": 2, "sde": True},
            deterministic=False,
            default_steps=25,
            grid=LOG_SNR,
        ),
        SamplerInfo(
            "dpm++1",
            "DPM-Solver++ 1",
            "first order in λ, without noise",
            _DPM,
            arguments={"order": 1},
            deterministic=True,
            default_steps=25,
            grid=LOG_SNR,
        ),
        SamplerInfo(
            "dpm++1-sde",
            "DPM-Solver++ 1 SDE",
            "first order in λ, with noise",
            _DPM,
            arguments={"order": 1, "sde": True},
            deterministic=False,
            default_steps=25,
            grid=LOG_SNR,
        ),
        SamplerInfo(
            "dpm++3m",
            "DPM-Solver++ 3M",
            "two steps before are used too; without noise",
            _DPM,
            arguments={"order": 3},
            deterministic=True,
            default_steps=25,
            grid=LOG_SNR,
        ),
        SamplerInfo(
            "dpm++3m-sde",
            "DPM-Solver++ 3M SDE",
            "two steps before are used too; with noise",
            _DPM,
            arguments={"order": 3, "sde": True},
            deterministic=False,
            default_steps=25,
            grid=LOG_SNR,
        ),
        SamplerInfo(
            "unipc",
            "UniPC",
            "third order in λ, each step corrected by the next evaluation",
            f"{_PACKAGE}.unipc:unipc",
            deterministic=True,
            default_steps=20,
            grid=LOG_SNR,
        ),
        SamplerInfo(
            "heun",
            "Heun (EDM)",
            "second order in σ, two evaluations a step",
            f"{_PACKAGE}.edm:heun",
            deterministic=True,
            default_steps=18,
            evaluations=2,
            grid=KARRAS,
            featured=True,
        ),
        SamplerInfo(
            "euler",
            "Euler (EDM)",
            "first order in σ",
            f"{_PACKAGE}.edm:euler",
            deterministic=True,
            default_steps=35,
            grid=KARRAS,
        ),
        SamplerInfo(
            "edm-churn",
            "EDM with churn",
            "Heun's steps, each from a little more noise than there was",
            f"{_PACKAGE}.edm_churn:edm_churn",
            options=(S_CHURN, S_TMIN, S_TMAX, S_NOISE),
            deterministic=False,
            default_steps=50,
            evaluations=2,
            grid=KARRAS,
            adaptive=True,
        ),
        SamplerInfo(
            "sde",
            "reverse SDE",
            "Euler–Maruyama",
            f"{_PACKAGE}.sde:euler_maruyama",
            deterministic=False,
            needs_signal=True,
        ),
        SamplerInfo(
            "pc",
            "predictor–corrector",
            "an ancestral step, then Langevin's at the same t",
            f"{_PACKAGE}.sde:predictor_corrector",
            deterministic=False,
            evaluations=2,
            uses_variance=True,
        ),
        SamplerInfo(
            "ode",
            "probability flow",
            "an adaptive solver of the ordinary differential equation",
            f"{_PACKAGE}.flow:probability_flow",
            deterministic=True,
            default_steps=50,
            evaluations=0,
            adaptive=True,
            needs_signal=True,
        ),
        SamplerInfo(
            "langevin",
            "Langevin",
            "annealed: many steps at each of few t",
            f"{_PACKAGE}.sde:annealed_langevin",
            deterministic=False,
            default_steps=200,
            evaluations=5,
            grid=LOG_SNR,
            needs_signal=True,
        ),
        SamplerInfo(
            "consistency",
            "Consistency",
            "of few-step students, in 1, 2 or 4 steps: the picture at once, noise anew at "
            "σ = 0.8, the picture again",
            f"{_PACKAGE}.consistency:multistep_consistency",
            deterministic=False,
            default_steps=2,
            grid=CONSISTENCY,
            needs_signal=True,
            few_step=True,
        ),
    ),
)
