"""Pinned pictures."""
