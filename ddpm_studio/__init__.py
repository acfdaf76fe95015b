"""DDPM Studio: train, watch and understand denoising diffusion models."""

__version__ = "0.1.0"
