from __future__ import annotations

import json
from pathlib import Path

from pytestqt.qtbot import QtBot

from ddpm_studio.errors import Failure
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.interop import save_diffusers
from ddpm_studio.runs import RunFolder
from tests.gui.fake_backend import FakeBackend
from tests.gui.panel_help import WAIT


def test_a_diffusers_folder_opens_as_a_run(
    qtbot: QtBot, studio: Studio, tiny_run: Path, tmp_path: Path
) -> None:
    opened = RunFolder.open(tiny_run)
    weights = opened.newest().load("ema")
    folder = tmp_path / "pipe"
    save_diffusers(folder, opened.info.network_config(), weights, opened.info.process.build())
    with qtbot.waitSignal(studio.run_changed, timeout=WAIT):
        studio.open_paths([folder])
    assert studio.run is not None
    assert studio.run.name.startswith("pipe ")
    assert studio.can_draw

    config = folder / "unet" / "config.json"
    fields = json.loads(config.read_text())
    config.write_text(json.dumps(fields | {"down_block_types": ["ResnetDownsampleBlock2D"]}))
    with qtbot.waitSignal(studio.notified, timeout=WAIT) as told:
        studio.open_paths([folder])
    assert told.args is not None
    assert isinstance(told.args[0], Failure)
    assert "down_block_types" in told.args[0].line


def test_what_nobody_may_look_at_is_told_in_one_line(studio: Studio, tmp_path: Path) -> None:
    # Like a folder without permission, but for root too: accessing it raises OSError.
    shut = tmp_path / "shut"
    shut.symlink_to("x" * 300)
    told: list[Failure] = []
    studio.notified.connect(told.append)
    studio.open_paths([shut / "a.png"])
    studio.open_model(shut)
    assert [failure.cause for failure in told] == [
        f"{shut / 'a.png'} can't be reached: File name too long.",
        f"There is no model in {shut}.",
    ]
    assert not studio.sources


def test_a_run_on_the_pictures_of_a_drive_has_a_name(fake: FakeBackend) -> None:
    studio = Studio(fake)
    studio.sources = (Path(Path.cwd().anchor),)
    assert studio._new_run().name.startswith("pictures ")
