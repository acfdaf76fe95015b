"""Sizes in pixels as they are written for people, the width first; torch-free."""

from __future__ import annotations


def size_text(width: int, height: int) -> str:
    """Return both sides: "96 × 64"."""
    return f"{width} × {height}"


def side_text(width: int, height: int) -> str:
    """Return the one side of a square, else both: "32", "96 × 64"."""
    return str(width) if width == height else size_text(width, height)
