"""Ranks of distributed training: placement, start, heartbeats, work sharing and shutdown."""
