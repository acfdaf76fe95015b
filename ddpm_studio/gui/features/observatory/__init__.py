"""Training observatory: curves, samples, evaluations and comparison of runs."""
