"""Reusable widgets, independent of diffusion models: pictures, plots, forms, layout."""
