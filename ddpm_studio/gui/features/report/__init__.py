"""The report of a run: asked for, written, opened."""
