"""Figures that need trained models: too long for a test, kept beside the benchmarks."""
