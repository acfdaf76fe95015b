"""Denoising networks (U-Nets, diffusion transformer) and their registry."""
