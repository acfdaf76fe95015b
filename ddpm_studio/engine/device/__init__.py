"""What a device asks for: CUDA graphs, half precision, memory layout."""
