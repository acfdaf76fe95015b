"""Training a run, from the data to checkpoints, and what can go wrong on the way."""
