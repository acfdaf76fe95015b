"""Plots: losses, curves, bars, heat maps."""
