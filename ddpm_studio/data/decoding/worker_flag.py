"""Command-line flag that starts the program as a decoding process; imports nothing."""

WORKER_FLAG = "--look-at-pictures"
"""Command-line flag that makes the frozen program run as one of its decoding processes."""
