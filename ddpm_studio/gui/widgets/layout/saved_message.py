"""Message that a file was saved, with a button to show its folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QUrl
from PySide6.QtGui import QDesktopServices

from ddpm_studio.gui.widgets.layout.message_bar import MessageBar


def show_saved_message(messages: MessageBar, path: Path) -> None:
    """Show where a file or folder was saved, with a button to open its folder."""
    translate = QCoreApplication.translate
    messages.show_message(
        translate("SavedMessage", "Saved to {path}").format(path=path),
        action=translate("SavedMessage", "Show in folder"),
        callback=partial(QDesktopServices.openUrl, QUrl.fromLocalFile(str(path.parent))),
        topic="saved",
    )
