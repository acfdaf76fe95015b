"""Classes of source pictures: shown in the slot, chosen there, and used for drawing."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.bits.bits_panel import BitsPanel
from ddpm_studio.gui.features.common.class_badge import ClassBadge
from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.features.inpaint.inpaint_panel import InpaintPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.learn.prediction_chapter import PredictionChapter
from ddpm_studio.gui.features.learn.training_chapter import TrainingChapter
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.recipes import restored
from ddpm_studio.runs import RunFolder
from tests import narrow
from tests.gui.panel_help import WAIT, drop, files, open_run, opened
from tests.recipe import PAPER

DARK, BRIGHT = 1, 0


@pytest.fixture(scope="session")
def class_run(tmp_path_factory: pytest.TempPathFactory, class_folder: Path) -> Path:
    from ddpm_studio.jobs import train
    from ddpm_studio.requests import PrepareOptions, TrainRequest

    run = tmp_path_factory.mktemp("runs") / "classes"
    request = TrainRequest(
        **{**PAPER, "class_conditional": True},
        steps=4,
        batch_size=4,
        timesteps=20,
        sample_count=2,
        device="cpu",
    )
    with narrow.network():
        for _ in train([class_folder], run, request, PrepareOptions()):
            pass
    return run


@pytest.fixture
def actions(studio: Studio) -> ActionRegistry:
    return ActionRegistry(parent=studio)


def asked(qtbot: QtBot, panel: ToolPanel) -> dict[str, object]:
    """Wait for the drawing and return the request of its recipe."""
    qtbot.waitUntil(lambda: not panel.busy and panel.drawn is not None, timeout=WAIT)
    assert panel.drawn is not None
    request = panel.drawn.recipe["request"]
    assert isinstance(request, dict)
    return request


def badge(slot: SourceSlot) -> ClassBadge:
    found = slot.findChild(ClassBadge)
    assert isinstance(found, ClassBadge)
    return found


def put(qtbot: QtBot, slot: SourceSlot, path: Path) -> None:
    with qtbot.waitSignal(slot.fitted_changed, timeout=WAIT):
        assert drop(slot, files(path))


def test_share_goes_by_the_class_of_its_picture(
    qtbot: QtBot, studio: Studio, actions: ActionRegistry, class_run: Path, class_folder: Path
) -> None:
    panel = SharePanel(studio, actions)
    qtbot.addWidget(panel)
    panel.resize(700, 700)
    panel.show()
    open_run(qtbot, studio, class_run)
    assert asked(qtbot, panel)["class_label"] is None, "from noise"
    assert not badge(panel.source).isVisible()
    put(qtbot, panel.source, class_folder / "dark" / "1.png")
    qtbot.waitUntil(lambda: asked(qtbot, panel)["class_label"] == DARK, timeout=WAIT)
    assert badge(panel.source).isVisible()
    assert badge(panel.source).text() == "dark"
    menu = badge(panel.source).menu()
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions()] == ["no class", "bright", "dark"]
    menu.actions()[1].trigger()
    qtbot.waitUntil(lambda: asked(qtbot, panel)["class_label"] == BRIGHT, timeout=WAIT)
    menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: asked(qtbot, panel)["class_label"] is None, timeout=WAIT)
    assert badge(panel.source).text() == "no class"


def test_a_chosen_class_wins_over_that_of_the_picture(
    qtbot: QtBot, studio: Studio, actions: ActionRegistry, class_run: Path, class_folder: Path
) -> None:
    panel = SharePanel(studio, actions)
    qtbot.addWidget(panel)
    panel.show()
    open_run(qtbot, studio, class_run)
    put(qtbot, panel.source, class_folder / "dark" / "1.png")
    box = panel.sampler.class_label
    assert [box.itemText(k) for k in range(box.count())] == [
        *("the picture's", "any", "bright", "dark")
    ]
    for text, label in (("any", None), ("bright", BRIGHT), ("the picture's", DARK)):
        box.setCurrentIndex(box.findText(text))
        qtbot.waitUntil(lambda: panel.busy, timeout=WAIT)
        assert asked(qtbot, panel)["class_label"] == label


def test_a_random_picture_of_the_data_brings_its_class(
    qtbot: QtBot, studio: Studio, actions: ActionRegistry, class_run: Path
) -> None:
    panel = InpaintPanel(studio, actions)
    qtbot.addWidget(panel)
    panel.show()
    open_run(qtbot, studio, class_run)
    qtbot.waitUntil(lambda: panel.source.fitted is not None, timeout=WAIT)
    picture = panel.source.fitted
    assert picture is not None
    label = DARK if picture.mean() < 128 else BRIGHT
    assert panel.source.class_label == label
    told = panel.source.badge
    assert told is not None
    assert told.text() == ("dark" if label == DARK else "bright")
    assert not panel.source.isAncestorOf(told), "it would hide the small picture"
    mask = np.zeros((16, 16), bool)
    mask[4:12] = True
    panel.canvas.set_mask(mask)
    panel.draw_now()
    assert asked(qtbot, panel)["class_label"] == label


def test_interpolate_has_a_class_at_each_end(
    qtbot: QtBot, studio: Studio, actions: ActionRegistry, class_run: Path, class_folder: Path
) -> None:
    panel = InterpolatePanel(studio, actions)
    qtbot.addWidget(panel)
    open_run(qtbot, studio, class_run)
    put(qtbot, panel.a, class_folder / "dark" / "0.png")
    put(qtbot, panel.b, class_folder / "bright" / "2.png")
    panel.show()
    assert tuple(asked(qtbot, panel)["class_labels"]) == (DARK, BRIGHT)  # type: ignore[arg-type]
    panel.swap()
    qtbot.waitUntil(lambda: panel.busy, timeout=WAIT)
    assert tuple(asked(qtbot, panel)["class_labels"]) == (BRIGHT, DARK)  # type: ignore[arg-type]
    assert panel.drawn is not None
    found = restored(panel.drawn.recipe, Path("drawn.png"))
    panel.b.set_class(BRIGHT)
    qtbot.waitUntil(lambda: asked(qtbot, panel)["class_label"] == BRIGHT, timeout=WAIT)
    assert "class_labels" not in asked(qtbot, panel), "one class of all"
    assert found is not None
    studio.restored.emit(found)
    qtbot.waitUntil(lambda: panel.busy, timeout=WAIT)
    assert tuple(asked(qtbot, panel)["class_labels"]) == (BRIGHT, DARK)  # type: ignore[arg-type]
    assert (panel.a.class_label, panel.b.class_label) == (BRIGHT, DARK)


def test_a_picture_carried_from_the_data_brings_its_class(
    qtbot: QtBot, backend: Backend, class_run: Path, class_folder: Path
) -> None:
    window = opened(qtbot, backend, class_run)
    studio, grid, share = window.studio, window.data.thumbnails, window.tool(SharePanel)
    studio.open_data([class_folder])
    qtbot.waitUntil(lambda: studio.dataset is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: grid.count == 6, timeout=WAIT)
    assert grid.recipe(5) == {**(grid.recipe(5) or {}), "class": "dark", "kind": "data"}
    studio.send_picture("share", grid.picture(5), grid.recipe(5))
    assert share.source.class_label == DARK
    qtbot.waitUntil(lambda: asked(qtbot, share)["class_label"] == DARK, timeout=WAIT)


def test_bits_and_learn_go_by_the_class_of_the_picture(
    qtbot: QtBot,
    studio: Studio,
    actions: ActionRegistry,
    class_run: Path,
    class_folder: Path,
    tmp_path: Path,
) -> None:
    run = Path(shutil.copytree(class_run, tmp_path / "alone"))
    info = RunFolder.open(run).info.model_copy(update={"null_label": False})
    (run / "run.json").write_text(info.model_dump_json())
    bits, chapter = BitsPanel(studio, actions), PredictionChapter(studio, actions)
    for panel in (bits, chapter):
        qtbot.addWidget(panel)
        panel.show()
    open_run(qtbot, studio, run)
    qtbot.waitUntil(lambda: chapter.result is not None, timeout=WAIT)
    put(qtbot, bits.source, class_folder / "dark" / "1.png")

    def decoded_as(label: int) -> bool:
        told = None if bits.decoded is None else bits.decoded.recipe["request"]
        return isinstance(told, dict) and told["class_label"] == label

    qtbot.waitUntil(lambda: decoded_as(DARK), timeout=WAIT)
    menu = badge(bits.source).menu()
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions()] == ["bright", "dark"], "it needs a class"
    menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: decoded_as(BRIGHT), timeout=WAIT)
    assert bits.messages.text == chapter.messages.text == ""
    # What is shown in one chapter the others show too, with its class.
    other = TrainingChapter(studio, actions)
    qtbot.addWidget(other)
    other.show()
    qtbot.waitUntil(lambda: other.result is not None, timeout=WAIT)
    assert other.source.class_label == chapter.source.class_label in (DARK, BRIGHT)


def test_an_unknown_class_is_asked_for_where_the_model_needs_one(qtbot: QtBot) -> None:
    slot = QWidget()
    qtbot.addWidget(slot)
    slot.resize(200, 200)
    told = ClassBadge("A", slot)
    for any_class, text, offered, tip in (
        (False, "class…", ["bright", "dark"], "needs one"),
        (True, "no class", ["no class", "bright", "dark"], "Its class is no class"),
    ):
        told.show_class(["bright", "dark"], None, any_class=any_class)
        assert told.text() == text
        assert tip in told.toolTip()
        told.menu().aboutToShow.emit()
        assert [action.text() for action in told.menu().actions()] == offered


def test_a_model_without_classes_has_no_badge(
    qtbot: QtBot, studio: Studio, actions: ActionRegistry, tiny_run: Path, picture_folder: Path
) -> None:
    panel = SharePanel(studio, actions)
    qtbot.addWidget(panel)
    panel.show()
    open_run(qtbot, studio, tiny_run)
    put(qtbot, panel.source, picture_folder / "05.png")
    assert not badge(panel.source).isVisible()
    assert asked(qtbot, panel)["class_label"] is None
