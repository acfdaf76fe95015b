"""Likelihood in bits/dim: variational bound (ELBO) and exact likelihood by the probability flow."""
