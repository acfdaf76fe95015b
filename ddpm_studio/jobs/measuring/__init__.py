"""Measuring: bits/dim, the bound and its parts, decoding, nearest neighbours, evaluations."""
