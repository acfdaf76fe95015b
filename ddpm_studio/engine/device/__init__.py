"""Device code: CUDA graphs, half precision, memory format, data parallelism."""
