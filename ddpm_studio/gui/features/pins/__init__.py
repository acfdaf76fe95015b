"""The Pins dock: pinned pictures."""
