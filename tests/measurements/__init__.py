"""Measurements that need trained models: too long for tests, next to the benchmarks."""
