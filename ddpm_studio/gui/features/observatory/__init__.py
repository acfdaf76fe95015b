"""The training observatory: curves, samples and runs side by side."""
