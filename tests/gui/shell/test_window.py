"""The real window: two clicks to a training, a picture dropped back, what survives a restart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QMimeData, QObject, Qt
from PySide6.QtGui import QDragLeaveEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QStackedLayout, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.export import picture_recipes, save_animation, save_png, save_png_sequence
from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.features.inpaint.inpaint_panel import InpaintPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.features.start.rename_dialog import RenameDialog
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.theme.theme import Theme, current_theme
from ddpm_studio.gui.widgets.layout.drop_overlay import DropOverlay
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.pictures.picture_card import PictureCard
from ddpm_studio.gui.workspace.settings import Preferences, open_settings
from ddpm_studio.jobs import ModelStore, inpaint, interpolate, interpolate_path, sample, share
from ddpm_studio.jobs.events import DrawingResult, Pictures, RunStarted
from ddpm_studio.requests import (
    InpaintRequest,
    InterpolateRequest,
    PathRequest,
    SampleRequest,
    ShareRequest,
    TrainRequest,
)
from tests.gui.panel_help import WAIT, drop, files, hover, open_run, opened
from tests.hostile.seeds import recipe_mp4
from tests.jobs.conftest import finish


@pytest.fixture
def window(qtbot: QtBot, backend: Backend) -> Iterator[MainWindow]:
    made = opened(qtbot, backend)
    yield made
    if made.studio.training is not None:
        with qtbot.waitSignal(made.studio.training.ended, timeout=WAIT):
            made.studio.trainer.stop()


def cards(window: MainWindow) -> list[str]:
    """Return the titles of the start page's visible cards."""
    found = window.start_page.findChildren(PictureCard)
    return [card.text() for card in found if not card.isHidden()]


class _Shown(QObject):
    """Event filter that records the text of each watched widget when it is shown."""

    def __init__(self, told: list[str]) -> None:
        super().__init__()
        self._told = told

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show:
            self._told.append(getattr(watched, "text", ""))
        return False


