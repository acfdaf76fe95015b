"""Widgets that know nothing of diffusion: pictures, numbers, plots, drops."""
