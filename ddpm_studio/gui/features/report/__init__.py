"""The report of a run: its dialog, and the action that writes and opens it."""
