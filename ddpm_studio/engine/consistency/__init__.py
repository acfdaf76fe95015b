"""Consistency models: from x_t to its x_0 in one evaluation, tuned from a diffusion model."""
