"""Formatting of sizes in pixels, width first; torch-free."""

from __future__ import annotations


def size_text(width: int, height: int) -> str:
    """Format both sides: "96 × 64"."""
    return f"{width} × {height}"


def side_text(width: int, height: int) -> str:
    """Format one side for a square, else both: "32", "96 × 64"."""
    return str(width) if width == height else size_text(width, height)
