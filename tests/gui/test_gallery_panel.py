from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy, QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import tasks
from ddpm_studio.export import read_recipe
from ddpm_studio.gui.actions import ActionRegistry
from ddpm_studio.gui.panels.gallery_panel import GalleryPanel
from ddpm_studio.gui.studio import Studio
from ddpm_studio.jobs.events import Drawn
from ddpm_studio.requests import SampleRequest
from tests.gui.panel_help import WAIT, open_run


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    """A run of one's own, for the gallery writes into it."""
    copy = tmp_path / "own run"
    shutil.copytree(tiny_run, copy)
    return copy


@pytest.fixture
def panel(qtbot: QtBot, studio: Studio, run: Path) -> GalleryPanel:
    made = shown(qtbot, studio)
    open_run(qtbot, studio, run)
    return made


def shown(qtbot: QtBot, studio: Studio) -> GalleryPanel:
    made = GalleryPanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(made)
    made.resize(800, 700)
    made.show()
    return made


def draw(qtbot: QtBot, panel: GalleryPanel, count: int = 4) -> None:
    before = panel.thumbnails.count
    panel.count.setCurrentIndex(panel.count.findData(count))
    panel.draw_samples()
    qtbot.waitUntil(lambda: panel.thumbnails.count == before + count, timeout=WAIT)
    qtbot.waitUntil(lambda: not panel.busy, timeout=WAIT)


def files(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "samples/gallery").glob("*.png"))


def test_without_a_model_it_says_what_to_do(qtbot: QtBot, studio: Studio) -> None:
    panel = shown(qtbot, studio)
    assert panel.pages.currentWidget() is panel.empty