class _Clicks(QObject):
    """Event filter that counts mouse presses on push buttons anywhere in the program."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(watched, QPushButton):
            self.count += 1
        return False


def test_two_clicks_from_the_first_launch_to_a_training(qtbot: QtBot, window: MainWindow) -> None:
    clicks = _Clicks()
    app = QApplication.instance()
    assert app is not None
    app.installEventFilter(clicks)
    started: list[RunStarted] = []
    found = window.start_page.findChildren(PictureCard, "fashion-mnist")
    QTest.mouseClick(found[0], Qt.MouseButton.LeftButton)
    start = window.training.start_button
    qtbot.waitUntil(lambda: start.isVisible() and start.isEnabled(), timeout=WAIT)
    QTest.mouseClick(start, Qt.MouseButton.LeftButton)
    assert window.studio.training is not None
    window.studio.training.emitted.connect(
        lambda event: started.append(event) if isinstance(event, RunStarted) else None
    )
    qtbot.waitUntil(lambda: bool(started), timeout=WAIT)
    app.removeEventFilter(clicks)
    assert clicks.count == 2


def test_a_picture_dropped_back_is_drawn_again_bit_for_bit(
    qtbot: QtBot, window: MainWindow, tiny_run: Path, tmp_path: Path
) -> None:
    request = SampleRequest(
        run=tiny_run, count=3, seed=11, sampler="dpm++2m", steps=7, clip_x0=False, device="cpu"
    )
    drawn = finish(sample(request, ModelStore()))[1]
    path = tmp_path / "one.png"
    save_png(path, drawn.pictures[1:2], {**drawn.recipe, "index": 1})
    assert drop(window, files(path))
    qtbot.waitUntil(lambda: bool(window.tool(ReversePanel).trajectory.recipe), timeout=WAIT)
    shown = window.tool(ReversePanel).views.grids[0, "x_t"]
    assert window.tabs.currentWidget() is window.tool(ReversePanel)
    assert window.studio.run == tiny_run
    again = np.stack([shown.picture(k) for k in range(3)])
    assert np.array_equal(again, drawn.pictures)
    assert shown.current == 1


def _drawn_by(job: Generator[Any, None, DrawingResult]) -> DrawingResult:
    result: DrawingResult = finish(job)[1]
    return result


def _four(folder: Path) -> Pictures:
    return np.stack([np.asarray(Image.open(path)) for path in sorted(folder.iterdir())[:4]])


def _share(run: Path, pictures: Pictures) -> DrawingResult:
    request = ShareRequest(run=run, t=8, count=3, seed=3, sampler="ddim", eta=1, device="cpu")
    return _drawn_by(share(request, pictures[0], ModelStore()))


def _pad(run: Path, pictures: Pictures) -> DrawingResult:
    request = InterpolateRequest(run=run, t=8, u=0.3, v=0.85, seed=3, steps=9, device="cpu")
    return _drawn_by(interpolate(request, list(pictures[:4]), ModelStore()))


def _row(run: Path, pictures: Pictures) -> DrawingResult:
    request = InterpolateRequest(run=run, t=8, steps_lambda=5, mix="spherical", device="cpu")
    return _drawn_by(interpolate(request, list(pictures[:2]), ModelStore()))


def _path(run: Path, pictures: Pictures) -> DrawingResult:
    request = PathRequest(run=run, t=8, steps_lambda=3, closed=True, device="cpu")
    return _drawn_by(interpolate_path(request, list(pictures[:3]), ModelStore()))


def _fill(run: Path, pictures: Pictures) -> DrawingResult:
    mask = np.zeros(pictures.shape[1:3], bool)
    mask[5:, 3:] = True
    request = InpaintRequest(run=run, count=3, steps=9, jump=2, resamplings=2, device="cpu")
    return _drawn_by(inpaint(request, pictures[0], mask, ModelStore()))


@pytest.mark.parametrize(
    ("draw", "tool"),
    [
        (_share, "share"),
        (_row, "interpolate"),
        (_pad, "interpolate"),
        (_path, "interpolate"),
        (_fill, "inpaint"),
    ],
)
def test_each_tool_takes_a_dropped_picture_up_again(
    qtbot: QtBot,
    window: MainWindow,
    tiny_run: Path,
    picture_folder: Path,
    tmp_path: Path,
    draw: Callable[[Path, Pictures], DrawingResult],
    tool: str,
) -> None:
    drawn = draw(tiny_run, _four(picture_folder))
    index = min(2, len(drawn.pictures) - 1)
    path = tmp_path / "one.png"
    save_png(path, drawn.pictures[index : index + 1], {**drawn.recipe, "index": index})
    assert drop(window, files(path))
    panel = window.tabs.find_panel(tool)
    assert isinstance(panel, SharePanel | InterpolatePanel | InpaintPanel)
    qtbot.waitUntil(lambda: panel.drawn is not None and not panel.busy, timeout=WAIT)
    assert window.tabs.currentWidget() is panel
    assert panel.drawn is not None
    assert panel.drawn.pictures.tobytes() == drawn.pictures.tobytes()
    assert "bit for bit" in window.messages.text


@pytest.mark.parametrize(
    ("draw", "tool"), [(_share, "share"), (_row, "interpolate"), (_fill, "inpaint")]
)
def test_it_is_drawn_from_its_own_pictures_where_others_of_another_run_stood(
    qtbot: QtBot,
    window: MainWindow,
    tiny_run: Path,
    picture_folder: Path,
    tmp_path: Path,
    draw: Callable[[Path, Pictures], DrawingResult],
    tool: str,
) -> None:
    drawn = draw(tiny_run, _four(picture_folder))
    path = tmp_path / "one.png"
    save_png(path, drawn.pictures[:1], {**drawn.recipe, "index": 0})
    other = tmp_path / "other"
    shutil.copytree(tiny_run, other)
    open_run(qtbot, window.studio, other)
    panel = window.tabs.find_panel(tool)
    assert isinstance(panel, SharePanel | InterpolatePanel | InpaintPanel)
    window.tabs.setCurrentWidget(panel)
    slots = panel.findChildren(SourceSlot)
    for slot in slots:
        slot.set_path(picture_folder / "09.png")
    qtbot.waitUntil(lambda: not any(slot.waiting for slot in slots), timeout=WAIT)
    assert drop(window, files(path))
    qtbot.waitUntil(lambda: window.studio.run == tiny_run, timeout=WAIT)
    qtbot.waitUntil(lambda: panel.drawn is not None and not panel.busy, timeout=WAIT)
    qtbot.wait(400)
    qtbot.waitUntil(lambda: panel.drawn is not None and not panel.busy, timeout=WAIT)
    assert panel.drawn is not None
    assert panel.drawn.pictures.tobytes() == drawn.pictures.tobytes()
    assert "bit for bit" in window.messages.text


def test_a_picture_whose_pixels_were_changed_is_told_from_the_one_drawn_again(
    qtbot: QtBot, window: MainWindow, tiny_run: Path, picture_folder: Path, tmp_path: Path
) -> None:
    first = np.asarray(Image.open(picture_folder / "00.png"))[None]
    drawn = _share(tiny_run, first)
    path = tmp_path / "one.png"
    save_png(path, 255 - drawn.pictures[:1], {**drawn.recipe, "index": 0})
    assert drop(window, files(path))
    qtbot.waitUntil(lambda: window.tool(SharePanel).drawn is not None, timeout=WAIT)
    assert "another" in window.messages.text
    assert "pixels were changed" in window.messages.text


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng", ".png"])
def test_an_animation_dropped_back_is_drawn_again(
    qtbot: QtBot, window: MainWindow, tiny_run: Path, tmp_path: Path, suffix: str
) -> None:
    request = SampleRequest(run=tiny_run, count=1, seed=5, steps=6, device="cpu")
    drawn = _drawn_by(sample(request, ModelStore()))
    path = tmp_path / f"moving{suffix}"
    # Its first frame isn't the drawn picture, as in the animation of a process.
    finish(save_animation(path, [255 - drawn.pictures[0], drawn.pictures[0]], recipe=drawn.recipe))
    assert drop(window, files(path))
    qtbot.waitUntil(lambda: bool(window.tool(ReversePanel).trajectory.recipe), timeout=WAIT)
    assert window.tabs.currentWidget() is window.tool(ReversePanel)
    shown = window.tool(ReversePanel).views.grids[0, "x_t"]
    assert np.array_equal(shown.picture(0), drawn.pictures[0])
    assert window.messages.text == "Drawn again: what the animation shows."
    assert window.studio.sources == ()


def test_an_mp4_dropped_back_is_drawn_again(
    qtbot: QtBot, window: MainWindow, tiny_run: Path, tmp_path: Path
) -> None:
    request = SampleRequest(run=tiny_run, count=2, seed=5, steps=6, device="cpu")
    drawn = _drawn_by(sample(request, ModelStore()))
    text = json.dumps({**drawn.recipe, "moving": True})
    path = tmp_path / "moving.mp4"
    path.write_bytes(recipe_mp4(text.encode()))
    assert drop(window, files(path))
    qtbot.waitUntil(lambda: bool(window.tool(ReversePanel).trajectory.recipe), timeout=WAIT)
    shown = window.tool(ReversePanel).views.grids[0, "x_t"]
    assert np.array_equal([shown.picture(k) for k in range(2)], drawn.pictures)


def test_an_animation_from_elsewhere_is_opened_as_a_picture(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "other.gif"
    finish(save_animation(path, list(np.zeros((2, 8, 8, 3), np.uint8))))
    assert drop(window, files(path))
    assert window.studio.sources == (path,)
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)


def test_each_file_of_a_sequence_is_drawn_again_bit_for_bit(
    qtbot: QtBot, window: MainWindow, tiny_run: Path, picture_folder: Path, tmp_path: Path
) -> None:
    drawn = _share(tiny_run, _four(picture_folder))
    folder = tmp_path / "sequence"
    finish(save_png_sequence(folder, drawn.pictures, picture_recipes(drawn.recipe)))
    assert drop(window, files(folder / "00002.png"))
    qtbot.waitUntil(lambda: window.tool(SharePanel).drawn is not None, timeout=WAIT)
    assert "bit for bit" in window.messages.text


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"kind": "sample", "request": {"run": "r", "steps": -3}}, "does not say in full"),
        ({"kind": "sample", "request": {"run": "/no/such/run"}}, "not at"),
        ({"kind": "preview", "step": 7}, "while training"),
    ],
)
def test_a_picture_whose_recipe_can_not_be_followed(
    window: MainWindow, tmp_path: Path, recipe: dict[str, object], words: str
) -> None:
    save_png(tmp_path / "p.png", np.zeros((1, 8, 8, 3), np.uint8), recipe)
    drop(window, files(tmp_path / "p.png"))
    assert words in window.messages.text
    assert window.studio.sources == ()


def test_a_training_of_another_size_makes_no_error_where_nothing_was_done(
    qtbot: QtBot, window: MainWindow, tiny_run: Path, tmp_path: Path
) -> None:
    studio, panel = window.studio, window.tool(InterpolatePanel)
    open_run(qtbot, studio, tiny_run)
    panel.sampler.set_value({"steps": 2})
    window.show_tool(panel)
    qtbot.waitUntil(lambda: panel.drawn is not None, timeout=WAIT)
    folder = tmp_path / "small"
    folder.mkdir()
    for number in range(4):
        Image.new("RGB", (8, 8), (60 * number, 0, 0)).save(folder / f"{number}.png")
    studio.open_paths([folder])
    qtbot.waitUntil(lambda: studio.dataset is not None, timeout=WAIT)
    request = TrainRequest(steps=3, batch_size=2, timesteps=10, sample_count=0, device="cpu")
    studio.trainer.start(request, tmp_path / "run")
    assert studio.training is not None
    told: list[str] = []
    panel.messages.installEventFilter(catcher := _Shown(told))
    with qtbot.waitSignal(studio.training.ended, timeout=WAIT):
        pass
    # Until its run is read again, the previous model's drawing may still be shown.
    qtbot.waitUntil(lambda: studio.can_draw, timeout=WAIT)
    qtbot.waitUntil(lambda: panel.drawn is not None, timeout=WAIT)
    assert panel.drawn is not None
    assert panel.drawn.pictures.shape[1:] == (8, 8, 3), "drawn with the new model"
    assert not told
    del catcher


def test_pictures_that_others_took_the_place_of_come_back(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    studio = window.studio
    folders = []
    for name in ("first", "second"):
        folders.append(tmp_path / name)
        folders[-1].mkdir()
        Image.new("RGB", (16, 16)).save(folders[-1] / "a.png")
        studio.open_paths([folders[-1]])
        qtbot.waitUntil(lambda: studio.dataset is not None, timeout=WAIT)
    assert "second" in window.messages.text
    assert "first" in window.messages.text
    window.messages.action_button.click()
    qtbot.waitUntil(lambda: studio.dataset is not None, timeout=WAIT)
    assert studio.sources == (folders[0],)


def test_an_error_of_pictures_goes_when_others_are_opened(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    Image.new("RGB", (16, 16)).save(tmp_path / "good.png")
    window.studio.open_paths([tmp_path / "bad.png"])
    qtbot.waitUntil(lambda: window.messages.level == "error", timeout=WAIT)
    window.studio.open_paths([tmp_path / "good.png"])
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    assert window.messages.text == ""


def test_pictures_that_are_refused_are_not_said_to_be_open(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    Image.new("RGB", (16, 16)).save(tmp_path / "good.png")
    window.studio.open_paths([tmp_path / "good.png"])
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    window.studio.open_paths([tmp_path / "bad.png"])
    qtbot.waitUntil(lambda: window.messages.level == "error", timeout=WAIT)
    assert window.studio.sources == (tmp_path / "good.png",)
    assert window.messages.earlier == 0


def test_what_survives_a_restart_and_what_reset_takes_back(
    qtbot: QtBot, backend: Backend, window: MainWindow, tiny_run: Path
) -> None:
    open_run(qtbot, window.studio, tiny_run)
    window.actions_["view.theme_dark"].trigger()
    window.actions_["view.jobs"].trigger()
    window.actions_.set_shortcut("view.jobs", "Ctrl+J")
    window.close()
    later = opened(qtbot, backend)
    docks = {dock.objectName(): dock for dock in later.docks}
    assert not docks["jobs"].isVisible()
    assert docks["data"].isVisible()
    assert later.actions_.shortcut("view.jobs") == "Ctrl+J"
    assert Preferences(open_settings()).now.theme == "dark"
    assert tiny_run.name in cards(later)
    later.actions_["view.reset"].trigger()
    later.actions_.reset_shortcuts()
    assert docks["jobs"].isVisible()
    assert later.actions_.shortcut("view.jobs") == ""
    later.preferences.reset()
    assert current_theme().mode == "system"
    later.actions_["file.forget"].trigger()
    assert tiny_run.name not in cards(later)
    assert not later.recent.runs()
    later.messages.action_button.click()
    assert later.recent.runs() == [tiny_run.resolve()]


def test_what_a_drop_would_open_is_said_while_it_hovers(
    window: MainWindow, tiny_run: Path, picture_folder: Path, qtbot: QtBot
) -> None:
    overlay = window.findChild(DropOverlay)
    assert overlay is not None
    for paths, words in (
        ([tiny_run], f"Open the model {tiny_run.name}"),
        ([picture_folder], f"Open the pictures in {picture_folder.name}"),
        ([picture_folder / "03.png"], "Open 03.png"),
        ([picture_folder / "03.png", picture_folder / "04.png"], "Open 2 files or folders"),
    ):
        assert hover(window, files(*paths))
        assert overlay.isVisible()
        assert overlay.geometry() == window.rect()
        assert overlay.text.startswith(words)
        QApplication.sendEvent(window, QDragLeaveEvent())
        assert not overlay.isVisible()
    assert not hover(window, QMimeData())
    assert not overlay.isVisible()
    assert drop(window, files(picture_folder))
    assert not overlay.isVisible()
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)


def test_the_pictures_that_a_run_learnt_from_are_one_click_away(
    qtbot: QtBot, window: MainWindow, tiny_run: Path, picture_folder: Path
) -> None:
    # Wide enough for the Data dock to stay open with a model.
    window.resize(1600, 900)
    button = window.data.training_data_button
    assert not button.isVisible()
    assert "Open pictures first" in window.training.start_button.toolTip()
    open_run(qtbot, window.studio, tiny_run)
    assert button.isVisible()
    assert button.toolTip() == f"{tiny_run.name} was trained on {picture_folder.name}"
    button.click()
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    assert window.studio.sources == (picture_folder,)
    assert not button.isVisible()
    assert "open pictures" in window.training.start_button.toolTip()
    window.studio.open_data([picture_folder / "03.png"])
    assert not button.isVisible(), "someone has chosen others"
    assert window.actions_["file.open_learnt"].isEnabled(), "it is in the menu all the same"


def test_keys_turn_the_tabs_from_wherever_the_focus_is(qtbot: QtBot, window: MainWindow) -> None:
    window.show_tool(window.tool(ReversePanel))
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.data.form.setFocus()
    count = window.tabs.count()
    seen = []
    for _ in range(count):
        seen.append(window.tabs.currentIndex())
        QTest.keyClick(window, Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
    assert sorted(seen) == list(range(count))
    assert window.tabs.currentWidget() is window.tool(ReversePanel)
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window, Qt.Key.Key_Backtab, both)
    assert window.tabs.currentIndex() == count - 1


def test_the_open_model_stays_when_the_training_of_another_ends(
    qtbot: QtBot, window: MainWindow, tiny_run: Path, picture_folder: Path, tmp_path: Path
) -> None:
    studio = window.studio
    studio.open_paths([picture_folder])
    qtbot.waitUntil(lambda: studio.dataset is not None, timeout=WAIT)
    request = TrainRequest(steps=300, batch_size=2, timesteps=10, sample_count=0, device="cpu")
    studio.trainer.start(request, tmp_path / "other")
    qtbot.waitUntil(lambda: studio.run == tmp_path / "other", timeout=WAIT)
    open_run(qtbot, studio, tiny_run)
    assert studio.training is not None
    assert "other" in window.training.status.title.text()
    studio.trainer.stop()
    qtbot.waitUntil(lambda: studio.training is None, timeout=WAIT)
    qtbot.waitUntil(lambda: "other was stopped" in window.messages.text, timeout=WAIT)
    assert studio.run == tiny_run
    with qtbot.waitSignal(studio.run_changed, timeout=WAIT):
        window.messages.action_button.click()
    assert studio.run == tmp_path / "other"


def test_one_key_takes_back_what_was_done_in_the_tool_that_is_seen(
    qtbot: QtBot, window: MainWindow, tiny_run: Path
) -> None:
    open_run(qtbot, window.studio, tiny_run)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    undo, redo = window.actions_["edit.undo"], window.actions_["edit.redo"]
    window.show_tool(window.tool(InpaintPanel))
    window.tool(InpaintPanel).source.set_picture(np.zeros((16, 16, 3), np.uint8))
    qtbot.waitUntil(lambda: window.tool(InpaintPanel).source.fitted is not None, timeout=WAIT)
    assert not undo.isEnabled()
    window.tool(InpaintPanel).canvas.invert()
    painted = window.tool(InpaintPanel).canvas.painted.copy()
    assert undo.isEnabled()
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not window.tool(InpaintPanel).canvas.painted.any()
    assert redo.isEnabled()
    window.show_tool(window.tool(ReversePanel))
    assert not redo.isEnabled(), "what is not seen is not done again by chance"
    window.show_tool(window.tool(InpaintPanel))
    redo.trigger()
    assert np.array_equal(window.tool(InpaintPanel).canvas.painted, painted)
    window.show_tool(window.tool(GalleryPanel))
    window.tool(GalleryPanel).count.setCurrentIndex(0)
    window.tool(GalleryPanel).draw_samples()
    qtbot.waitUntil(lambda: window.tool(GalleryPanel).thumbnails.count > 0, timeout=WAIT)
    count = window.tool(GalleryPanel).thumbnails.count
    window.tool(GalleryPanel).select(window.tool(GalleryPanel).items.shown[:1])
    window.tool(GalleryPanel).delete_chosen()
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.tool(GalleryPanel).thumbnails.count == count, timeout=WAIT)


def test_the_key_takes_back_the_last_change_wherever_it_was_made(
    qtbot: QtBot, window: MainWindow, tiny_run: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(tiny_run, tmp_path / "runs" / "first"))
    open_run(qtbot, window.studio, run)
    gallery, pins, undo = (
        window.tool(GalleryPanel),
        window.studio.pins,
        window.actions_["edit.undo"],
    )
    gallery.count.setCurrentIndex(0)
    gallery.draw_samples()
    qtbot.waitUntil(lambda: gallery.thumbnails.count > 0, timeout=WAIT)
    count = gallery.thumbnails.count
    pins.add(np.zeros((16, 16, 3), np.uint8))
    qtbot.waitUntil(lambda: len(pins.items) == 1, timeout=WAIT)

    def rename(name: str) -> None:
        window.actions_["run.rename"].trigger()
        dialog = window.findChild(RenameDialog)
        assert dialog is not None
        dialog.edit.setText(name)
        dialog.rename_button.click()
        is_named(name)
        qtbot.waitUntil(lambda: window.findChild(RenameDialog) is None, timeout=WAIT)

    def is_named(name: str) -> None:
        renamed = run.with_name(name)
        qtbot.waitUntil(lambda: window.studio.run == renamed, timeout=WAIT)

    rename("second")
    gallery.select(gallery.items.shown[:1])
    gallery.delete_chosen()
    rename("third")
    pins.remove(pins.items)
    window.show_tool(window.tool(ReversePanel))
    undo.trigger()
    assert len(pins.items) == 1
    window.show_tool(gallery)
    undo.trigger()
    is_named("second")
    assert gallery.thumbnails.count == count - 1
    window.show_tool(window.tool(ReversePanel))
    undo.trigger()
    qtbot.waitUntil(lambda: gallery.thumbnails.count == count, timeout=WAIT)
    assert window.studio.run == run.with_name("second")
    undo.trigger()
    is_named("first")
    assert not undo.isEnabled()


def test_nothing_lies_over_another_thing_in_a_small_window(
    qtbot: QtBot, window: MainWindow, tiny_run: Path, picture_folder: Path
) -> None:
    theme = Theme("light")
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app)
    try:
        open_run(qtbot, window.studio, tiny_run)
        window.resize(1100, 700)
        window.tool(ReversePanel).compare.third.setChecked(True)
        window.actions_["reverse.compare"].trigger()
        for way in ("row", "matrix", "corners", "pad", "path"):
            window.tool(InterpolatePanel).choices.set_mode(way)
            for panel in (*window.tabs.panels, window.training):
                if panel is not window.training:
                    window.show_tool(panel)
                for bar in panel.findChildren(MessageBar)[:1]:
                    bar.show_message("Saved.", action="Show in folder")
                qtbot.wait(20)
                qtbot.waitUntil(partial(_nothing_is_crowded, panel, way))
            assert (window.width(), window.height()) == (1100, 700)
    finally:
        app.setStyleSheet("")


def _nothing_is_crowded(panel: QWidget, way: str) -> None:
    assert crowded(panel) == [], f"{panel} with {way}"


def crowded(panel: QWidget) -> list[str]:
    """Return the layout items of a panel that overlap, or are lower than their minimum height."""
    found = []
    for widget in [panel, *panel.findChildren(QWidget)]:
        layout = widget.layout()
        if layout is None or not widget.isVisible() or isinstance(layout, QStackedLayout):
            continue
        items = [layout.itemAt(k) for k in range(layout.count())]
        # A stacked layout doesn't know its position; its pages do.
        shown = [
            item
            for item in items
            if item and not item.isEmpty() and not isinstance(item.layout(), QStackedLayout)
        ]
        for number, item in enumerate(shown):
            place = item.geometry()
            if place.height() < item.minimumSize().height():
                found.append(
                    f"{widget} {item.widget() or item.layout()} is {place.height()} px high"
                )
            found += [
                f"{item.widget() or item.layout()} and {other.widget() or other.layout()}"
                for other in shown[number + 1 :]
                if place.intersects(other.geometry())
            ]
    return found
