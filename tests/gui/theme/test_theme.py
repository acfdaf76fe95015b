from __future__ import annotations

import gc
import weakref

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.platform.images import to_array
from ddpm_studio.gui.theme.icons import icon, icon_pixmap, set_icon
from ddpm_studio.gui.theme.theme import Theme, body_font, current_theme
from ddpm_studio.gui.theme.tokens import DARK, LIGHT, channels
from ddpm_studio.paths import resources_dir


def strongest(shown: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal) -> tuple[int, ...]:
    """The colour of an icon's most opaque pixel."""
    image = shown.pixmap(QSize(64, 64), mode).toImage()
    colours = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    colour = max(colours, key=QColor.alpha)
    assert colour.alpha() == 255
    return colour.red(), colour.green(), colour.blue()


def test_applying_dresses_the_application(qtbot: QtBot, theme: Theme) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    assert current_theme() is theme
    assert app.palette().color(QPalette.ColorRole.Window).name() == DARK.ground
    assert app.font().pixelSize() == 13


def test_a_switch_repaints_what_is_shown(qtbot: QtBot, theme: Theme) -> None:
    button = QPushButton()
    qtbot.addWidget(button)
    button.resize(80, 40)
    for mode, tokens in (("dark", DARK), ("light", LIGHT)):
        theme.mode = mode  # type: ignore[assignment]
        middle = to_array(button.grab())[20, 40]
        assert tuple(middle) == channels(tokens.raised)
        assert theme.tokens is tokens
        assert theme.is_dark == (mode == "dark")


def test_a_switch_is_told_once_and_no_switch_not_at_all(qtbot: QtBot, theme: Theme) -> None:
    told: list[str] = []
    theme.changed.connect(lambda: told.append(theme.tokens.name))
    theme.mode = "dark"
    assert told == []
    theme.mode = "light"
    assert told == ["light"]


def test_without_a_system_scheme_the_platforms_own_colours_decide(qtbot: QtBot) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    for ground, tokens in (("#202020", DARK), ("#fafafa", LIGHT)):
        palette = QPalette(app.palette())
        palette.setColor(QPalette.ColorRole.Window, QColor(ground))
        app.setPalette(palette)
        theme = Theme("system")
        theme.apply(app)
        assert theme.tokens is tokens
    app.setStyleSheet("")


def test_icons_have_the_colour_of_their_role(qtbot: QtBot, theme: Theme) -> None:
    assert strongest(icon("square")) == channels(DARK.text)
    assert strongest(icon("square", "danger")) == channels(DARK.danger)
    assert strongest(icon("square"), QIcon.Mode.Disabled) == channels(DARK.disabled)


def test_icons_are_drawn_at_the_screens_ratio(qtbot: QtBot, theme: Theme) -> None:
    pixmap = icon_pixmap("play", 16, 2.0)
    assert pixmap.size() == QSize(32, 32)
    assert pixmap.devicePixelRatio() == 2


def test_icons_follow_the_theme_without_keeping_their_wearer(qtbot: QtBot, theme: Theme) -> None:
    button = QToolButton()
    set_icon(button, "square")
    theme.mode = "light"
    assert strongest(button.icon()) == channels(LIGHT.text)
    gone = weakref.ref(button)
    del button
    gc.collect()
    assert gone() is None
    theme.mode = "dark"


def test_buttons_that_qt_made_follow_the_theme_too(qtbot: QtBot, theme: Theme) -> None:
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    qtbot.addWidget(box)
    for press in box.buttons():
        set_icon(press, "x")
    del press
    gc.collect()

    theme.mode = "light"
    (press,) = box.buttons()
    assert strongest(press.icon()) == channels(LIGHT.text)


def test_an_unknown_icon_is_an_error(qtbot: QtBot, theme: Theme) -> None:
    with pytest.raises(KeyError):
        icon("no-such-icon")


def test_every_icon_that_ships_can_be_tinted(qtbot: QtBot, theme: Theme) -> None:
    names = [path.stem for path in (resources_dir() / "icons").glob("*.svg")]
    assert len(names) > 50
    for name in names:
        if name != "app":
            assert strongest(icon(name)) == channels(DARK.text), name


def test_figures_are_of_equal_width(qtbot: QtBot, theme: Theme) -> None:
    font = body_font(11, bold=True)
    assert font.pixelSize() == 11
    assert font.bold() or font.weight() >= 600
    assert [tag.toString().data() for tag in font.featureTags()] == [b"tnum"]
