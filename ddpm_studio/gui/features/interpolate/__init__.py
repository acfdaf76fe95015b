"""Interpolate: two pictures, four corners, or a path."""
