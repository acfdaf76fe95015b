"""Noise schedules: β_1 … β_T and all that follows from them."""
