"""Undo of a deletion in the gallery: what is shown agrees with the files."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.gallery.gallery_items import GalleryItems
from ddpm_studio.gui.features.gallery.gallery_store import GalleryStore
from ddpm_studio.gui.widgets.pictures.picture_cache import PictureCache
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.library.gallery import GalleryEntry
from tests.gui.fake_backend import FakeBackend


@pytest.fixture
def items() -> GalleryItems:
    return GalleryItems()


@pytest.fixture
def store(qtbot: QtBot, fake: FakeBackend, items: GalleryItems) -> GalleryStore:
    return GalleryStore(Studio(fake), items, PictureCache())


@pytest.fixture
def kept(tmp_path: Path, items: GalleryItems) -> list[GalleryEntry]:
    """Two pictures of the gallery, with their files."""
    made = [
        GalleryEntry(tmp_path / "run", number, 0.0, "sample", "drawing", number)
        for number in (1, 2)
    ]
    made[0].path.parent.mkdir(parents=True)
    for item in made:
        item.path.touch()
    items.add(made)
    return made


def test_a_second_press_brings_nothing_back(
    fake: FakeBackend, items: GalleryItems, store: GalleryStore, kept: list[GalleryEntry]
) -> None:
    items.delete(kept[:1])
    restored_items: list[object] = []
    store.restored_items.connect(restored_items.append)
    store.restore()
    store.restore()
    (job,) = (job for job in fake.jobs.values() if job.spec.title.startswith("Bringing back"))
    fake.finish(job, None)
    assert restored_items == [kept[:1]]
    assert items.shown == kept


def test_what_can_not_be_restored_stays_deleted_until_it_can(
    fake: FakeBackend, items: GalleryItems, store: GalleryStore, kept: list[GalleryEntry]
) -> None:
    restored_items: list[object] = []
    store.restored_items.connect(restored_items.append)
    items.delete(kept)
    kept[1].path.unlink()
    store.restore()
    fake.fail(fake.job("Bringing back 2"), OSError("The disk is away."))
    assert items.shown == kept[:1], "its file is there"
    assert restored_items == [kept[:1]]
    assert items.can_undo
    store.restore()
    fake.fail(fake.job("Bringing back 1"), OSError("The disk is away."))
    assert (items.shown, restored_items) == (kept[:1], [kept[:1]])
    store.restore()
    fake.finish(fake.job("Bringing back 1"), None)
    assert items.shown == kept
    assert not items.can_undo


def test_what_can_not_be_deleted_is_shown_again(
    fake: FakeBackend, items: GalleryItems, store: GalleryStore, kept: list[GalleryEntry]
) -> None:
    items.delete(kept)
    store.delete(kept)
    kept[0].path.unlink()
    fake.fail(fake.job("Deleting 2"), OSError("The disk is read-only."))
    assert items.shown == kept[1:]
    store.restore()
    fake.finish(fake.job("Bringing back 1"), None)
    assert items.shown == kept


def test_what_is_asked_back_meanwhile_is_there_once(
    fake: FakeBackend, items: GalleryItems, store: GalleryStore, kept: list[GalleryEntry]
) -> None:
    items.delete(kept)
    store.delete(kept)
    store.restore()
    fake.fail(fake.job("Deleting 2"), OSError("The disk is read-only."))
    fake.finish(fake.job("Bringing back 2"), None)
    assert items.shown == kept
