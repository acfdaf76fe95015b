"""The word that makes the program a decoding process; it imports nothing."""

WORKER_WORD = "--look-at-pictures"
"""The word on the command line that makes the frozen program one of its decoding processes."""
