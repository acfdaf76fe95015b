"""Interpolation in latent space: between two pictures, among four, or along a path."""
