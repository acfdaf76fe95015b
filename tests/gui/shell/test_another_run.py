"""Opening another run: no page and no dock keeps anything of the previous one."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.catalogue.concepts import CONCEPTS
from ddpm_studio.gui.features.bits.bits_panel import BitsPanel
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.features.learn.bound_chapter import BoundChapter
from ddpm_studio.gui.features.learn.learn_panel import LearnPanel
from ddpm_studio.gui.features.learn.model_chapter import ModelChapter
from ddpm_studio.gui.features.learn.picture_tile import PictureTile
from ddpm_studio.gui.features.observatory.observatory_panel import ObservatoryPanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.widgets.pictures.picture_canvas import PictureCanvas
from ddpm_studio.gui.widgets.pictures.picture_slot import PictureSlot
from ddpm_studio.runs import evaluations
from tests.gui.features.learn.test_concepts import shown
from tests.gui.features.observatory.test_quality_page import ONE
from tests.gui.other_run import other_run
from tests.gui.panel_help import WAIT, open_run, opened

# Texts that only the first run shows: its name, and the sample count of its evaluation.
NAME, SAMPLES = "umbra", 12_345
OF_A_MODEL = ModelChapter, BoundChapter


@pytest.fixture
def first(tiny_run: Path, tmp_path: Path) -> Path:
    """A run with samples of its training, and one evaluation."""
    run = Path(shutil.copytree(tiny_run, tmp_path / "first" / NAME))
    evaluations.append(run, replace(ONE, samples=SAMPLES))
    return run


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """A run of smaller pictures, with neither samples nor an evaluation."""
    return other_run(tmp_path, "second/lux", side=8, timesteps=12)


def pages(window: MainWindow) -> Iterator[QWidget]:
    """Show each tool and each page of the Observatory, and yield it.

    Of Learn, only the chapters of the open model are yielded: the others need no model. The gallery
    isn't yielded, because it keeps pictures of many runs.
    """
    for panel in window.tabs.panels:
        window.show_tool(panel)
        if isinstance(panel, ObservatoryPanel):
            for part in (panel.curves, panel.samples, panel.runs, panel.quality):
                panel.show_page(part)
                yield panel
        elif isinstance(panel, LearnPanel):
            for concept in CONCEPTS.values():
                if issubclass(concept.load(), OF_A_MODEL):
                    panel.show_concept(concept.name)
                    assert panel.chapter is not None
                    yield panel.chapter
        elif not isinstance(panel, GalleryPanel):
            yield panel


def shown_pictures(page: QWidget) -> set[bytes]:
    pictures: list[Pictures | None] = []
    for canvas in page.findChildren(PictureCanvas):
        if canvas.isVisible():
            pictures += [canvas.picture(index) for index in range(canvas.count)]
    pictures += [slot.picture for slot in page.findChildren(PictureSlot) if slot.isVisible()]
    pictures += [tile.picture for tile in page.findChildren(PictureTile) if tile.isVisible()]
    return {
        repr(picture.shape).encode() + picture.tobytes()
        for picture in pictures
        if picture is not None
    }


def shown_words(page: QWidget) -> str:
    return "\n".join(one.text() for one in page.findChildren(QLabel) if one.isVisible())


def drew(chapter: ToolPanel) -> bool:
    return bool(shown(chapter))


def idle(tool: ToolPanel) -> bool:
    return not tool.busy


def test_nothing_of_a_run_is_left_when_another_is_opened(
    qtbot: QtBot, backend: Backend, first: Path, second: Path
) -> None:
    window = opened(qtbot, backend, first)
    observatory = window.tool(ObservatoryPanel)
    pictures: set[bytes] = set()
    chapters = 0
    for page in pages(window):
        if isinstance(page, BitsPanel):
            page.measure()
        if isinstance(page, OF_A_MODEL):
            qtbot.waitUntil(partial(drew, page), timeout=WAIT)
        if isinstance(page, ToolPanel):
            qtbot.waitUntil(partial(idle, page), timeout=WAIT)
        if isinstance(page, ObservatoryPanel):
            qtbot.waitUntil(lambda: bool(observatory.quality.about.text()), timeout=WAIT)
            if observatory.samples.isVisible():
                qtbot.waitUntil(lambda: bool(observatory.samples.rows), timeout=WAIT)
        pictures |= shown_pictures(page)
        chapters += isinstance(page, OF_A_MODEL)
    pictures |= shown_pictures(window.training)
    assert len(pictures) > 10
    assert chapters > 8
    assert f"{SAMPLES:,} samples" in observatory.quality.about.text()
    panels = [panel for panel in window.tabs.panels if isinstance(panel, ToolPanel)]
    open_run(qtbot, window.studio, second)
    for page in itertools.chain([window.training], pages(window)):
        kept = shown_pictures(page) & pictures
        assert not kept, f"{page} shows {len(kept)} pictures of the run before"
        words = shown_words(page)
        assert NAME not in words
        assert f"{SAMPLES:,}" not in words
    for panel in panels:
        recipe = panel.shown_recipe
        assert recipe is None or NAME not in str(recipe), (
            f"{panel} would save what was drawn before"
        )
    bits = window.tool(BitsPanel)
    assert bits.measured is None
    assert bits.total.text() == ""


def test_nothing_of_a_deleted_run_is_left_when_another_takes_its_name(
    qtbot: QtBot, backend: Backend, first: Path, second: Path
) -> None:
    window = opened(qtbot, backend, first)
    share = window.tool(SharePanel)
    window.show_tool(share)
    qtbot.waitUntil(lambda: share.drawn is not None and not share.busy, timeout=WAIT)
    assert share.time.timesteps == 20
    shutil.rmtree(first)
    window.studio.follow_moved_run(first, None)
    second.rename(first)
    open_run(qtbot, window.studio, first)
    assert share.shown_recipe is None, "it would be exported as the new run's"
    window.show_tool(share)
    qtbot.waitUntil(lambda: share.drawn is not None and not share.busy, timeout=WAIT)
    assert share.drawn is not None
    assert share.drawn.pictures.shape[1:3] == (8, 8)
    assert share.time.timesteps == 12
