from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.catalogue.concepts import CONCEPTS
from ddpm_studio.gui.features.learn.kl_chapter import KLChapter
from ddpm_studio.gui.features.learn.learn_panel import LearnPanel
from ddpm_studio.gui.features.learn.presenter import Presenter
from ddpm_studio.gui.theme.theme import Theme
from tests.gui.panel_help import WAIT, opened

_NAMES = list(CONCEPTS)


def presented(qtbot: QtBot, learn: LearnPanel, size: tuple[int, int]) -> Presenter:
    learn.present()
    presenter = learn.presenter
    assert presenter is not None
    presenter.showNormal()
    presenter.resize(*size)
    qtbot.waitExposed(presenter)
    return presenter


@pytest.mark.parametrize("size", [(1280, 800), (2560, 1440)])
def test_arrow_keys_turn_one_thing_at_a_time_and_escape_leaves(
    qtbot: QtBot, backend: Backend, tiny_run: Path, theme: Theme, size: tuple[int, int]
) -> None:
    window = opened(qtbot, backend, tiny_run)
    learn = window.tool(LearnPanel)
    window.show_tool(learn)
    learn.show_concept("posterior")
    presenter = presented(qtbot, learn, size)
    assert presenter.zoom == pytest.approx(size[1] / 560)
    text_slide = presenter.text_slide
    assert text_slide.isVisible()
    assert text_slide.title.text() == CONCEPTS["posterior"].title
    assert text_slide.title.font().pixelSize() * presenter.zoom > 45
    seen = presenter.viewport().width() / presenter.zoom
    assert text_slide.width() == pytest.approx(seen, abs=1)
    QTest.keyClick(presenter, Qt.Key.Key_Right)
    assert presenter.live.isVisible()
    assert not text_slide.isVisible()
    assert learn.chapter is not None
    qtbot.waitUntil(learn.chapter.isVisible, timeout=WAIT)
    QTest.keyClick(presenter, Qt.Key.Key_PageDown)
    assert presenter.concept is CONCEPTS["kl"]
    QTest.keyClick(presenter, Qt.Key.Key_Right)
    kl = learn.chapter
    assert isinstance(kl, KLChapter)
    qtbot.waitUntil(lambda: kl.result is not None, timeout=WAIT)
    QTest.keyClick(presenter, Qt.Key.Key_Left)
    QTest.keyClick(presenter, Qt.Key.Key_Left)
    assert presenter.slide == 2 * _NAMES.index("posterior") + 1
    QTest.keyClick(presenter, Qt.Key.Key_End)
    assert presenter.concept is CONCEPTS["steps"]
    QTest.keyClick(presenter, Qt.Key.Key_Right)
    assert presenter.slide == 2 * len(_NAMES) - 1, "the last stays"
    QTest.keyClick(presenter, Qt.Key.Key_Home)
    assert presenter.slide == 0
    QTest.keyClick(presenter, Qt.Key.Key_Escape)
    assert learn.presenter is None
    assert learn.pages.isVisible()
    assert learn.pages.window() is window
    assert learn.concept is CONCEPTS["data"], "where it was left"


def test_every_live_place_fits_the_width_of_the_screen(
    qtbot: QtBot, backend: Backend, tiny_run: Path, theme: Theme
) -> None:
    window = opened(qtbot, backend, tiny_run)
    learn = window.tool(LearnPanel)
    window.show_tool(learn)
    presenter = presented(qtbot, learn, (1280, 800))
    for number, name in enumerate(_NAMES):
        if CONCEPTS[name].chapter.endswith("PlaygroundPanel"):
            continue  # The playground would train first.
        presenter.show_slide(2 * number + 1)
        qtbot.wait(20)
        chapter = learn.chapter
        assert chapter is not None
        assert chapter.isVisible(), name
        assert chapter.width() <= learn.pages.width(), name
        assert chapter.minimumSizeHint().width() <= learn.pages.width(), name
    presenter.close()
