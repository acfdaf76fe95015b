"""Ready models in the window: drawn from with one click, usable in every tool, never written."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ddpm_studio import paths
from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.bits.bits_panel import BitsPanel
from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.features.inpaint.inpaint_panel import InpaintPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.observatory.observatory_panel import ObservatoryPanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.features.start.ready_card import ReadyCard
from ddpm_studio.gui.features.start.run_card import RunCard
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.widgets.pictures.picture_card import PictureCard
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import RunFolder
from ddpm_studio.runs.notes import Notes, read_notes
from tests import ready_models
from tests.gui.panel_help import WAIT, open_run, opened


class Clicks(QObject):
    """Event filter that counts the user's mouse and key presses."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.KeyPress):
            self.count += watched.isWidgetType()
        return False


def ready_card(window: MainWindow) -> ReadyCard:
    (card,) = [one for one in window.start_page.findChildren(ReadyCard) if one.isVisible()]
    return card


def test_a_model_draws_after_one_click_at_the_first_start(
    qtbot: QtBot, backend: Backend, ready: Path
) -> None:
    window = opened(qtbot, backend)
    clicks = Clicks()
    QApplication.instance().installEventFilter(clicks)  # type: ignore[union-attr]
    card = ready_card(window)
    # The card is above all others, with pictures that the model has drawn and its title.
    cards = [one for one in window.start_page.findChildren(PictureCard) if one.isVisible()]
    assert min(cards, key=lambda one: one.mapTo(window, QPoint()).y()) is card
    qtbot.waitUntil(lambda: card.count == 4, timeout=WAIT)
    assert card.text() == "Toy"
    QTest.mouseClick(card, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(window.tool(ReversePanel).trajectory.recipe), timeout=WAIT)
    assert window.tool(ReversePanel).isVisible()
    assert clicks.count == 1
    assert window.studio.run == ready


@pytest.mark.parametrize("there", [True, False], ids=["with its pictures", "without"])
def test_each_tool_shows_something_and_nothing_is_written_into_it(
    qtbot: QtBot, backend: Backend, ready: Path, toy_pictures: Path, there: bool
) -> None:
    before = ready_models.contents(ready)
    window = opened(qtbot, backend)
    if there:
        window.studio.open_data([toy_pictures])
        qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    open_run(qtbot, window.studio, ready)
    share, interpolate, inpaint = (
        window.tool(SharePanel),
        window.tool(InterpolatePanel),
        window.tool(InpaintPanel),
    )
    window.show_tool(share)
    qtbot.waitUntil(lambda: share.drawn is not None, timeout=WAIT)
    window.show_tool(interpolate)
    qtbot.waitUntil(lambda: interpolate.drawn is not None, timeout=WAIT)
    window.show_tool(inpaint)
    qtbot.waitUntil(lambda: inpaint.source.fitted is not None, timeout=WAIT)
    window.show_tool(window.tool(BitsPanel))
    window.tool(BitsPanel).count.setValue(2)
    window.tool(BitsPanel).measure()
    bits = window.tool(BitsPanel)
    qtbot.waitUntil(lambda: bits.measured is not None or bool(bits.messages.text), timeout=WAIT)
    assert there or "are not on this machine" in bits.messages.text

    gallery = window.tool(GalleryPanel)
    window.show_tool(gallery)
    qtbot.waitUntil(lambda: len(gallery.items) >= 4, timeout=WAIT)
    gallery.draw_samples()
    qtbot.waitUntil(lambda: len(gallery.items) > 8, timeout=WAIT)
    came_with = [item for item in gallery.items.shown if item.number <= 4]
    gallery.select(came_with[:1])
    gallery.rate_chosen(5)
    gallery.select(came_with[1:2])
    gallery.delete_chosen()
    notes = window.tool(ObservatoryPanel).runs.notes
    notes.show_run(ready)
    notes.text.setPlainText("mine")
    notes.save()
    own = paths.config_dir() / "models" / ready.name / "samples" / "gallery"
    qtbot.waitUntil(lambda: (own / "ratings.json").exists(), timeout=WAIT)
    qtbot.waitUntil(lambda: bool(list((own / ".deleted").glob("*"))), timeout=WAIT)
    assert read_notes(ready) == Notes(text="mine")
    assert ready_models.contents(ready) == before


def test_it_stays_where_it_is_and_is_no_recent_run(
    qtbot: QtBot, backend: Backend, ready: Path
) -> None:
    window = opened(qtbot, backend)
    open_run(qtbot, window.studio, ready)
    assert not window.actions_["run.rename"].isEnabled()
    assert not window.actions_["run.trash"].isEnabled()
    assert "comes with the program" in window.actions_["run.trash"].toolTip()
    assert not window.tool(ReversePanel).sampler.weights.isEnabled()
    window.actions_["file.start"].trigger()
    assert not window.start_page.findChildren(RunCard)
    assert ready_card(window)


def test_it_is_not_trained_further_but_fine_tuned(
    qtbot: QtBot, backend: Backend, ready: Path, toy_pictures: Path
) -> None:
    before = ready_models.contents(ready)
    window = opened(qtbot, backend)
    tune = window.actions_["training.fine_tune"]
    assert not tune.isEnabled()
    open_run(qtbot, window.studio, ready)
    training = window.training
    assert not training.resume_row.isVisible()
    assert training.fine_tuner.button.isVisible()
    assert "Open pictures first" in tune.toolTip()
    window.studio.open_data([toy_pictures])
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    values = {"steps": 2, "batch_size": 4, "sample_count": 0, "device": "cpu", "augmentation": 0}
    training.form.set_value({"preset": "small"})
    training.form.set_value({**training.form.values(), **values})
    tune.trigger()
    job = window.studio.training
    assert job is not None
    qtbot.waitUntil(lambda: job.state.is_over, timeout=WAIT)
    run = window.studio.training_run
    assert run is not None
    info = RunFolder.open(run).info
    assert info.start_from == str(ready)
    assert info.network == RunFolder.open(ready).info.network
    assert info.request is not None
    recipe, other = TrainRequest(preset="tiny"), TrainRequest(preset="small")
    assert recipe.learning_rate != other.learning_rate
    names = ("preset", "optimizer", "learning_rate", "learning_rate_schedule", "warmup_steps")
    assert [getattr(info.request, name) for name in names] == [
        getattr(recipe, name) for name in names
    ], "the recipe of the model's network, not of the one chosen for new ones"
    assert info.published is None
    assert RunFolder.open(run).newest().step == 2
    assert ready_models.contents(ready) == before
