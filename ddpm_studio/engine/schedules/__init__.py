"""Noise schedules: β_1 … β_T and the tables derived from them."""
