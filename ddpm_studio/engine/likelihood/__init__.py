"""Bits: the variational bound, its parts, and the exact likelihood by the probability flow."""
