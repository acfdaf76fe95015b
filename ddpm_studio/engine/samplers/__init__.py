"""Samplers: generators from (process, model, x_t, noise) that yield Frames and return x_0."""

from ddpm_studio.engine.samplers.ancestral import ancestral
from ddpm_studio.engine.samplers.consistency import consistency_inpaint, multistep_consistency
from ddpm_studio.engine.samplers.ddim import ddim
from ddpm_studio.engine.samplers.dpm_solver import dpm_solver
from ddpm_studio.engine.samplers.edm import euler, heun
from ddpm_studio.engine.samplers.edm_churn import edm_churn
from ddpm_studio.engine.samplers.flow import probability_flow
from ddpm_studio.engine.samplers.frame import Frame, Frames
from ddpm_studio.engine.samplers.inpaint import inpaint
from ddpm_studio.engine.samplers.inversion import ddim_inversion
from ddpm_studio.engine.samplers.sde import annealed_langevin, euler_maruyama, predictor_corrector
from ddpm_studio.engine.samplers.unipc import unipc
from ddpm_studio.engine.tables.samplers import SAMPLERS, SamplerInfo

__all__ = [
    "SAMPLERS",
    "Frame",
    "Frames",
    "SamplerInfo",
    "ancestral",
    "annealed_langevin",
    "consistency_inpaint",
    "ddim",
    "ddim_inversion",
    "dpm_solver",
    "edm_churn",
    "euler",
    "euler_maruyama",
    "heun",
    "inpaint",
    "multistep_consistency",
    "predictor_corrector",
    "probability_flow",
    "unipc",
]
