"""Training of a run, from preparing the data set to checkpoints, and its failures."""
