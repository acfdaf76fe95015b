"""Importing models of other programs: inspected, missing facts asked for once, opened."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.gui.features.start.import_dialog import ImportDialog
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs import ModelDescription
from ddpm_studio.jobs.events import Notice
from ddpm_studio.requests import ImportRequest
from ddpm_studio.runs import RunFolder
from tests.gui.fake_backend import FakeBackend
from tests.gui.panel_help import WAIT, opened
from tests.gui.summaries import view_of
from tests.interop.formats.test_paper_unet import Paper


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.save(Paper(mult=(1, 1), blocks=1).made(), tmp_path / "ema.ckpt")
    return tmp_path / "ema.ckpt"


def dialogs() -> list[ImportDialog]:
    return [one for one in QApplication.topLevelWidgets() if isinstance(one, ImportDialog)]


def test_what_a_checkpoint_does_not_say_is_asked_once(
    qtbot: QtBot, backend: Backend, checkpoint: Path
) -> None:
    window = opened(qtbot, backend)
    window.studio.open_paths([checkpoint])
    qtbot.waitUntil(lambda: bool(dialogs()), timeout=WAIT)
    (dialog,) = dialogs()
    assert dialog.form.fields == ["image_size", "schedule", "timesteps", "parameterization"]
    assert dialog.form.values()["image_size"] == 32
    assert window.studio.opening is None
    dialog.form.set_value({"timesteps": 1})
    dialog.open_button.click()
    assert dialog.form.errors().keys() == {"timesteps"}
    dialog.form.set_value({"timesteps": 50, "schedule": "cosine", "image_size": 16})
    with qtbot.waitSignal(window.studio.run_changed, timeout=WAIT):
        dialog.open_button.click()
    run = window.studio.run
    assert run is not None
    assert run.name.startswith("ema ")
    info = RunFolder.open(run).info
    assert (info.process.timesteps, info.network_basics().height) == (50, 16)
    assert info.imported == {
        "format": "ho",
        "image_size": 16,
        "schedule": "cosine",
        "timesteps": 50,
        "parameterization": "eps",
    }


def test_a_file_that_is_no_model_is_taken_for_pictures(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    torch.save([1, 2], tmp_path / "a.pt")
    with qtbot.waitSignal(studio.data_changed, timeout=WAIT):
        studio.open_paths([tmp_path / "a.pt"])
    assert studio.sources == (tmp_path / "a.pt",)


def test_a_model_that_is_refused_is_told_with_the_reason(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    weights = {"init_conv.weight": torch.zeros(2), "downs.0.0.mlp.1.weight": torch.zeros(2)}
    torch.save({"step": 1, "model": weights}, tmp_path / "model-1.pt")
    with qtbot.waitSignal(studio.notified, timeout=WAIT) as told:
        studio.open_paths([tmp_path / "model-1.pt"])
    assert told.args is not None
    assert isinstance(told.args[0], Failure)
    assert "lucidrains" in told.args[0].line
    assert studio.opening is None
    assert not studio.sources


def test_all_that_is_to_know_of_a_model_is_told_together(fake: FakeBackend) -> None:
    studio = Studio(fake)
    told: list[object] = []
    studio.notified.connect(told.append)
    studio.importer.read(Path("/models/ema.ckpt"), ImportRequest())
    job = fake.job("Opening ema.ckpt")
    fake.send(job, Notice("It does not say its schedule."))
    fake.send(job, Notice("Its variance is not kept."))
    assert told[-1] == "It does not say its schedule.\nIts variance is not kept."


@pytest.mark.parametrize("during", ["inspection", "import"])
def test_a_run_that_is_opened_meanwhile_stays_open_and_the_imported_one_is_offered(
    qtbot: QtBot, fake: FakeBackend, during: str
) -> None:
    other, made = Path("/runs/other"), Path("/runs/ema 2026")
    window = opened(qtbot, fake)
    studio = window.studio

    def open_other() -> None:
        studio.open_run(other)
        fake.finish(fake.job("Opening other"), view_of(other))

    studio.importer.inspect(Path("/models/ema.ckpt"))
    if during == "inspection":
        open_other()
    fake.finish(fake.job("Looking at ema.ckpt"), ModelDescription("Ho's code", {}))
    job = fake.job("Opening ema.ckpt")
    fake.send(job, Notice("It does not say its schedule."))
    if during == "import":
        assert studio.opening == Path("/models/ema.ckpt")
        open_other()
    assert studio.opening is None
    fake.finish(job, made)
    assert studio.run == other
    assert window.messages.text == "ema 2026 has been imported.\nIt does not say its schedule."
    window.messages.action_button.click()
    fake.finish(fake.job("Opening ema 2026"), view_of(made))
    assert studio.run == made


def test_an_import_is_opened_although_the_open_run_is_renamed_meanwhile(fake: FakeBackend) -> None:
    first, renamed, made = Path("/runs/first"), Path("/runs/renamed"), Path("/runs/ema 2026")
    studio = Studio(fake)
    studio.open_run(first)
    fake.finish(fake.job("Opening first"), view_of(first))
    studio.importer.read(Path("/models/ema.ckpt"), ImportRequest())
    studio.follow_moved_run(first, renamed)
    fake.finish(fake.job("Opening renamed"), view_of(renamed))
    fake.finish(fake.job("Opening ema.ckpt"), made)
    fake.finish(fake.job("Opening ema 2026"), view_of(made))
    assert studio.run == made


def test_an_import_that_fails_after_another_run_was_opened_is_told(fake: FakeBackend) -> None:
    studio = Studio(fake)
    told: list[object] = []
    studio.notified.connect(told.append)
    studio.importer.inspect(Path("/models/ema.ckpt"))
    studio.open_run(Path("/runs/other"))
    fake.finish(fake.job("Looking at ema.ckpt"), ModelDescription("Ho's code", {}))
    fake.fail(fake.job("Opening ema.ckpt"), StudioError("It is damaged.", "Download it again."))
    assert isinstance(told[-1], Failure)
    assert studio.opening == Path("/runs/other")
