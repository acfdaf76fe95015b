"""The mathematics of denoising diffusion, on torch; nothing of the project is imported."""

from ddpm_studio.engine.device.layout import Precision
from ddpm_studio.engine.ema import EMA
from ddpm_studio.engine.guidance import Guided
from ddpm_studio.engine.latents import encode, mix, mix_corners
from ddpm_studio.engine.losses import TrainingLoss, l_simple
from ddpm_studio.engine.networks.half import in_bf16
from ddpm_studio.engine.networks.unet import UNet, UNetConfig
from ddpm_studio.engine.noise import PictureNoise, derive_seed
from ddpm_studio.engine.process import DiffusionProcess
from ddpm_studio.engine.samplers import Frame, ancestral, ddim
from ddpm_studio.engine.schedules.schedule import NoiseSchedule
from ddpm_studio.engine.training import Trainer, TrainingConfig

__all__ = [
    "EMA",
    "DiffusionProcess",
    "Frame",
    "Guided",
    "NoiseSchedule",
    "PictureNoise",
    "Precision",
    "Trainer",
    "TrainingConfig",
    "TrainingLoss",
    "UNet",
    "UNetConfig",
    "ancestral",
    "ddim",
    "derive_seed",
    "encode",
    "in_bf16",
    "l_simple",
    "mix",
    "mix_corners",
]
