"""Computations for the chapters of Learn: concepts of the lecture, computed by the engine."""
