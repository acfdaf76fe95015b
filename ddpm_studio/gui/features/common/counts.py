"""Counts with their noun, in the window's language."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def counted(count: int, one: str, many: str) -> str:
    """Return the text of a count, both translated: ``one`` for 1, else ``many`` with its {n}."""
    return one if count == 1 else many.format(n=f"{count:,}")


def picture_count(count: int) -> str:
    """Return a number of pictures as text: "1 picture", "2,500 pictures"."""
    translate = QCoreApplication.translate
    return counted(
        count, translate("PictureCount", "1 picture"), translate("PictureCount", "{n} pictures")
    )


def step_count(count: int) -> str:
    """Return a number of steps as text: "1 step", "2,500 steps"."""
    translate = QCoreApplication.translate
    return counted(count, translate("StepCount", "1 step"), translate("StepCount", "{n} steps"))
