"""Settings file with a serialised object: set aside before Qt can deserialise it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from ddpm_studio.gui.workspace.settings import open_settings
from ddpm_studio.gui.workspace.settings_file import quarantine_unless_text
from tests.hostile import seeds

_NUMBER = "@Variant(\\0\\0\\0\\x2\\0\\0\\0\\x5)"


@pytest.mark.parametrize(
    "written",
    [
        _NUMBER,
        _NUMBER.replace("@V", "\\x40V"),
        _NUMBER.replace("@Va", "@V\\x61"),
        _NUMBER.replace("@V", "\\100V"),
        _NUMBER.replace("@V", "@\\\nV"),
    ],
)
def test_what_qt_would_take_for_an_object_is_put_aside(tmp_path: Path, written: str) -> None:
    path = tmp_path / "settings.ini"
    path.write_text(f'[a]\nb="{written}"\n')
    # Qt does deserialise a number from each of these: no spelling is harmless by itself.
    assert QSettings(str(path), QSettings.Format.IniFormat).value("a/b") == 5
    assert quarantine_unless_text(path) == tmp_path / "settings.ini.refused"
    assert not path.exists()


def test_the_programs_own_settings_stay(tmp_path: Path) -> None:
    path = tmp_path / "settings.ini"
    path.write_bytes(seeds.SETTINGS)
    assert quarantine_unless_text(path) is None
    assert path.read_bytes() == seeds.SETTINGS
    assert quarantine_unless_text(tmp_path / "none.ini") is None


@pytest.mark.parametrize("in_the_way", ["config", "refused"])
def test_without_a_place_for_settings_they_last_as_long_as_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_the_way: str
) -> None:
    config = tmp_path / "own"
    monkeypatch.setenv("DDPM_STUDIO_CONFIG", str(config))
    if in_the_way == "config":
        config.write_text("a file")
    else:
        (config / "settings.ini.refused").mkdir(parents=True)
        (config / "settings.ini").write_text(f'[a]\nb="{_NUMBER}"\n')
    before = sorted(tmp_path.rglob("*"))
    settings = open_settings()
    assert not settings.fileName()
    assert settings.value("a/b") is None, "a file that must not be read is not read"
    settings.setValue("a/c", "d")
    assert open_settings().value("a/c") == "d"
    settings.clear()
    settings.sync()
    assert sorted(tmp_path.rglob("*")) == before
