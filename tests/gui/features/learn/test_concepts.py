"""Concepts of the lecture: each has a chapter in Learn with live pictures or curves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.catalogue.concepts import CONCEPTS, PARTS, concepts_of
from ddpm_studio.gui.features.learn import playground_panel
from ddpm_studio.gui.features.learn.chain_view import ChainView
from ddpm_studio.gui.features.learn.curve_view import CurveView
from ddpm_studio.gui.features.learn.dot_plot import DotPlot
from ddpm_studio.gui.features.learn.learn_panel import LearnPanel
from ddpm_studio.gui.features.learn.picture_tile import PictureTile
from ddpm_studio.gui.features.learn.point_plot import PointPlot
from ddpm_studio.gui.features.learn.samples_chapter import SamplesChapter
from ddpm_studio.gui.features.learn.typeset import typeset
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid
from ddpm_studio.requests import PlaygroundRequest
from tests.gui.panel_help import WAIT, opened


def shown(page: QWidget) -> set[str]:
    """Return the kinds of views that are visible on a page and have contents."""
    found: dict[str, Sequence[QWidget]] = {
        "curve": [v for v in page.findChildren(CurveView) if any(len(c.x) for c in v.curves)],
        "picture": [v for v in page.findChildren(PictureTile) if v.picture is not None],
        "grid": [v for v in page.findChildren(PictureGrid) if v.count],
        "chain": [v for v in page.findChildren(ChainView) if v.pictures is not None],
        "points": [v for v in page.findChildren(PointPlot) if v.points is not None],
        "estimates": [v for v in page.findChildren(DotPlot) if v.rows],
    }
    return {kind for kind, views in found.items() if any(view.isVisible() for view in views)}


def _is_seen(chapter: QWidget) -> bool:
    return bool(shown(chapter))


@pytest.fixture
def window(
    qtbot: QtBot, backend: Backend, tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> MainWindow:
    # The playground trains for fewer steps than it would for a user.
    def brief(**given: object) -> PlaygroundRequest:
        return PlaygroundRequest(**given, steps=20)

    monkeypatch.setattr(playground_panel, "PlaygroundRequest", brief)
    return opened(qtbot, backend, tiny_run)


def test_there_are_the_lecture_s_22_in_its_order(qtbot: QtBot) -> None:
    assert len(CONCEPTS) == 22
    assert [one for part in PARTS for one in concepts_of(part)] == list(CONCEPTS.values())
    assert len({one.title for one in CONCEPTS.values()}) == 22
    for one in CONCEPTS.values():
        assert one.sentence.endswith(".")
        assert one.lecture
        assert one.paper
        assert typeset(one.equation, 16).width > 0
        assert "_" not in one.title + one.sentence


def test_each_is_found_by_its_name_and_shows_pictures_or_curves(
    qtbot: QtBot, window: MainWindow
) -> None:
    learn = window.tool(LearnPanel)
    assert learn.index.concepts() == list(CONCEPTS)
    window.helping.show_palette()
    palette = window.helping.palette
    assert palette is not None
    for one in CONCEPTS.values():
        palette.open_centred()
        palette.field.setText(one.title)
        found = (palette.list.item(row) for row in range(palette.list.count()))
        # A tool's tab may have the same title.
        first = next(item for item in found if item is not None and "Learn" in item.text())
        assert first.text().startswith(one.title)
        palette.list.itemClicked.emit(first)
        assert learn.concept is one
        chapter = learn.chapter
        assert chapter is not None
        qtbot.waitUntil(partial(_is_seen, chapter), timeout=WAIT)
        assert learn.isVisible(), one.name
        assert chapter.isVisible(), one.name


def test_what_the_tour_and_the_readme_promise_is_found_by_their_words(window: MainWindow) -> None:
    window.helping.show_palette()
    palette = window.helping.palette
    assert palette is not None
    for words in ("points in the plane", "plane"):
        palette.open_centred()
        palette.field.setText(words)
        found = [palette.list.item(row).text() for row in range(palette.list.count())]
        assert any(one.startswith(CONCEPTS["parametric"].title) for one in found)


def test_the_index_leads_there_and_arrows_go_on(window: MainWindow) -> None:
    learn = window.tool(LearnPanel)
    window.show_tool(learn)
    assert learn.chapter is None
    assert learn.index.isVisible()
    window.resize(1024, 700)
    QApplication.processEvents()
    for row in range(learn.index.rowCount()):
        # No sentence is cut off: each row is as high as its text.
        assert learn.index.rowHeight(row) >= learn.index.sizeHintForRow(row)
    cells = ((row, learn.index.item(row, 0)) for row in range(learn.index.rowCount()))
    row = next(row for row, cell in cells if cell is not None and "Markov" in cell.text())
    learn.index.cellClicked.emit(row, 1)
    assert _named(learn) == "markov"
    assert CONCEPTS["markov"].sentence in learn.sentence.text()
    learn.next.click()
    assert _named(learn) == "reverse"
    learn.back.click()
    learn.back.click()
    assert _named(learn) == "physics"
    learn.index_button.click()
    assert _named(learn) == ""
    assert not learn.step_by(-1)


def test_pictures_of_the_data_are_of_all_classes_as_the_samples_are(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    for folder, level in (("dark", 40), ("light", 220)):
        (tmp_path / "shades" / folder).mkdir(parents=True)
        for k in range(20):
            picture = np.full((16, 16, 3), level + k, np.uint8)
            Image.fromarray(picture).save(tmp_path / "shades" / folder / f"{k:02}.png")
    window.actions_["learn.data"].trigger()
    chapter = window.tool(LearnPanel).chapter
    assert isinstance(chapter, SamplesChapter)
    window.studio.open_data([tmp_path / "shades"])
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    levels = [int(chapter.data.picture(k)[0, 0, 0]) for k in range(chapter.data.count)]
    # Every other picture, or the third: 16 of 40.
    assert levels == [40, 42, 45, 47, 50, 52, 55, 57, 220, 222, 225, 227, 230, 232, 235, 237]


def _named(learn: LearnPanel) -> str:
    return "" if learn.concept is None else learn.concept.name


def test_without_a_model_a_ready_one_is_offered(qtbot: QtBot, backend: Backend) -> None:
    window = opened(qtbot, backend)
    window.actions_["learn.reverse"].trigger()
    learn = window.tool(LearnPanel)
    chapter = learn.chapter
    assert chapter is not None
    button = chapter.empty.button  # type: ignore[attr-defined]
    assert button.isVisible()
    with qtbot.waitSignal(window.studio.run_changed, timeout=WAIT):
        button.click()
    assert window.studio.can_draw
