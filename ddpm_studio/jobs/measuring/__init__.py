"""Measuring: bits/dim, the variational bound, decoding, nearest neighbours and metrics."""
