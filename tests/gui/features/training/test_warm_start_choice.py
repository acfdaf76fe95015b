"""Training from the weights of a ready model: offered, explained, begun with one click."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend, State
from ddpm_studio.gui.features.training.warm_start_choice import WarmStartChoice
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.training.bases import BaseRun, find_bases
from ddpm_studio.picture_shape import PictureShape
from ddpm_studio.runs import RunFolder
from tests.gui.fake_backend import FakeBackend
from tests.gui.panel_help import WAIT, opened


@pytest.fixture
def own_pictures(tmp_path: Path) -> Path:
    """Twelve gray pictures, 16 px, in two classes, of which the toy model knows one."""
    for name in ("dark", "owl"):
        (tmp_path / "own" / name).mkdir(parents=True)
        for k in range(6):
            picture = np.full((16, 16), 60 + 9 * k, np.uint8)
            picture[k : k + 5] = 255
            Image.fromarray(picture).save(tmp_path / "own" / name / f"{k}.png")
    return tmp_path / "own"


def with_pictures(qtbot: QtBot, backend: Backend, pictures: Path) -> MainWindow:
    window = opened(qtbot, backend)
    window.studio.open_data([pictures])
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    return window


def test_a_ready_model_is_one_click_away_and_what_is_new_is_told(
    qtbot: QtBot, backend: Backend, ready: Path, own_pictures: Path
) -> None:
    window = with_pictures(qtbot, backend, own_pictures)
    panel = window.training
    offer = panel.start_from
    qtbot.waitUntil(lambda: not offer.isHidden(), timeout=WAIT)
    assert offer.box.text() == "Start from Toy"
    assert offer.description.text() == "Begins with the weights of Toy; new: the classes owl."
    assert not offer.box.isChecked(), "nobody has asked for it"
    panel.settings_fold.setChecked(True)
    left = QPoint(8, offer.box.height() // 2)
    QTest.mouseClick(offer.box, Qt.MouseButton.LeftButton, pos=left)
    assert offer.run == ready.resolve()
    assert panel.form.value().preset == "tiny", "the network that it has"
    panel.form.set_value({"steps": 1, "batch_size": 4, "sample_count": 0, "device": "cpu"})
    panel.start()
    qtbot.waitUntil(lambda: window.studio.training is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: window.studio.training is None, timeout=WAIT)
    assert window.studio.run is not None
    info = RunFolder.open(window.studio.run).info
    assert info.start_from == str(ready.resolve())
    assert info.data is not None
    assert info.data.class_names == ("dark", "owl")
    assert info.network_config().num_classes == 2


def test_who_chooses_another_network_does_not_start_from_the_model(
    qtbot: QtBot, backend: Backend, ready: Path, own_pictures: Path
) -> None:
    window = with_pictures(qtbot, backend, own_pictures)
    form, offer = window.training.form, window.training.start_from
    qtbot.waitUntil(lambda: not offer.isHidden(), timeout=WAIT)
    window.training.budget.choose("")
    form.set_value({"preset": "small"})
    offer.box.click()
    assert form.value().preset == "tiny", "settings of one's own have the model's network, too"
    form.set_value({"learning_rate": 0.004, "seed": 3})
    assert str(offer.run) == str(ready.resolve()), "all other settings go with it"
    network = form.editor("preset")
    assert isinstance(network, QComboBox)
    network.setCurrentIndex(network.findData("small"))
    assert not offer.box.isChecked()
    assert offer.run is None
    assert form.value().preset == "small"
    assert offer.description.text() == (
        "Toy has another network: the one chosen learns from scratch"
    )
    network.setCurrentIndex(network.findData("tiny"))
    assert "Begins with the weights of Toy" in offer.description.text(), "the same network by now"
    assert offer.run is None, "nobody has asked for it again"
    network.setCurrentIndex(network.findData("small"))
    assert "from scratch" in offer.description.text()
    window.training.budget.choose("10m")
    assert "from scratch" not in offer.description.text(), "the time has chosen the network"
    offer.box.click()
    assert form.value().preset == "tiny"
    assert "Begins with the weights of Toy" in offer.description.text()
    network.setCurrentIndex(network.findData("small"))
    assert offer.run is None
    assert form.value().preset == "small"


def test_a_network_that_is_chosen_while_pictures_are_read_stays(
    qtbot: QtBot, backend: Backend, ready: Path, own_pictures: Path
) -> None:
    window = with_pictures(qtbot, backend, own_pictures)
    form, offer = window.training.form, window.training.start_from
    qtbot.waitUntil(lambda: not offer.isHidden(), timeout=WAIT)
    window.training.budget.choose("")
    offer.box.click()
    assert form.value().preset == "tiny"
    window.studio.open_data([own_pictures])
    assert window.studio.dataset is None
    assert offer.isHidden()
    form.set_value({"preset": "small"})
    qtbot.waitUntil(lambda: not offer.isHidden(), timeout=WAIT)
    assert form.value().preset == "small"
    assert offer.run is None


def test_it_is_not_offered_where_it_saves_little(
    qtbot: QtBot,
    backend: Backend,
    ready: Path,
    own_pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ddpm_studio.gui.features.training import budget_choice

    window = with_pictures(qtbot, backend, own_pictures)
    offer = window.training.start_from
    qtbot.waitUntil(lambda: not offer.isHidden(), timeout=WAIT)
    offer.box.setChecked(True)
    assert offer.preset == "tiny"
    window.training.budget.choose("paper")
    assert offer.isHidden()
    assert offer.run is None, "the paper's training is from nothing"
    monkeypatch.setattr(budget_choice, "_FEW_PICTURES", 5)
    for text, there in (("10m", True), ("night", False)):
        window.training.budget.choose(text)
        assert offer.isHidden() is not there, text


def test_custom_settings_leave_no_box_ticked_that_is_not_seen(
    qtbot: QtBot,
    backend: Backend,
    ready: Path,
    own_pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ddpm_studio.gui.features.training import budget_choice

    monkeypatch.setattr(budget_choice, "_FEW_PICTURES", 5)
    window = with_pictures(qtbot, backend, own_pictures)
    form, budget, offer = (window.training.form, window.training.budget, window.training.start_from)
    qtbot.waitUntil(lambda: not offer.isHidden(), timeout=WAIT)
    offer.box.click()
    for minutes in (15, 120):
        form.set_value({"minutes": minutes})
        assert budget.budget is None
        assert str(offer.run) == str(ready.resolve()), "that is no reason to begin from scratch"
        assert not offer.isHidden()
    network = form.editor("preset")
    assert isinstance(network, QComboBox)
    for text in ("", "10m"):
        budget.choose(text)
        offer.box.setChecked(True)
        network.setCurrentIndex(network.findData("small"))
        assert not offer.box.isChecked()
        assert not offer.isHidden(), "it says why it is not ticked any more"

    budget.choose("10m")
    offer.box.click()
    budget.choose("night")
    assert offer.isHidden()
    form.set_value({"batch_size": 3})
    network.setCurrentIndex(network.findData("small"))
    monkeypatch.setattr(budget_choice, "_FEW_PICTURES", 5_000)
    window.studio.data_changed.emit()
    assert not offer.isHidden()
    assert offer.run is None
    assert form.value().preset == "small"


def test_without_pictures_or_a_model_like_them_nothing_is_offered(
    qtbot: QtBot, backend: Backend, ready: Path
) -> None:
    window = opened(qtbot, backend)
    assert window.training.start_from.isHidden()
    assert find_bases(PictureShape(16, 16, 12), ()) == []
    (found,) = find_bases(PictureShape(32, 32, 3), ())
    assert found.run == ready.resolve()
    assert "pictures of 32 px, the layers of pixels, for 3 channels" in found.description


def test_what_was_looked_for_before_is_not_offered_to_other_pictures(
    qtbot: QtBot, fake: FakeBackend
) -> None:
    studio: Any = Studio(fake)
    offer = WarmStartChoice(studio)
    qtbot.addWidget(offer)
    offer.set_worthwhile(True)
    for opened_side, others in ((16, True), (32, False)):
        shape = PictureShape(opened_side, opened_side, 3)
        studio.dataset = SimpleNamespace(shape=shape, class_names=())
        studio.data_changed.emit()
        job = fake.job("Looking for models to start from")
        if others:
            studio.dataset = None
            studio.data_changed.emit()
            assert job.state is State.CANCELLED, "others are being opened by now"
        else:
            fake.finish(
                job, [BaseRun(Path("toy"), "Toy", "tiny", "Begins with the weights of it.")]
            )
        assert offer.isHidden() is others
