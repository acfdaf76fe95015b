"""Undo of a deletion in the gallery: a second press restores nothing twice."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.gallery.gallery_items import GalleryItems
from ddpm_studio.gui.features.gallery.gallery_store import GalleryKeeper
from ddpm_studio.gui.widgets.pictures.picture_cache import PictureCache
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.library.gallery import Kept
from tests.gui.fake_backend import FakeBackend


def test_a_second_press_brings_nothing_back(qtbot: QtBot, fake: FakeBackend) -> None:
    items = GalleryItems()
    keeper = GalleryKeeper(Studio(fake), items, PictureCache())
    kept = Kept(Path("/run"), 1, 0.0, "sample", "drawing")
    items.add([kept])
    items.delete([kept])
    returned: list[object] = []
    keeper.returned.connect(returned.append)
    keeper.restore()
    keeper.restore()
    (job,) = (job for job in fake.jobs.values() if job.spec.title.startswith("Bringing back"))
    fake.finish(job, None)
    assert returned == [[kept]]
    assert items.shown == [kept]
