"""Number of pictures as translated text."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def picture_count(count: int) -> str:
    """Return a number of pictures as text: "1 picture", "2,500 pictures"."""
    translate = QCoreApplication.translate
    if count == 1:
        return translate("PictureCount", "1 picture")
    return translate("PictureCount", "{n} pictures").format(n=f"{count:,}")
