"""Readers of data formats (folders, archives, NumPy, IDX, …), which treat input as untrusted."""
