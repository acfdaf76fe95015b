from __future__ import annotations

from pathlib import Path

import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.runs.naming import run_path, sanitize_name


@pytest.mark.parametrize(
    "name", ["", "  ", ".", "..", "a/b", "a\\b", "a:b", "what?", "ta\tb", "CON", "nul.old", "run."]
)
def test_what_some_system_refuses_is_no_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(StudioError):
        run_path(tmp_path, name)


@pytest.mark.parametrize("name", ["faces", " faces 2 ", "ünïcødé 😀", "console", "v1.2", ".hidden"])
def test_any_other_is_the_name_of_the_folder(tmp_path: Path, name: str) -> None:
    assert run_path(tmp_path, name) == tmp_path / name.strip()


@pytest.mark.parametrize(
    "stem",
    ["a/b:c", "...", "aux", "COM1.txt", "a\x07", "faces", "é" * 200, "x" * 400, "\udcff" * 99],
)
def test_what_is_cleaned_is_a_name(tmp_path: Path, stem: str) -> None:
    name = sanitize_name(stem)
    assert run_path(tmp_path, name).name == name


def test_a_name_is_no_longer_than_a_file_system_takes(tmp_path: Path) -> None:
    longest = "é" * 127 + "x"
    run_path(tmp_path, longest).mkdir()
    with pytest.raises(StudioError, match="256 bytes"):
        run_path(tmp_path, f"{longest}y")


def test_a_number_finds_room_behind_what_was_cut(tmp_path: Path) -> None:
    (tmp_path / f"{sanitize_name('é' * 400)} 1000").mkdir()
