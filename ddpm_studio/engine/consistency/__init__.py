"""Consistency models: one-step generation of x_0 from x_t, tuned from a diffusion model (ECT)."""