def test_new_samples_come_in_front_and_lie_on_the_disk_with_their_recipe(
    qtbot: QtBot, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    draw(qtbot, panel)
    seeds = [item.recipe["request"]["seed"] for item in panel.items.shown]  # type: ignore[index]
    assert seeds == [1] * 4 + [0] * 4
    assert len(files(run)) == 8
    for item in panel.items.shown:
        assert item.path is not None
        assert np.array_equal(np.asarray(Image.open(item.path)), item.picture)
        assert read_recipe(item.path) == item.recipe


def test_a_kept_picture_can_be_drawn_again_from_its_png(
    qtbot: QtBot, studio: Studio, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    recipe = read_recipe(run / "samples/gallery/000003.png")
    assert recipe is not None
    request = SampleRequest.model_validate(recipe["request"])
    job = studio.submit(tasks.sample(request))
    with qtbot.waitSignal(job.finished, timeout=WAIT):
        pass
    again = job.result.pictures[recipe["index"]]
    assert np.array_equal(again, np.asarray(Image.open(run / "samples/gallery/000003.png")))
    qtbot.wait(200)
    assert panel.thumbnails.count == 4, "the very same drawing is not kept twice"


def test_the_gallery_of_a_run_is_there_again_when_it_is_opened(
    qtbot: QtBot, studio: Studio, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    draw(qtbot, panel)
    before = [item.picture for item in panel.items.shown]
    (run / "samples/gallery/000009.png").write_text("damaged")
    later = GalleryPanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(later)
    qtbot.waitUntil(lambda: later.thumbnails.count == 8, timeout=WAIT)
    after = [item.picture for item in later.items.shown]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert later.sampler.seed.value == 2, "the next samples are new ones"


def test_deleting_can_be_undone(qtbot: QtBot, run: Path, panel: GalleryPanel) -> None:
    draw(qtbot, panel)
    before = list(panel.items.shown)
    panel.select([before[1], before[2]])
    QTest.keyClick(panel.thumbnails, Qt.Key.Key_Delete)
    assert panel.items.shown == [before[0], before[3]]
    qtbot.waitUntil(lambda: len(files(run)) == 2, timeout=WAIT)
    panel.undo()
    assert panel.items.shown == before
    qtbot.waitUntil(lambda: len(files(run)) == 4, timeout=WAIT)
    assert panel.thumbnails.selected == [1, 2]


def test_the_number_of_a_deleted_file_is_not_given_again(
    qtbot: QtBot, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    panel.select([panel.items.shown[3]])
    panel.delete_chosen()
    qtbot.waitUntil(lambda: len(files(run)) == 3, timeout=WAIT)
    draw(qtbot, panel)
    panel.undo()
    qtbot.waitUntil(lambda: len(files(run)) == 8, timeout=WAIT)


def test_the_side_tells_how_the_chosen_picture_was_made(
    qtbot: QtBot, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    panel.select([panel.items.shown[2]])
    rows = panel.details.rows
    assert rows["Seed"] == "0"
    assert rows["Picture"] == "3"
    assert rows["Sampler"] == "DDIM, 20 steps"
    assert rows["Run"] == "own run"
    assert rows["Checkpoint"] == "step 4"
    assert np.array_equal(panel.details.picture.picture(0), panel.items.shown[2].picture)


def test_chosen_pictures_are_exported_each_with_its_own_recipe(
    qtbot: QtBot, tmp_path: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    panel.select([panel.items.shown[3]])
    path = tmp_path / "one.png"
    with qtbot.waitSignal(panel.export.saved, timeout=WAIT):
        panel.export.export_to("save_png", path)
    assert read_recipe(path) == panel.items.shown[3].recipe
    assert np.array_equal(np.asarray(Image.open(path)), panel.items.shown[3].picture)


def test_a_picture_is_handed_to_the_other_tools(
    qtbot: QtBot, studio: Studio, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    panel.thumbnails.setCurrentIndex(panel.thumbnails.model().index(1, 0))
    sent = QSignalSpy(studio.picture_sent)
    for action in panel.thumbnails.tile_actions[:4]:
        action.trigger()
    assert [sent.at(k)[0] for k in range(sent.count())] == [
        "reverse",
        "share",
        "interpolate_a",
        "interpolate_b",
    ]
    assert np.array_equal(sent.at(1)[1], panel.items.shown[1].picture)
    assert sent.at(0)[2] == panel.items.shown[1].recipe


def test_kinds_are_told_apart_and_copies_at_t_0_are_not_kept(
    qtbot: QtBot, studio: Studio, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    pictures = np.zeros((2, 16, 16, 3), np.uint8)
    for t in (0, 5):
        request = {"run": str(run), "t": t, "seed": 0}
        studio.drawn.emit(Drawn(pictures, {"kind": "share", "request": request}))
    qtbot.waitUntil(lambda: panel.thumbnails.count == 6, timeout=WAIT)
    panel.kind.setCurrentIndex(panel.kind.findData("share"))
    assert panel.thumbnails.count == 2
    panel.kind.setCurrentIndex(panel.kind.findData("sample"))
    assert panel.thumbnails.count == 4


def test_when_the_disk_refuses_the_pictures_are_shown_all_the_same(
    qtbot: QtBot, studio: Studio, run: Path, panel: GalleryPanel
) -> None:
    (run / "samples").mkdir(exist_ok=True)
    (run / "samples/gallery").write_text("a file in the way")
    request = {"run": str(run), "seed": 0}
    pictures = np.zeros((2, 16, 16, 3), np.uint8)
    studio.drawn.emit(Drawn(pictures, {"kind": "sample", "request": request}))
    qtbot.waitUntil(lambda: panel.thumbnails.count == 2, timeout=WAIT)
    assert panel.messages.text


def test_the_nearest_training_pictures_stand_beside_a_picture(
    qtbot: QtBot, studio: Studio, panel: GalleryPanel
) -> None:
    draw(qtbot, panel, 1)
    panel.select(panel.items.shown[:1])
    panel.neighbours.start.click()
    qtbot.waitUntil(lambda: panel.neighbours.found is not None, timeout=WAIT)
    found = panel.neighbours.found
    assert found is not None
    gaps = found.pictures.astype(float) - panel.items.shown[0].picture
    assert np.allclose(np.sqrt(np.square(gaps).mean((1, 2, 3))), found.distances)
    assert list(found.distances) == sorted(found.distances)
    assert "RMSE" in panel.neighbours.words.text()
