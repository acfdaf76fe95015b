"""Start page: recent runs and data with their pictures, and every way to begin."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from ddpm_studio import data, paths
from ddpm_studio.backend import Backend
from ddpm_studio.data.samples import sample_sets
from ddpm_studio.gui.features.start.ready_card import ReadyCard
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.theme.theme import Theme, body_font
from ddpm_studio.gui.theme.tokens import FONT_CAPTION, SPACE_M
from ddpm_studio.gui.widgets.pictures.picture_card import PictureCard
from ddpm_studio.jobs.library import covers
from ddpm_studio.jobs.library.preview_sheets import read_preview
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.runs import RunFolder
from tests.gui.panel_help import WAIT, drop, files, open_run, opened


def card(window: MainWindow, title: str) -> PictureCard:
    found = window.start_page.findChildren(PictureCard)
    return next(each for each in found if each.text() == title and not each.isHidden())


def has_pictures(card: PictureCard) -> bool:
    return card.count > 0


def shown(card: PictureCard) -> np.ndarray:
    assert card._pictures is not None
    return card._pictures


def test_a_long_title_is_whole_in_the_tip_and_the_page_begins_at_its_top(
    qtbot: QtBot, backend: Backend
) -> None:
    window = opened(qtbot, backend)
    window.resize(1024, 500)
    page = window.start_page

    def titled() -> bool:
        cards = page.findChildren(ReadyCard)
        return bool(cards) and all(card.toolTip().startswith(card.text()) for card in cards)

    qtbot.waitUntil(titled, timeout=WAIT)
    bar = page.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    bar.setValue(bar.maximum())
    window.tabs.parentWidget().setCurrentWidget(window.tabs)  # type: ignore[union-attr]
    window.actions_["file.start"].trigger()
    assert bar.value() == 0


def test_recent_runs_and_pictures_are_there_with_their_pictures(
    qtbot: QtBot, backend: Backend, tiny_run: Path, picture_folder: Path
) -> None:
    window = opened(qtbot, backend)
    options = PrepareOptions(image_size=8)
    window.studio.open_data([picture_folder], options)
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    assert window.studio.dataset is not None
    prepared = window.studio.dataset.images
    open_run(qtbot, window.studio, tiny_run)
    window.close()

    later = opened(qtbot, backend)
    run, pictures = card(later, tiny_run.name), card(later, picture_folder.name)
    qtbot.waitUntil(lambda: bool(run.count and pictures.count), timeout=WAIT)
    newest = read_preview(max((tiny_run / "samples").glob("step-*.png")))
    assert np.array_equal(shown(run), newest.ema)
    assert "step 4" in run._caption
    assert np.array_equal(shown(pictures), prepared)
    QTest.mouseClick(pictures, Qt.MouseButton.LeftButton)
    assert later.studio.sources == (picture_folder.resolve(),)
    assert later.studio.options == options
    later.actions_["file.start"].trigger()
    QTest.keyClick(card(later, tiny_run.name), Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: later.studio.can_draw, timeout=WAIT)
    assert later.studio.run == tiny_run.resolve()


def test_covers_are_read_from_the_cache_until_the_pictures_change(
    tmp_path: Path, picture_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "set"
    source.mkdir()
    for path in picture_folder.iterdir():
        (source / path.name).write_bytes(path.read_bytes())
    options = PrepareOptions()
    first = covers.data_cover([source], options, 4)
    assert first.shape == (4, 16, 16, 3)

    def never(*_: object) -> None:
        raise AssertionError("read again")

    with monkeypatch.context() as patch:
        patch.setattr(data, "preview", never)
        assert np.array_equal(covers.data_cover([source], options, 4), first)
        with pytest.raises(AssertionError, match="again"):
            covers.data_cover([source], PrepareOptions(image_size=8), 4)
    for path in sorted(source.iterdir())[:8]:
        path.unlink()
    assert not np.array_equal(covers.data_cover([source], options, 4), first)


def test_samples_are_there_at_the_first_launch(qtbot: QtBot, backend: Backend) -> None:
    window = opened(qtbot, backend)
    for sample in sample_sets():
        titled = [
            each
            for each in window.start_page.findChildren(PictureCard)
            if each.text() == sample.title and sample.notice in each.accessibleDescription()
        ]
        assert len(titled) == 1
        qtbot.waitUntil(partial(has_pictures, titled[0]), timeout=WAIT)


def test_a_model_is_opened_from_a_folder_and_what_is_none_is_told(
    qtbot: QtBot, backend: Backend, tiny_run: Path, picture_folder: Path
) -> None:
    window = opened(qtbot, backend)
    links = [b for b in window.start_page.findChildren(QPushButton) if "model" in b.text()]
    links[0].click()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    dialog.filesSelected.emit([str(picture_folder)])
    assert "no model in" in window.messages.text
    assert window.studio.sources == ()
    dialog.filesSelected.emit([str(tiny_run)])
    qtbot.waitUntil(lambda: window.studio.can_draw, timeout=WAIT)
    dialog.reject()


def test_anything_may_be_dropped_on_it(qtbot: QtBot, backend: Backend, tiny_run: Path) -> None:
    window = opened(qtbot, backend)
    assert drop(window, files(tiny_run))
    qtbot.waitUntil(lambda: window.studio.can_draw, timeout=WAIT)


@pytest.mark.parametrize(
    ("planned", "trained", "told"),
    [
        (4, False, "step 4 · "),
        (1500, False, "stopped at step 4 of 1,500"),
        (1500, True, "training: step 4 of 1,500"),
    ],
)
def test_a_card_says_how_far_a_training_came(
    qtbot: QtBot,
    backend: Backend,
    tiny_run: Path,
    tmp_path: Path,
    planned: int,
    trained: bool,
    told: str,
) -> None:
    run = tmp_path / "some run"
    shutil.copytree(tiny_run, run)
    folder = RunFolder.open(run)
    folder.record_changes(planned)
    lock = folder.lock() if trained else None
    window = opened(qtbot, backend)
    window.recent.add_run(run)
    found = card(window, "some run")
    qtbot.waitUntil(partial(has_pictures, found), timeout=WAIT)
    assert found._caption.startswith(told)
    assert str(run) in found.toolTip()
    metrics = QFontMetrics(body_font(FONT_CAPTION))
    assert metrics.horizontalAdvance(found._caption) <= found.width() - 2 * SPACE_M
    if lock is not None:
        lock.release()


def test_a_run_that_saved_nothing_says_so(
    qtbot: QtBot, backend: Backend, tiny_run: Path, tmp_path: Path
) -> None:
    run = tmp_path / "empty run"
    shutil.copytree(tiny_run, run)
    shutil.rmtree(run / "checkpoints")
    window = opened(qtbot, backend)
    window.recent.add_run(run)
    found = card(window, "empty run")
    qtbot.waitUntil(partial(has_pictures, found), timeout=WAIT)
    assert found._caption == "stopped, nothing saved"


def test_who_begins_with_a_sample_is_offered_the_tour_once(
    qtbot: QtBot, backend: Backend, picture_folder: Path
) -> None:
    window = opened(qtbot, backend)
    window.open_first([], "fashion-mnist")
    assert "tour" in window.messages.text
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    window.messages.action_button.click()
    tour = window.helping.tour
    assert tour is not None
    assert tour.is_running
    tour.end()
    window.close()
    later = opened(qtbot, backend)
    later.open_first([picture_folder], None)
    assert later.messages.isHidden()


def test_it_is_said_what_the_reading_waits_for(qtbot: QtBot, picture_folder: Path) -> None:
    backend = Backend()
    window = opened(qtbot, backend)
    window.open_first([picture_folder], None)
    width = window.data.minimumSizeHint().width()
    assert window.data.reading.isVisible()
    assert window.data.reading.text.text() == f"Starting torch to read {picture_folder.name}…"
    window.data.reading.text.setText("a name that is by far too long for one line " * 4)
    assert window.data.minimumSizeHint().width() == width, "no dock grows with it"
    said: list[str] = []
    backend.ready.connect(lambda _: said.append(window.data.reading.text.text()))
    backend.start()
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    assert said
    assert "torch" not in said[0]
    assert backend.shutdown(60)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_enter_opens_what_a_card_shows(
    qtbot: QtBot, backend: Backend, tiny_run: Path, key: Qt.Key
) -> None:
    window = opened(qtbot, backend)
    window.recent.add_run(tiny_run)
    QTest.keyClick(card(window, tiny_run.name), key)
    qtbot.waitUntil(lambda: window.studio.run == tiny_run.resolve(), timeout=WAIT)


def test_a_card_tells_of_a_run_as_it_is_when_it_is_seen_again(
    qtbot: QtBot, backend: Backend, tiny_run: Path, tmp_path: Path
) -> None:
    run = tmp_path / "moving on"
    shutil.copytree(tiny_run, run)
    window = opened(qtbot, backend)
    window.recent.add_run(run)
    found = card(window, "moving on")
    qtbot.waitUntil(lambda: found._caption.startswith("step 4"), timeout=WAIT)
    window.actions_["view.tab1"].trigger()
    RunFolder.open(run).record_changes(9)
    window.actions_["file.start"].trigger()
    qtbot.waitUntil(lambda: found._caption == "stopped at step 4 of 9", timeout=WAIT)


def test_a_card_follows_a_training_while_it_is_looked_at(
    qtbot: QtBot, backend: Backend, tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "in training"
    shutil.copytree(tiny_run, run)
    monkeypatch.setattr("ddpm_studio.gui.features.start.run_card._RELOAD_MS", 50)
    folder = RunFolder.open(run)
    folder.record_changes(90)
    lock = folder.lock()
    window = opened(qtbot, backend)
    window.recent.add_run(run)
    found = card(window, "in training")
    qtbot.waitUntil(lambda: found._caption == "training: step 4 of 90", timeout=WAIT)
    with folder.metrics_file.open("a") as lines:
        lines.write('{"step": 17, "loss": 0.5}\n')
    # No checkpoint of step 17 is saved yet; the step was taken all the same.
    qtbot.waitUntil(lambda: found._caption == "training: step 17 of 90", timeout=WAIT)
    lock.release()
    qtbot.waitUntil(lambda: found._caption == "stopped at step 4 of 90", timeout=WAIT)


def test_all_runs_can_be_seen_also_those_that_were_never_open_here(
    qtbot: QtBot, backend: Backend, tiny_run: Path
) -> None:
    folder = paths.runs_dir()
    for number in range(6):
        shutil.copytree(tiny_run, folder / f"run {number}")
    window = opened(qtbot, backend)
    rows = window.start_page._runs
    for number in range(4):
        window.recent.add_run(folder / f"run {number}")
    qtbot.waitUntil(lambda: rows.all_button.text() == "All 6", timeout=WAIT)
    assert [one.text() for one in rows.cards] == ["run 3", "run 2", "run 1"]
    rows.all_button.click()
    assert [one.text() for one in rows.cards[:4]] == ["run 3", "run 2", "run 1", "run 0"]
    assert {one.text() for one in rows.cards[4:]} == {"run 4", "run 5"}
    QTest.mouseClick(rows.cards[-1], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.studio.can_draw, timeout=WAIT)
    window.actions_["file.start"].trigger()
    rows.all_button.click()
    assert len(rows.cards) == 3


@pytest.mark.parametrize("size", [(1024, 700), (1100, 700), (1280, 800), (1440, 900)])
def test_no_card_is_cut_at_the_edge(
    qtbot: QtBot, backend: Backend, tiny_run: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    window = opened(qtbot, backend)
    for number in range(3):
        run = tmp_path / f"run {number}"
        shutil.copytree(tiny_run, run)
        window.recent.add_run(run)
    window.resize(*size)
    qtbot.wait(20)
    page = window.start_page
    cards = [one for one in page.findChildren(PictureCard) if one.isVisible()]
    assert len(cards) > 3
    for one in cards:
        left = one.mapTo(page.viewport(), QPoint()).x()
        assert left >= 0
        assert left + one.width() <= page.viewport().width()
        assert one.width() >= one.minimumSizeHint().width()


def test_all_of_it_is_in_view_without_scrolling(
    qtbot: QtBot,
    backend: Backend,
    theme: Theme,
    tiny_run: Path,
    picture_folder: Path,
    tmp_path: Path,
) -> None:
    window = opened(qtbot, backend)
    window.resize(1280, 800)
    bar = window.start_page.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() == 0)
    for number in range(4):
        run = tmp_path / f"run {number}"
        shutil.copytree(tiny_run, run)
        window.recent.add_run(run)
    for number in range(3):
        folder = tmp_path / f"pictures {number}"
        shutil.copytree(picture_folder, folder)
        window.recent.add_data((folder,), PrepareOptions())
    rows = window.start_page._data
    assert [one.text() for one in rows.cards] == [f"pictures {number}" for number in (2, 1, 0)]
    # The space of removed cards is freed with the next events.
    qtbot.waitUntil(lambda: bar.maximum() == 0)
    assert rows.all_button.text() == f"All {3 + len(sample_sets())}"
    rows.all_button.click()
    assert {one.text() for one in rows.cards[3:]} == {sample.title for sample in sample_sets()}
    rows.all_button.click()
    assert len(rows.cards) == 3
