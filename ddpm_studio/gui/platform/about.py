"""About dialog: the version of the program and of its main dependencies."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from ddpm_studio import __version__

_PARTS = ("torch", "PySide6-Essentials", "pyqtgraph", "numpy", "pillow")


def show_about(parent: QWidget) -> None:
    """Open the about box and return at once, without blocking the event loop."""
    box = QMessageBox(parent)
    box.setWindowTitle(QCoreApplication.translate("About", "About DDPM Studio"))
    box.setText(f"DDPM Studio {__version__}")
    box.setInformativeText(
        QCoreApplication.translate(
            "About", "Train, watch and understand denoising diffusion models. MIT licence."
        )
        + "\n\n"
        + "\n".join(versions())
    )
    box.open()


def versions() -> list[str]:
    """Return one line per main dependency: package name and installed version."""
    return [f"{part} {_version(part)}" for part in _PARTS]


def _version(part: str) -> str:
    try:
        return version(part)
    except PackageNotFoundError:
        return "–"
