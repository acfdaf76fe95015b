"""Undo of a deletion in the gallery: a second press restores nothing twice."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.gallery.gallery_items import GalleryItems
from ddpm_studio.gui.features.gallery.gallery_store import GalleryStore
from ddpm_studio.gui.widgets.pictures.picture_cache import PictureCache
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.library.gallery import GalleryEntry
from tests.gui.fake_backend import FakeBackend


def test_a_second_press_brings_nothing_back(qtbot: QtBot, fake: FakeBackend) -> None:
    items = GalleryItems()
    store = GalleryStore(Studio(fake), items, PictureCache())
    kept = GalleryEntry(Path("/run"), 1, 0.0, "sample", "drawing")
    items.add([kept])
    items.delete([kept])
    restored_items: list[object] = []
    store.restored_items.connect(restored_items.append)
    store.restore()
    store.restore()
    (job,) = (job for job in fake.jobs.values() if job.spec.title.startswith("Bringing back"))
    fake.finish(job, None)
    assert restored_items == [[kept]]
    assert items.shown == [kept]
