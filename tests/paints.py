"""Counter of a widget's paint events."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject


class PaintCounter(QObject):
    """Event filter that counts the paint events of the objects it is installed on."""

    def __init__(self) -> None:
        super().__init__()
        self.painted = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Count paint events; filter nothing out."""
        self.painted += event.type() == QEvent.Type.Paint
        return False
