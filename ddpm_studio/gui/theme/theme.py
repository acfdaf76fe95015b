"""Theme of the application: light, dark, or following the system."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Qt, QTemporaryDir, Signal
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from ddpm_studio.gui.theme.stylesheet import stylesheet
from ddpm_studio.gui.theme.tokens import DARK, FONT_BODY, LIGHT, Tokens

Mode = Literal["system", "light", "dark"]

_SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}


class Theme(QObject):
    """Look of the application; ``changed`` is emitted after each change of the design tokens.

    Args:
        mode: ``system`` follows the desktop, also while the program runs.
        parent: the owner.
    """

    changed = Signal()

    def __init__(self, mode: Mode = "system", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mode: Mode = mode
        self._app: QApplication | None = None
        self._system_is_dark = False
        self._switching = False
        self._tokens = LIGHT if mode == "light" else DARK
        self._folder = QTemporaryDir()

    @property
    def mode(self) -> Mode:
        """The mode chosen: ``system``, ``light`` or ``dark``."""
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        if mode == self._mode:
            return
        self._mode = mode
        self._switch()

    @property
    def tokens(self) -> Tokens:
        """The design tokens in use."""
        return self._tokens

    @property
    def is_dark(self) -> bool:
        """Whether the dark tokens are in use."""
        return self._tokens is DARK

    @property
    def folder(self) -> Path:
        """Temporary folder for icons tinted in the theme's colours; deleted with the theme."""
        return Path(self._folder.path())

    def color(self, token: str) -> QColor:
        """Return the colour of a token by name; AttributeError if there is no such token."""
        return QColor(str(getattr(self._tokens, token)))

    def plot_color(self, index: int) -> str:
        """Return the plot colour ``#rrggbb`` of a run by its index, modulo the palette."""
        return self._tokens.plot[index % len(self._tokens.plot)]

    def apply(self, app: QApplication) -> None:
        """Apply style, font, palette and style sheet, and follow the desktop's colour scheme."""
        global _current
        _current = self
        if self._app is None:
            # Where the platform reports no colour scheme, infer it from the window's background.
            background = app.palette().color(QPalette.ColorRole.Window)
            self._system_is_dark = background.lightness() < 128
            app.styleHints().colorSchemeChanged.connect(self._follow)
        self._app = app
        app.setStyle("Fusion")
        app.setFont(body_font())
        self._switch()

    def _follow(self) -> None:
        if self._mode == "system" and not self._switching:
            self._switch()

    def _switch(self) -> None:
        if self._app is None:
            self._tokens = self._chosen(Qt.ColorScheme.Unknown)
            return
        hints = self._app.styleHints()
        # Setting the scheme emits colorSchemeChanged at once.
        self._switching = True
        try:
            hints.setColorScheme(_SCHEMES[self._mode])
        finally:
            self._switching = False
        self._tokens = self._chosen(hints.colorScheme())
        self._app.setPalette(_palette(self._tokens))
        self._app.setStyleSheet(stylesheet(self._tokens, self.folder))
        self.changed.emit()

    def _chosen(self, system: Qt.ColorScheme) -> Tokens:
        if self._mode != "system":
            return DARK if self._mode == "dark" else LIGHT
        if system == Qt.ColorScheme.Unknown:
            return DARK if self._system_is_dark else LIGHT
        return DARK if system == Qt.ColorScheme.Dark else LIGHT


_current: Theme | None = None


def current_theme() -> Theme:
    """Return the theme that was applied last, or a new one that is not applied yet."""
    global _current
    if _current is None:
        _current = Theme()
    return _current


def body_font(pixels: int = FONT_BODY, *, bold: bool = False) -> QFont:
    """Return the application font at a size in logical pixels, with tabular figures."""
    font = QFont(QApplication.font())
    font.setPixelSize(pixels)
    font.setFeature(QFont.Tag("tnum"), 1)
    if bold:
        font.setWeight(QFont.Weight.DemiBold)
    return font


def _palette(tokens: Tokens) -> QPalette:
    roles = {
        QPalette.ColorRole.Window: tokens.ground,
        QPalette.ColorRole.WindowText: tokens.text,
        QPalette.ColorRole.Base: tokens.panel,
        QPalette.ColorRole.AlternateBase: tokens.hover,
        QPalette.ColorRole.Text: tokens.text,
        QPalette.ColorRole.Button: tokens.raised,
        QPalette.ColorRole.ButtonText: tokens.text,
        QPalette.ColorRole.BrightText: tokens.danger,
        QPalette.ColorRole.ToolTipBase: tokens.raised,
        QPalette.ColorRole.ToolTipText: tokens.text,
        QPalette.ColorRole.PlaceholderText: tokens.muted,
        QPalette.ColorRole.Highlight: tokens.accent,
        QPalette.ColorRole.HighlightedText: tokens.on_accent,
        QPalette.ColorRole.Link: tokens.accent,
        QPalette.ColorRole.LinkVisited: tokens.accent,
        QPalette.ColorRole.Accent: tokens.accent,
        QPalette.ColorRole.Light: tokens.hover,
        QPalette.ColorRole.Midlight: tokens.hover,
        QPalette.ColorRole.Mid: tokens.line,
        QPalette.ColorRole.Dark: tokens.line,
        QPalette.ColorRole.Shadow: tokens.ground,
    }
    palette = QPalette()
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.disabled))
    return palette
